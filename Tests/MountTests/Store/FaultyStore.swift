import NetworkStore
import RingFUSE
import Synchronization

/// A store that can be told to fail.
final class FaultyStore: ObjectStore {
    private let base: any ObjectStore
    private let fault = Mutex<ObjectStoreError?>(nil)

    /// A store on another, which works.
    init(_ base: any ObjectStore) { self.base = base }

    /// Fails from now on, or works again.
    func fail(_ error: ObjectStoreError?) { fault.withLock { $0 = error } }

    private func check() throws(ObjectStoreError) {
        if let error = fault.withLock({ $0 }) { throw error }
    }

    var name: String { base.name }

    func put(_ key: ObjectKey, _ body: RawSpan, _ io: borrowing AsyncIO) async throws(ObjectStoreError) {
        try check()
        try await base.put(key, body, io)
    }

    func get(
        _ key: ObjectKey,
        at offset: UInt64,
        count: Int,
        into buffer: inout OutputRawSpan,
        _ io: borrowing AsyncIO
    ) async throws(ObjectStoreError) {
        try check()
        try await base.get(key, at: offset, count: count, into: &buffer, io)
    }

    func size(of key: ObjectKey, _ io: borrowing AsyncIO) async throws(ObjectStoreError) -> UInt64? {
        try check()
        return try await base.size(of: key, io)
    }

    func remove(_ keys: [ObjectKey], _ io: borrowing AsyncIO) async throws(ObjectStoreError) {
        try check()
        try await base.remove(keys, io)
    }

    func list(
        prefix: String,
        after key: ObjectKey?,
        limit: Int,
        _ io: borrowing AsyncIO
    ) async throws(ObjectStoreError) -> [ObjectListing] {
        try check()
        return try await base.list(prefix: prefix, after: key, limit: limit, io)
    }
}
