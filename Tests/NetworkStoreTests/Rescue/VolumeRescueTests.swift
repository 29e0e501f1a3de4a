import Foundation
import Glibc
import RingFUSE
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import NetworkStore

/// What becomes of files whose content is given up.
@Suite struct VolumeRescueTests {
    /// A store whose objects are put when they are let go, and not before.
    private final class HeldStore: PassingStore {
        let base: DirectoryStore
        /// Whether it gets on meanwhile, as far as one can see: a little more each time that somebody looks.
        let getsOn = Atomic(false)
        private let looks = Atomic<UInt64>(0)
        /// Happens with the first put.
        let hasBegun = Completion<Void>()
        private let isAsked = Atomic(false)
        private let isLetGo = Completion<Void>()
        private let isOpen = Atomic(false)

        init(_ base: DirectoryStore) { self.base = base }

        func put(_ key: ObjectKey, _ body: RawSpan, _ io: borrowing AsyncIO) async throws(ObjectStoreError) {
            // There may be another: what could not be stored is tried again.
            if !isAsked.exchange(true, ordering: .relaxed) { hasBegun.finish(()) }
            await withTaskCancellationHandler {
                await isLetGo.wait()
            } onCancel: {
                letGo()
            }
            try await base.put(key, body, io)
        }

        /// Lets go, once and for all.
        func letGo() {
            if !isOpen.exchange(true, ordering: .relaxed) { isLetGo.finish(()) }
        }

        var progress: UInt64 {
            let count = looks.wrappingAdd(1, ordering: .relaxed).newValue
            return getsOn.load(ordering: .relaxed) ? count : 0
        }
    }

    private struct Fixture {
        let volume: Volume
        let store: HeldStore
        let file: StoredFile
        let directory: String
        let said = Locked<[String]>([])

        /// Writes to the file.
        func write(_ byte: UInt8, count: Int, at offset: UInt64 = 0) throws(Errno) {
            let bytes = ContiguousArray(repeating: byte, count: count)
            let time = Timestamp(seconds: 1, nanoseconds: 0)
            let outcome = unsafe try volume.writeImmediately(file, at: offset, from: bytes.span.bytes, at: time)
            #expect(outcome == .done)
        }

        /// Gives the file up.
        func saveAside() async {
            volume.giveUp()
            await volume.saveAside([file], .aborted) { line in said.withLock { $0.append(line) } }
        }

        /// What is saved of it; `nil` where nothing is.
        var saved: [UInt8]? {
            let path = "\(directory)/rescue"
            guard let name = try? FileManager.default.contentsOfDirectory(atPath: path).first else { return nil }
            return FileManager.default.contents(atPath: "\(path)/\(name)").map { Array($0) }
        }
    }

    /// A file of a volume in SQLite.
    private static func withFixture(
        hasJournal: Bool = false,
        isNameless: Bool = false,
        _ body: (Fixture) async throws -> Void
    ) async throws {
        let place = try await VolumePlace(.sqlite)
        try await place.format(VolumeFixture.description())
        let directory = "/tmp/ringfuse-given-up-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        try FileManager.default.createDirectory(atPath: directory + "/objects", withIntermediateDirectories: true)
        let engine = try await place.open()
        let journal =
            hasJournal
            ? try Journal(
                in: FilePath(directory + "/journal"), of: engine.volume, key: nil, limit: 1 << 30, say: { _ in }) : nil
        let store = HeldStore(try DirectoryStore(FilePath(directory + "/objects"), creates: true))
        var limits = Volume.Limits()
        limits.endingPatience = .milliseconds(500)
        let volume = try Volume(
            engine: engine, store: store, background: try BackgroundWorker(), journal: journal,
            rescue: Rescue(in: FilePath(directory + "/rescue")), limits: limits)
        try await volume.startJournal()
        let calls = MetadataCalls(engine)
        var record = try await calls.make("f")
        if isNameless { record.attributes.linkCount = 0 }
        let file = StoredFile(record, blockSize: volume.blockSize)
        try await body(Fixture(volume: volume, store: store, file: file, directory: directory))
        #expect(volume.dirtyBudget.used == 0)
        if let journal { _ = await journal.close() }
        await volume.close()
        try FileManager.default.removeItem(atPath: directory)
    }

    /// What is on its way when it is given up is saved, with what came after it; whoever waits is told, and it is not committed when
    /// it has arrived.
    @Test func savesWhatIsOnItsWay() async throws {
        try await Self.withFixture { fixture in
            try fixture.write(1, count: 100_000)
            async let flushed = Result { () async throws(Errno) in
                try await fixture.volume.flush(fixture.file, durably: false)
            }
            await fixture.store.hasBegun.wait()
            try fixture.write(2, count: 10, at: 50_000)
            await fixture.saveAside()
            #expect(await flushed == .failure(.staleNFSFileHandle))
            var expected = [UInt8](repeating: 1, count: 100_000)
            for index in 50_000..<50_010 { expected[index] = 2 }
            #expect(fixture.saved == expected)
            #expect(throws: Errno.staleNFSFileHandle) { try fixture.write(3, count: 1) }
            fixture.store.letGo()
            await fixture.volume.background.shutDown()
            #expect(fixture.file.isClean && fixture.volume.dirtyFiles.count == 0)
            #expect(try await fixture.volume.engine.node(fixture.file.id).attributes.size == 0)
            #expect(fixture.said.withLock { $0 }.last?.contains("what was not committed of 1 file is saved") == true)
        }
    }

    /// Where it cannot be saved nobody waits for it any more, and it is there to be tried again.
    @Test func leavesNobodyWaiting() async throws {
        try await Self.withFixture { fixture in
            try fixture.write(1, count: 100_000)
            async let flushed = Result { () async throws(Errno) in
                try await fixture.volume.flush(fixture.file, durably: false)
            }
            await fixture.store.hasBegun.wait()
            try Data().write(to: URL(fileURLWithPath: fixture.directory + "/rescue"))
            await fixture.saveAside()
            #expect(await flushed == .failure(.staleNFSFileHandle))
            #expect(fixture.said.withLock { $0 }.contains { $0.contains("could not be saved in") })
            #expect(!fixture.file.isClean)
            try FileManager.default.removeItem(atPath: fixture.directory + "/rescue")
            await fixture.saveAside()
            #expect(fixture.saved == [UInt8](repeating: 1, count: 100_000))
            fixture.store.letGo()
            await fixture.volume.background.shutDown()
        }
    }

    /// What the journal has is left to it.
    @Test func leavesToTheJournalWhatItHas() async throws {
        try await Self.withFixture(hasJournal: true) { fixture in
            try fixture.write(1, count: 100_000)
            try await fixture.volume.acknowledge(fixture.file, durably: true)
            try fixture.write(2, count: 10, at: 20)
            await fixture.saveAside()
            #expect(fixture.saved == [UInt8](repeating: 0, count: 20) + [UInt8](repeating: 2, count: 10))
            #expect(fixture.volume.journal?.changeCount == 1)
            fixture.store.letGo()
            await fixture.volume.background.shutDown()
        }
    }

    /// At the end a store that gets on is waited for, however long that takes.
    @Test func waitsForWhatGetsOn() async throws {
        try await Self.withFixture { fixture in
            fixture.store.getsOn.store(true, ordering: .relaxed)
            try fixture.write(1, count: 100_000)
            async let ending = fixture.volume.withinPatience { await fixture.volume.commitAll([fixture.file]) { _ in } }
            await fixture.store.hasBegun.wait()
            try await Task.sleep(for: fixture.volume.limits.endingPatience * 3)
            fixture.store.letGo()
            let (error, culprit) = await ending
            #expect(error == nil && culprit == nil && fixture.file.isClean)
            #expect(try await fixture.volume.engine.node(fixture.file.id).attributes.size == 100_000)
        }
    }

    /// One that does not is not; all that is asked of it then fails.
    @Test func doesNotWaitForSilence() async throws {
        try await Self.withFixture { fixture in
            try fixture.write(1, count: 100_000)
            let (error, culprit) = await fixture.volume.withinPatience {
                await fixture.volume.commitAll([fixture.file]) { _ in }
            }
            #expect(error == .interrupted && culprit?.contains("has not got on for") == true && !fixture.file.isClean)
            await fixture.saveAside()
            #expect(fixture.saved == [UInt8](repeating: 1, count: 100_000))
        }
    }

    /// A file without a name is nobody's.
    @Test func dropsWhatHasNoName() async throws {
        try await Self.withFixture(isNameless: true) { fixture in
            try fixture.write(1, count: 1000)
            await fixture.saveAside()
            #expect(fixture.saved == nil && fixture.file.isClean && fixture.volume.rescue.summary == nil)
        }
    }
}

extension Result where Failure == Errno {
    /// What comes of a body that waits.
    fileprivate init(_ body: () async throws(Errno) -> Success) async {
        do throws(Errno) { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
