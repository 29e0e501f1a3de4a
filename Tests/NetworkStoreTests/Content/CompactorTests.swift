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
