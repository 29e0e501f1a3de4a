import RingFUSE
import Synchronization

@testable import NetworkStore

/// A store on a directory in which something happens right before an object is read, or looked at.
final class HookedStore: PassingStore {
    let base: DirectoryStore
    private let hook = Mutex<(@Sendable () async -> Void)?>(nil)

    /// A store in which nothing happens yet.
    init(_ base: DirectoryStore) { self.base = base }

    /// Has something happen from now on.
    func before(_ body: @escaping @Sendable () async -> Void) { hook.withLock { $0 = body } }

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
}
