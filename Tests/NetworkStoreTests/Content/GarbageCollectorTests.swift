import RingFUSE
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import NetworkStore

/// When objects that nobody refers to are removed.
@Suite struct GarbageCollectorTests {
    /// A store on a directory that asks something before it removes anything.
    private final class WitnessStore: ObjectStore {
        private let base: DirectoryStore
        private let question: @Sendable () -> Bool
        /// The answers.
        let answers = Mutex<[Bool]>([])

        init(_ base: DirectoryStore, _ question: @escaping @Sendable () -> Bool) {
            self.base = base
            self.question = question
        }

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
            let answer = question()
            answers.withLock { $0.append(answer) }
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

    /// What a file had goes when the disk knows that it has something else: a machine that crashes in between would bring
    /// back a file whose content is gone.
    @Test func waitsForTheDisk() async throws {
        let fixture = VolumeFixture()
        try await fixture.format()
        let engine = try await SQLiteEngine.open(fixture.path) { Issue.record("\($0)") }
        let calls = MetadataCalls(engine)
        let store = WitnessStore(try DirectoryStore(FilePath(fixture.directory))) { engine.isSynchronized }
        let collector = GarbageCollector(engine: engine, store: store)
        let file = try await calls.make("file").id
        for _ in 0..<20 {
            try await calls.write(file, at: 0, 100)
            _ = try await collector.collect(AsyncIO(sharedEngine))
        }
        #expect(store.answers.withLock { $0 } == Array(repeating: true, count: 19))
        await engine.close()
    }
}
