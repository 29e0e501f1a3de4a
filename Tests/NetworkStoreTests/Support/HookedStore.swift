import RingFUSE
import Synchronization

@testable import NetworkStore

/// A store on a directory in which something happens right before an object is read, or looked at.
final class HookedStore: ObjectStore {
    private let base: DirectoryStore
    private let hook = Mutex<(@Sendable () async -> Void)?>(nil)

    /// A store in which nothing happens yet.
    init(_ base: DirectoryStore) { self.base = base }

    /// Has something happen from now on.
    func before(_ body: @escaping @Sendable () async -> Void) { hook.withLock { $0 = body } }

    var name: String { base.name }

    func put(_ key: ObjectKey, _ body: RawSpan, _ io: borrowing AsyncIO) async throws(ObjectStoreError) {
        try await base.put(key, body, io)
    }

    func get(
        _ key: ObjectKey,
        at offset: UInt64,
        count: Int,
        into buffer: inout OutputRawSpan,
        _ io: borrowing AsyncIO
    ) async throws(ObjectStoreError) {
        await hook.withLock { $0 }?()
        try await base.get(key, at: offset, count: count, into: &buffer, io)
    }

    func size(of key: ObjectKey, _ io: borrowing AsyncIO) async throws(ObjectStoreError) -> UInt64? {
        await hook.withLock { $0 }?()
        return try await base.size(of: key, io)
    }

    func remove(_ keys: [ObjectKey], _ io: borrowing AsyncIO) async throws(ObjectStoreError) {
        try await base.remove(keys, io)
    }

    func list(
        prefix: String,
        after key: ObjectKey?,
        limit: Int,
        _ io: borrowing AsyncIO
    ) async throws(ObjectStoreError) -> [ObjectListing] {
        try await base.list(prefix: prefix, after: key, limit: limit, io)
    }
}
