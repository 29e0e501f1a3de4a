import RingFUSE
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import NetworkStore

/// When objects that nobody refers to are removed.
@Suite struct GarbageCollectorTests {
    /// A store on a directory that asks something before it removes anything.
    private final class WitnessStore: PassingStore {
        let base: DirectoryStore
        private let question: @Sendable () -> Bool
        /// The answers.
        let answers = Mutex<[Bool]>([])

        init(_ base: DirectoryStore, _ question: @escaping @Sendable () -> Bool) {
            self.base = base
            self.question = question
        }

        func remove(_ keys: [ObjectKey], _ io: borrowing AsyncIO) async throws(ObjectStoreError) {
            let answer = question()
            answers.withLock { $0.append(answer) }
            try await base.remove(keys, io)
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
