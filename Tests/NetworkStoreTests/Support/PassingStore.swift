import RingFUSE

@testable import NetworkStore

/// A store on a directory, which passes on what it does not do otherwise.
protocol PassingStore: ObjectStore {
    /// What does it in the end.
    var base: DirectoryStore { get }
}

extension PassingStore {
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
        try await base.get(key, at: offset, count: count, into: &buffer, io)
    }

    func size(of key: ObjectKey, _ io: borrowing AsyncIO) async throws(ObjectStoreError) -> UInt64? {
        try await base.size(of: key, io)
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
