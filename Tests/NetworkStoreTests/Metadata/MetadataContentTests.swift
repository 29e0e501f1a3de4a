import NetworkStore
import RingFUSE
import SystemPackage
import Testing

@Suite struct MetadataContentTests {
    @Test(arguments: EngineKind.allCases)
    func commits(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let file = try await calls.make("file").id
            let before = try await calls.node(file)
            let numbers = try await calls.engine.reserveObjects(3)
            #expect(numbers.count == 3)
            let time = Timestamp(seconds: 1_000_000, nanoseconds: 5)
            let object = ObjectRecord(number: numbers.lowerBound, length: 100, layout: [1, 2, 3])
            let committed = try await calls.commit(file, durably: true) { change in
                change.objects = [object]
                change.extents = [
                    Extent(offset: 0, length: 60, place: .object(object.number, offset: 40)),
                    Extent(offset: 1000, length: 3, place: .inline([7, 8, 9])),
                    Extent(offset: 2000, length: 1000, place: .zeros),
                ]
                change.time = time
            }
            // Data makes the file larger, zeros that are only allocated do not.
            #expect(committed.attributes.size == 1003)
            #expect(committed.attributes.blocks == (60 + 3 + 1000 + 511) / 512)
            #expect(committed.attributes.modificationTime == time)
            // The file was made after that, and the time of change never goes back.
            #expect(committed.attributes.changeTime == before.attributes.changeTime)
            #expect(committed.version > before.version)
            #expect(try await calls.node(file) == committed)
            #expect(try await calls.engine.object(object.number) == object)
            let sized = try await calls.commit(file) { $0.size = 5000 }
            #expect(sized.attributes.size == 5000)
            #expect(sized.attributes.modificationTime == time)
            #expect(try await calls.commit(file) { $0.size = 1 }.attributes.size == 5000)
            #expect(try await calls.extents(file).map(\.range) == [0..<60, 1000..<1003, 2000..<3000])
            #expect(try await calls.engine.usage().bytes == 1063)
            #expect(try await calls.engine.usage().garbageBytes == 0)
        }
    }

    /// Attributes that were set after content was written are one change with it, and lie over what it makes of them.
    @Test(arguments: EngineKind.allCases)
    func commitsAttributesWithContent(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let file = try await calls.make("file").id
            let before = try await calls.node(file)
            var held = HeldAttributes()
            held.permissions = 0o4750
            (held.userID, held.groupID) = (5, 6)
            held.accessTime = Timestamp(seconds: 10)
            held.modificationTime = Timestamp(seconds: 20)
            held.changeTime = Timestamp(seconds: before.attributes.changeTime.seconds + 1000)
            let committed = try await calls.commit(file) { change in
                change.extents = [Extent(offset: 0, length: 3, place: .inline([7, 8, 9]))]
                change.time = Timestamp(seconds: 30)
                change.attributes = held
            }
            #expect(committed.version == before.version + 1)
            #expect(committed.attributes.size == 3 && committed.attributes.mode.rawValue == 0o104750)
            #expect(committed.attributes.userID == 5 && committed.attributes.groupID == 6)
            #expect(committed.attributes.accessTime == held.accessTime)
            #expect(committed.attributes.modificationTime == held.modificationTime)
            #expect(committed.attributes.changeTime == held.changeTime)
            #expect(try await calls.node(file) == committed)
            // Alone, too; and the time of change never goes back.
            var mode = HeldAttributes()
            mode.permissions = 0o600
            mode.changeTime = Timestamp(seconds: 1)
            let second = try await calls.commit(file) { $0.attributes = mode }
            #expect(second.version == before.version + 2 && second.attributes.mode.permissions == 0o600)
            #expect(second.attributes.changeTime == held.changeTime && second.attributes.userID == 5)
            #expect(second.attributes.modificationTime == held.modificationTime)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func tellsExtentsOfARange(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let engine = calls.engine
            let file = try await calls.make("file").id
            for offset: UInt64 in [0, 100, 300] { try await calls.write(file, at: offset, 100) }
            #expect(try await engine.extents(of: file, in: 0..<1).map(\.offset) == [0])
            #expect(try await engine.extents(of: file, in: 99..<101).map(\.offset) == [0, 100])
            #expect(try await engine.extents(of: file, in: 100..<200).map(\.offset) == [100])
            #expect(try await engine.extents(of: file, in: 200..<300).isEmpty)
            #expect(try await engine.extents(of: file, in: 250..<301).map(\.offset) == [300])
            #expect(try await engine.extents(of: file, in: 399..<UInt64.max).map(\.offset) == [300])
            #expect(try await engine.extents(of: file, in: 5..<5).isEmpty)
            await #expect(throws: Errno.staleNFSFileHandle) { try await engine.extents(of: NodeID(99), in: 0..<1) }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func refuses(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let file = try await calls.make("file").id
            let number = try await calls.engine.reserveObjects(1).lowerBound
            let object = ObjectRecord(number: number, length: 10, layout: [])
            func result(_ objects: [ObjectRecord], _ extents: [Extent], size: UInt64? = nil) async -> Errno? {
                await errno {
                    try await calls.commit(file) { change in
                        change.objects = objects
                        change.extents = extents
                        change.size = size
                    }
                }
            }
            let use = Extent(offset: 0, length: 10, place: .object(number, offset: 0))
            #expect(await result([], [use]) == .invalidArgument)
            #expect(
                await result([object], [Extent(offset: 0, length: 10, place: .object(number, offset: 1))])
                    == .invalidArgument)
            #expect(await result([ObjectRecord(number: number + 1, length: 10, layout: [])], []) == .invalidArgument)
            #expect(await result([], [Extent(offset: 0, length: 0, place: .zeros)]) == .invalidArgument)
            #expect(await result([], [Extent(offset: 0, length: 2, place: .inline([1]))]) == .invalidArgument)
            #expect(await result([], [Extent(offset: .max - 5, length: 6, place: .zeros)]) == .fileTooLarge)
            #expect(await result([], [], size: UInt64(Int64.max) + 1) == .fileTooLarge)
            await #expect(throws: Errno.fileTooLarge) { try await calls.commit(file) { $0.holes = [1..<UInt64.max] } }
            await #expect(throws: Errno.isDirectory) { try await calls.commit(.root) { $0.size = 1 } }
            let fifo = try await calls.make("fifo", .fifo).id
            await #expect(throws: Errno.invalidArgument) { try await calls.commit(fifo) { $0.size = 1 } }
            await #expect(throws: Errno.staleNFSFileHandle) { try await calls.commit(NodeID(99)) { $0.size = 1 } }
            // None of it has taken the number.
            #expect(await result([object], [use]) == nil)
            #expect(await result([object], []) == .invalidArgument)
            await #expect(throws: Errno.invalidArgument) { try await calls.engine.reserveObjects(-1) }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func limitsBytes(kind: EngineKind) async throws {
        try await withVolume(kind, byteLimit: 1000) { calls in
            let file = try await calls.make("file").id
            try await calls.write(file, at: 0, 900)
            await #expect(throws: Errno.noSpace) { try await calls.write(file, at: 900, 101) }
            try await calls.write(file, at: 900, 100)
            // What takes no more than before is always possible.
            try await calls.write(file, at: 500, 500)
            try await calls.resize(file, to: 1 << 40)
            await #expect(throws: Errno.noSpace) {
                try await calls.engine.share(0..<1, of: file, with: file, at: 1 << 30, calls.caller)
            }
            #expect(try await calls.engine.usage().bytes == 1000)
            try await calls.resize(file, to: 10)
            #expect(try await calls.engine.usage().bytes == 10)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func garbageIsWhatNoExtentRefersTo(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let engine = calls.engine
            let file = try await calls.make("file").id
            let first = try await calls.write(file, at: 0, 100)
            let second = try await calls.write(file, at: 100, 100)
            #expect(try await engine.garbage(limit: 9) == [])
            try await calls.write(file, at: 50, 100)
            #expect(try await engine.garbage(limit: 9) == [])
            try await calls.commit(file) { $0.holes = [0..<50] }
            #expect(try await engine.garbage(limit: 9) == [first])
            #expect(try await engine.usage().garbageBytes == 100)
            await #expect(throws: Errno.staleNFSFileHandle) { try await engine.object(first) }
            // It may be gone from the store: nothing can refer to it again.
            let again = await errno {
                try await calls.commit(file) {
                    $0.extents = [Extent(offset: 0, length: 1, place: .object(first, offset: 0))]
                }
            }
            #expect(again == .invalidArgument)
            try await calls.resize(file, to: 120)
            #expect(try await engine.garbage(limit: 9) == [first, second])
            #expect(try await engine.garbage(limit: 1) == [first])
            try await engine.forget([first, second + 1])
            #expect(try await engine.garbage(limit: 9) == [second])
            #expect(try await engine.usage().garbageBytes == 100)
            #expect(try await engine.object(second + 1).number == second + 1)
            try await calls.removeFile("file")
            try await engine.dispose(of: file)
            #expect(try await engine.garbage(limit: 9) == [second, second + 1])
            try await engine.forget([second, second + 1])
            #expect(try await engine.usage().garbageBytes == 0)
            #expect(try await engine.usage().bytes == 0)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func moveKeepsItsObject(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let file = try await calls.make("file").id
            let number = try await calls.write(file, at: 0, 100)
            // For a moment no extent refers to it.
            try await calls.commit(file) { change in
                change.holes = [0..<100]
                change.extents = [Extent(offset: 200, length: 50, place: .object(number, offset: 50))]
            }
            #expect(try await calls.engine.garbage(limit: 9) == [])
            #expect(try await calls.extents(file).map(\.range) == [200..<250])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func givesNumbersBack(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let numbers = try await calls.engine.reserveObjects(2)
            try await calls.engine.forget([numbers.lowerBound])
            let file = try await calls.make("file").id
            await #expect(throws: Errno.invalidArgument) {
                try await calls.commit(file) {
                    $0.objects = [ObjectRecord(number: numbers.lowerBound, length: 1, layout: [])]
                }
            }
            try await calls.commit(file) {
                $0.objects = [ObjectRecord(number: numbers.lowerBound + 1, length: 1, layout: [])]
            }
            // In the store, and nobody's.
            #expect(try await calls.engine.garbage(limit: 9) == [numbers.lowerBound + 1])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func packsSeveralFilesIntoOneObject(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let engine = calls.engine
            var files: [NodeRecord] = []
            for name in ["a", "b", "c"] {
                let file = try await calls.make(StoredName(name)).id
                files.append(
                    try await calls.commit(file) {
                        $0.extents = [Extent(offset: 0, length: 2, place: .inline([1, 2]))]
                    })
            }
            let number = try await engine.reserveObjects(1).lowerBound
            var changes = files.enumerated().map { index, file in
                var change = ContentChange(of: file.id)
                change.movedVersion = file.version
                change.extents = [Extent(offset: 0, length: 2, place: .object(number, offset: UInt64(2 * index)))]
                return change
            }
            changes[0].objects = [ObjectRecord(number: number, length: 6, layout: [])]
            // One is gone, one has changed meanwhile.
            try await calls.removeFile("a")
            try await engine.dispose(of: files[0].id)
            let changed = try await calls.commit(files[1].id) {
                $0.extents = [Extent(offset: 0, length: 1, place: .inline([9]))]
            }
            let alone = changes[1]
            await #expect(throws: Errno.resourceTemporarilyUnavailable) {
                try await engine.commit(alone, durably: false)
            }
            #expect(try await engine.commit(changes, durably: true) == [nil, nil, files[2]])
            #expect(try await calls.node(files[1].id) == changed)
            #expect(try await calls.extents(files[1].id).first?.place == .inline([9]))
            #expect(try await calls.extents(files[2].id) == changes[2].extents)
            // A mistake in one of them, and none is made.
            var broken = ContentChange(of: files[1].id)
            broken.extents = [Extent(offset: 0, length: 1, place: .object(number + 1, offset: 0))]
            var good = ContentChange(of: files[2].id)
            good.size = 77
            let both = [good, broken]
            await #expect(throws: Errno.invalidArgument) { try await engine.commit(both, durably: false) }
            #expect(try await calls.node(files[2].id).attributes.size == 2)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func shares(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let engine = calls.engine
            let source = try await calls.make("source").id
            let target = try await calls.make("target", permissions: 0o4755).id
            let number = try await calls.write(source, at: 10, 100)
            try await calls.commit(source) {
                $0.extents = [Extent(offset: 50, length: 4, place: .inline([1, 2, 3, 4]))]
                $0.size = 300
            }
            try await calls.write(target, at: 0, 1000)
            let shared = try await calls.by(7, 8).engine.share(
                0..<1000, of: source, with: target, at: 500, Caller(userID: 7, groupID: 8))
            #expect(shared.attributes.size == 1000)
            #expect(shared.attributes.mode.permissions == 0o755)
            let extents = try await calls.extents(target)
            // The hole at the start and the one at the end of the source are holes there.
            #expect(extents.map(\.range) == [0..<500, 510..<550, 550..<554, 554..<610, 800..<1000])
            #expect(extents[1].place == .object(number, offset: 0))
            #expect(extents[2].place == .inline([1, 2, 3, 4]))
            #expect(extents[3].place == .object(number, offset: 44))
            try await calls.removeFile("source")
            try await engine.dispose(of: source)
            #expect(try await engine.garbage(limit: 9) == [])
            // Within a file, where the ranges do not overlap.
            _ = try await engine.share(510..<520, of: target, with: target, at: 0, calls.caller)
            #expect(try await calls.extents(target).first?.place == .object(number, offset: 0))
            await #expect(throws: Errno.invalidArgument) {
                try await engine.share(0..<10, of: target, with: target, at: 5, calls.caller)
            }
            await #expect(throws: Errno.fileTooLarge) {
                try await engine.share(0..<10, of: target, with: target, at: .max - 5, calls.caller)
            }
            await #expect(throws: Errno.isDirectory) {
                try await engine.share(0..<1, of: .root, with: target, at: 0, calls.caller)
            }
            await #expect(throws: Errno.isDirectory) {
                try await engine.share(0..<1, of: target, with: .root, at: 0, calls.caller)
            }
            await #expect(throws: Errno.staleNFSFileHandle) {
                try await engine.share(0..<1, of: NodeID(99), with: target, at: 0, calls.caller)
            }
            let beyond = try await engine.share(5000..<6000, of: target, with: target, at: 0, calls.caller)
            #expect(try await calls.node(target) == beyond)
            try await calls.setFlags(0x10, of: target)
            await #expect(throws: Errno.notPermitted) {
                try await engine.share(0..<1, of: target, with: target, at: 9, calls.caller)
            }
        }
    }
}
