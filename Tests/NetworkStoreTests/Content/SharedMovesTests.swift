import RingFUSE
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import NetworkStore

/// Bytes of files are moved by one mount of a volume while others read them.
@Suite struct SharedMovesTests {
    /// A volume that two mounts have.
    private struct Fixture {
        let first: Volume
        let second: Volume
        /// The objects as the second mount gets at them.
        let store: HookedStore
        let directory: VolumeFixture

        init() async throws {
            let location = try PostgreSQLLocation(await PostgreSQLServer.shared.value.volume())
            try await PostgreSQLEngine.format(location, VolumeFixture.description())
            directory = VolumeFixture()
            let objects = FilePath(directory.directory).appending("objects")
            store = HookedStore(try DirectoryStore(objects, creates: true))
            first = try Volume(
                engine: try await PostgreSQLEngine.open(location), store: try DirectoryStore(objects),
                background: try BackgroundWorker())
            second = try Volume(
                engine: try await PostgreSQLEngine.open(location), store: store, background: try BackgroundWorker())
        }

        /// Has the first mount move all of a file to a new object, and remove the old one.
        func move(_ file: NodeID, _ bytes: [UInt8]) async throws {
            let volume = first
            let version = try await volume.engine.node(file).version
            var pack = Pack(blockSize: volume.blockSize)
            let isAdded = unsafe bytes.withUnsafeBytes { unsafe pack.append($0, volume.cache.take) }
            #expect(isAdded)
            pack.note(
                ScannedExtent(file: file, version: version, offset: 0, length: UInt64(bytes.count), place: .zeros))
            let number = try await volume.engine.reserveObjects(1).lowerBound
            let object = try await volume.writer.put(
                pack.blocks, byteCount: bytes.count, as: number, AsyncIO(sharedEngine))
            _ = try await volume.engine.commit(pack.changes(object), durably: false)
            _ = try await GarbageCollector(engine: volume.engine, store: volume.store).collect(AsyncIO(sharedEngine))
        }

        /// Removes all objects behind the volume's back.
        func removeObjects() async throws {
            let objects = try await first.store.list(prefix: "", after: nil, limit: 1000, AsyncIO(sharedEngine))
            try #require(!objects.isEmpty)
            try await first.store.remove(objects.map(\.key), AsyncIO(sharedEngine))
        }

        func close() async throws {
            try await removeObjects()
            for volume in [first, second] { await volume.close() }
            _ = try Spawn.run(["rm", "-r", "\(directory.directory)/objects"])
        }
    }

    /// What the second mount reads of a file; whatever it throws.
    private static func read(_ file: StoredFile, _ count: Int, in volume: Volume) async throws -> [UInt8] {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        defer { unsafe memory.deallocate() }
        var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        try await volume.read(file, at: 0, into: &output, AsyncIO(sharedEngine))
        let length = unsafe output.finalize(for: memory)
        return (0..<length).map { unsafe memory[$0] }
    }

    /// Whoever has a file open finds its bytes, however often they are moved between its question where they are and the one for them;
    /// what is lost is told once.
    @Test func readersFollow() async throws {
        let fixture = try await Fixture()
        let bytes = (0..<9000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        let id = try await MetadataCalls(fixture.first.engine).make("file").id
        _ = try await fixture.first.engine.commit(Self.change(of: id, bytes), durably: false)
        try await fixture.move(id, bytes)
        let file = StoredFile(
            try await fixture.second.engine.node(id), blockSize: fixture.second.blockSize, isShared: true)
        try await fixture.second.loadExtents(of: file)
        let rounds = Locked(5)
        fixture.store.before {
            guard
                rounds.withLock({ rounds in
                    rounds -= 1
                    return rounds >= 0
                })
            else { return }
            await #expect(throws: Never.self) { try await fixture.move(id, bytes) }
        }
        #expect(try await Self.read(file, 20_000, in: fixture.second) == bytes)
        #expect(rounds.withLock { $0 } == -1)
        #expect(fixture.second.counters.failedFetches.now == 5)
        // What is gone for good is no move.
        fixture.store.before { rounds.withLock { $0 -= 1 } }
        try await fixture.move(id, bytes)
        try await fixture.removeObjects()
        await #expect(throws: Errno.ioError) { try await Self.read(Self.copy(of: file), 20_000, in: fixture.second) }
        #expect(rounds.withLock { $0 } == -3)
        try await fixture.move(id, bytes)
        try await fixture.close()
    }

    /// A file with the same extents, of which nothing is in memory.
    private static func copy(of file: StoredFile) -> StoredFile {
        let (record, size) = file.state.withLock { ($0.record, $0.dirty.blockSize) }
        return StoredFile(record, blockSize: size, isShared: true)
    }

    /// Bytes in the metadata.
    private static func change(of file: NodeID, _ bytes: [UInt8]) -> ContentChange {
        var change = ContentChange(of: file)
        change.extents = [
            Extent(offset: 0, length: UInt64(bytes.count), place: .inline(ContiguousArray(bytes)))
        ]
        return change
    }

    /// An object that is moved from and removed while a volume is checked is not told to be missing; one that is needed is.
    @Test func checksBesideMovesFindNothing() async throws {
        let fixture = try await Fixture()
        let bytes = [UInt8](repeating: 5, count: 5000)
        let id = try await MetadataCalls(fixture.first.engine).make("file").id
        _ = try await fixture.first.engine.commit(Self.change(of: id, bytes), durably: false)
        try await fixture.move(id, bytes)
        let isMoved = Locked(false)
        fixture.store.before {
            guard
                isMoved.withLock({ isMoved in
                    defer { isMoved = true }
                    return !isMoved
                })
            else { return }
            await #expect(throws: Never.self) { try await fixture.move(id, bytes) }
        }
        let check = ObjectCheck(engine: fixture.second.engine, store: fixture.store)
        for expected in [0, 1] {
            let found = Locked<[ObjectCheck.Finding]>([])
            _ = try await check.run(
                scrubs: true, AsyncIO(sharedEngine), found: { finding in found.withLock { $0.append(finding) } },
                progress: { _ in })
            #expect(found.withLock { $0.count } == expected)
            if expected == 0 { try await fixture.removeObjects() }
        }
        try await fixture.move(id, bytes)
        try await fixture.close()
    }

    /// Of two mounts one moves what lies badly, all the time; the other does so when that one is gone, and does not ask before it is
    /// worth it.
    @Test func oneMountTakesTurns() async throws {
        let fixture = try await Fixture()
        let id = try await MetadataCalls(fixture.first.engine).make("file").id
        var policy = Compactor.Policy()
        (policy.patience, policy.leastObject) = (-1, 1)
        let mounts = [fixture.first, fixture.second].map { NetworkStoreFileSystem($0) }
        var turns = mounts.map { CompactionTurn($0.volume, policy) }
        var now = ContinuousClock.now
        /// Writes something that lies badly.
        func write() async throws {
            _ = try await mounts[1].volume.engine.commit(Self.change(of: id, [1, 2, 3]), durably: false)
        }
        /// The bytes that a mount moves at its turn; `nil` where it has none.
        func turn(_ index: Int, _ time: ContinuousClock.Instant) async -> UInt64? {
            await turns[index].run(mounts[index], at: time, AsyncIO(sharedEngine))?.bytes
        }
        let rest = fixture.second.engine.compactionClaimRest
        try await write()
        #expect(await turn(0, now) == 3)
        try await write()
        #expect(await turn(1, now) == nil)
        #expect(await turn(0, now) == 3)
        // Nothing is left, so that it rests.
        #expect(await turn(0, now) == 0)
        try await write()
        #expect(await turn(0, now + CompactionTurn.rest / 2) == nil)
        now += CompactionTurn.rest
        #expect(await turn(0, now) == 3)
        #expect(await turn(1, now) == nil)
        #expect(fixture.first.counters.movedBytes.now == 9 && fixture.second.counters.movedBytes.now == 0)
        try await write()
        await fixture.first.engine.close()
        #expect(await turn(1, now + rest / 2) == nil)
        #expect(await turn(1, now + rest) == 3)
        // Whose session has ended does nothing, and harms nothing.
        #expect(await turn(0, now + rest) == nil)
        try await fixture.close()
    }
}
