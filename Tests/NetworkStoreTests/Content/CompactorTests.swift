import RingFUSE
import SystemPackage
import TestSupport
import Testing

@testable import NetworkStore

/// What is moved, and what becomes of it in the metadata.
@Suite struct CompactorTests {
    private static let block: UInt64 = 65_536

    private static func extent(_ file: UInt64, _ offset: UInt64, _ length: UInt64, _ place: ScannedExtent.Place)
        -> ScannedExtent
    {
        ScannedExtent(file: NodeID(file), version: 1, offset: offset, length: length, place: place)
    }

    /// A piece of an object that is in use as a whole.
    private static func piece(_ file: UInt64, _ offset: UInt64, _ length: UInt64) -> ScannedExtent {
        extent(file, offset, length, .object(9, offset: offset, length: 1 << 22, live: 1 << 22))
    }

    /// Small content of files that are left alone, and what is left in objects that are mostly dead.
    @Test func findsWhatLiesBadly() {
        let scanned = [
            Self.extent(2, 0, 3, .inline([1, 2, 3])), Self.extent(3, 0, 3, .untold), Self.extent(4, 0, 3, .zeros),
            Self.extent(5, 0, 10, .object(1, offset: 0, length: 100, live: 49)),
            Self.extent(5, 10, 10, .object(1, offset: 0, length: 100, live: 50)), Self.piece(6, 0, 100),
        ]
        #expect(Compactor.misplaced(scanned, blockSize: Self.block) == [0, 3])
    }

    /// Many small neighbours of one file; neither fewer, nor such as lie apart, nor large ones: they cannot be made one.
    @Test func findsFragments() {
        let limit = UInt64(Compactor.fragmentLimit)
        let run = (0..<limit).map { Self.piece(2, $0 * 4096, 4096) }
        #expect(Compactor.misplaced(run, blockSize: Self.block).count == run.count)
        #expect(Compactor.misplaced(Array(run.dropLast()), blockSize: Self.block).isEmpty)
        let apart = (0..<2 * limit).map { Self.piece(2, $0 * 8192, 4096) }
        #expect(Compactor.misplaced(apart, blockSize: Self.block).isEmpty)
        let files = (0..<2 * limit).map { Self.piece(2 + $0, 0, 4096) }
        #expect(Compactor.misplaced(files, blockSize: Self.block).isEmpty)
        let large = (0..<2 * limit).map { Self.piece(2, $0 * Self.block, Self.block) }
        #expect(Compactor.misplaced(large, blockSize: Self.block).isEmpty)
    }

    /// A pack has bytes one after another, and what continues in a file is one extent.
    @Test func packs() throws {
        let memory = try BlockMemory(byteCount: 64 * 4096, blockSize: 4096)
        var pack = Pack(blockSize: 4096)
        func add(_ file: UInt64, _ offset: UInt64, _ count: Int) {
            let bytes = [UInt8](repeating: UInt8(file), count: count)
            let isAdded = unsafe bytes.withUnsafeBytes { unsafe pack.append($0, memory.take) }
            #expect(isAdded)
            pack.note(Self.extent(file, offset, UInt64(count), .zeros))
        }
        add(2, 0, 5000)
        add(2, 5000, 4000)
        add(3, 100, 10)
        add(2, 20_000, 1)
        let before = pack.byteCount
        let lost = unsafe [UInt8](repeating: 0, count: 9000).withUnsafeBytes { unsafe pack.append($0, memory.take) }
        #expect(lost && pack.blocks.count == 5)
        pack.drop(to: before)
        #expect(pack.byteCount == 9011 && pack.blocks.count == 3)
        let changes = pack.changes(ObjectRecord(number: 7, length: 9011, layout: []))
        #expect(changes.map(\.file.rawValue) == [2, 3, 2] && changes.map(\.movedVersion) == [1, 1, 1])
        #expect(changes.map { $0.objects.map(\.number) } == [[7], [], []])
        #expect(
            changes.map(\.extents) == [
                [Extent(offset: 0, length: 9000, place: .object(7, offset: 0))],
                [Extent(offset: 100, length: 10, place: .object(7, offset: 9000))],
                [Extent(offset: 20_000, length: 1, place: .object(7, offset: 9010))],
            ])
    }

    /// A volume in a file, which is open, with a file of many extents that do not touch each other.
    private static func volume(
        _ fixture: VolumeFixture,
        extents: Int,
        _ length: UInt64,
        _ place: Extent.Place
    ) async throws -> Volume {
        try await fixture.format()
        let engine = try await SQLiteEngine.open(fixture.path) { Issue.record("\($0)") }
        let calls = MetadataCalls(engine)
        let file = try await calls.make("file").id
        try await calls.commit(file) { change in
            change.extents = (0..<extents).map {
                Extent(offset: UInt64($0) * (length + 1), length: length, place: place)
            }
        }
        let objects = FilePath(fixture.directory).appending("objects")
        return try Volume(
            engine: engine, store: try DirectoryStore(objects, creates: true), background: try BackgroundWorker())
    }

    /// Looks through all of a volume on its background worker.
    private static func look(
        through volume: Volume,
        first: @escaping @Sendable () -> Void = {},
        then: @escaping @Sendable () -> Void = {}
    ) async throws -> Compactor.Progress {
        try await volume.background.run { io throws(VolumeFailure) in
            var policy = Compactor.Policy()
            (policy.patience, policy.leastObject) = (-1, 1)
            var compactor = Compactor(volume, policy)
            first()
            defer { then() }
            return try await compactor.run(io) { _ in }
        }
    }

    /// Ends what a test had.
    private static func close(_ volume: Volume, _ fixture: VolumeFixture) async throws {
        #expect(try await volume.engine.check().isEmpty)
        await volume.close()
        _ = try Spawn.run(["rm", "-r", "\(fixture.directory)/objects"])
    }

    /// Who looks through a volume lets others on its worker have their turn after each step, though it waits for nothing.
    @Test func letsOthersHaveTheirTurn() async throws {
        let (fixture, steps) = (VolumeFixture(), 40)
        let volume = try await Self.volume(fixture, extents: steps * Compactor.batch, 1, .zeros)
        let (turns, isOver) = (Locked(0), Locked(false))
        let others = volume.background.start { _ in
            while !isOver.withLock({ $0 }) {
                turns.withLock { $0 += 1 }
                await Task.yield()
            }
        }
        while turns.withLock({ $0 }) == 0 { await Task.yield() }
        let progress = try await Self.look(through: volume, first: { turns.withLock { $0 = 0 } }) {
            isOver.withLock { $0 = true }
        }
        await others.value
        #expect(turns.withLock { $0 } >= steps)
        #expect(progress.extents == steps * Compactor.batch && progress.isComplete && progress.bytes == 0)
        try await Self.close(volume, fixture)
    }

    /// An object gets a bounded number of extents, however small they are: their files are changed in one transaction.
    @Test func packsABoundedNumberOfExtents() async throws {
        let fixture = VolumeFixture()
        let volume = try await Self.volume(fixture, extents: 2500, 2, .inline([1, 2]))
        #expect(try await Self.look(through: volume).bytes == 5000)
        #expect(try await volume.engine.objects(after: 0, limit: 10).map(\.length) == [2048, 2048, 904])
        try await Self.close(volume, fixture)
    }

    /// All extents of a volume are met once, in order, with what is in use of their objects.
    @Test(arguments: EngineKind.allCases)
    func scans(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            var files: [NodeID] = []
            for number in 0..<5 {
                let file = try await calls.make(StoredName("f\(number)")).id
                files.append(file)
                try await calls.write(file, at: 1000, 100)
                try await calls.commit(file) { change in
                    change.extents = [
                        Extent(offset: 0, length: 2, place: .inline([1, 2])),
                        Extent(offset: 1000, length: 60, place: .zeros),
                    ]
                }
            }
            var met: [ScannedExtent] = []
            var position = ExtentPosition.start
            while true {
                let some = try await calls.engine.scanExtents(after: position, limit: 2, unchangedSince: .max)
                guard let last = some.last else { break }
                met += some
                position = last.position
            }
            #expect(met.map(\.file) == files.flatMap { [$0, $0, $0] })
            #expect(met.map(\.offset) == files.flatMap { _ in [0, 1000, 1060] })
            #expect(met[0].place == .inline([1, 2]) && met[1].place == .zeros)
            guard case .object(_, let start, let length, let live) = met[2].place else {
                Issue.record("no object: \(met[2])")
                return
            }
            #expect((start, length, live) == (60, 100, 40))
            #expect(try await met[0].version == calls.node(files[0]).version)
            // Content of files that have changed lately is not told.
            let young = try await calls.engine.scanExtents(after: .start, limit: 1, unchangedSince: 0)
            #expect(young.map(\.place) == [.untold])
        }
    }
}
