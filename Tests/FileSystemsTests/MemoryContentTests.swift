import RingFUSE
import SystemPackage
import TestSupport
import Testing

@testable import FileSystems

@Suite struct MemoryContentTests {
    let calls = Calls(MemoryFileSystem(byteLimit: 64 << 20))

    /// Two files beside plain arrays, changed alike at random.
    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func agreesWithAModel(seed: UInt64) async throws {
        var random = Seeded(seed: seed)
        let files = [try await calls.makeFile("a").node, try await calls.makeFile("b").node]
        var models: [[UInt8]] = [[], []]
        for step in 0..<600 {
            let which = Int.random(in: 0..<2, using: &random)
            try await change(files, &models, which, &random)
            let file = files[which]
            let model = models[which]
            #expect(try await calls.attributes(of: file).size == UInt64(model.count))
            let start = Int.random(in: 0...model.count, using: &random)
            let count = Int.random(in: 0..<30_000, using: &random)
            let expected = Array(model[start..<min(model.count, start + count)])
            #expect(try await calls.read(file, at: UInt64(start), count) == expected, "step \(step)")
            if step % 10 == 0 { try await expectSeeksAgree(file, model, from: start) }
        }
        for (file, model) in zip(files, models) {
            #expect(try await calls.read(file, model.count + 1) == model)
        }
        let allocated = try await calls.attributes(of: files[0]).blocks + calls.attributes(of: files[1]).blocks
        #expect(calls.backend.budget.usedBytes == Int(allocated) * 512)
        for (name, file) in zip(["a", "b"] as [StoredName], files) {
            try await calls.removeFile(name)
            calls.backend.forget(file, lookups: 1)
        }
        #expect(calls.backend.budget.usedBytes == 0)
    }

    /// Changes a file and its model alike.
    private func change(
        _ files: [NodeID],
        _ models: inout [[UInt8]],
        _ which: Int,
        _ random: inout Seeded
    ) async throws {
        let offset = Int.random(in: 0..<100_000, using: &random)
        // Often exactly at the ends of pages, where mistakes are made.
        let start = Bool.random(using: &random) ? offset : offset / 4096 * 4096
        let length = Int.random(in: 1..<20_000, using: &random)
        let count = Bool.random(using: &random) ? length : (length / 4096 + 1) * 4096
        let end = start + count
        switch Int.random(in: 0..<8, using: &random) {
        case 0, 1:
            // Never zero, and different from page to page.
            let first = Int.random(in: 0..<251, using: &random)
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: (first + $0) % 251 + 1) }
            try await calls.write(bytes, to: files[which], at: UInt64(start))
            models[which].grow(to: end)
            models[which].replaceSubrange(start..<end, with: bytes)
        case 2:
            try await calls.change(files[which]) { $0.size = UInt64(start) }
            models[which].removeLast(max(0, models[which].count - start))
            models[which].grow(to: start)
        case 3:
            try await calls.allocate(files[which], at: UInt64(start), UInt64(count), [.punchHole, .keepSize])
            models[which].zero(start..<end)
        case 4:
            try await calls.allocate(files[which], at: UInt64(start), UInt64(count), [.zeroRange, .keepSize])
            models[which].zero(start..<end)
        case 5:
            try await calls.allocate(files[which], at: UInt64(start), UInt64(count), .zeroRange)
            models[which].grow(to: end)
            models[which].zero(start..<end)
        case 6:
            try await calls.allocate(files[which], at: UInt64(start), UInt64(count), .keepSize)
        default:
            let from = Int.random(in: 0..<100_000, using: &random)
            let there = max(0, min(count, models[1 - which].count - from))
            let copied = try await calls.copy(
                files[1 - which],
                at: UInt64(from),
                to: files[which],
                at: UInt64(start),
                UInt64(count)
            )
            #expect(copied == UInt64(there))
            guard there > 0 else { return }
            models[which].grow(to: start + there)
            models[which].replaceSubrange(start..<start + there, with: models[1 - which][from..<from + there])
        }
    }

    /// Expects that what is said to be a hole has only zeros, and that data and holes follow each other to the end.
    private func expectSeeksAgree(_ file: NodeID, _ model: [UInt8], from start: Int) async throws {
        var position = start
        while position < model.count {
            let hole = Int(try await calls.seek(file, to: .hole, from: UInt64(position)))
            let data = try? await Int(calls.seek(file, to: .data, from: UInt64(position)))
            #expect(hole == position || data == position, "a byte is either data or hole")
            let next = data == position ? hole : data ?? model.count
            guard next > position, next <= model.count else {
                Issue.record("a run of no bytes at \(position)")
                return
            }
            if hole == position { #expect(model[position..<next].allSatisfy { $0 == 0 }) }
            position = next
        }
        #expect(
            await errno { try await calls.seek(file, to: .data, from: UInt64(model.count)) } == .noSuchAddressOrDevice
        )
        #expect(
            await errno { try await calls.seek(file, to: .hole, from: UInt64(model.count)) } == .noSuchAddressOrDevice
        )
    }

    @Test func holesTakeNoSpace() async throws {
        let file = try await calls.makeFile("file").node
        let far: UInt64 = 1 << 62
        try await calls.write([1], to: file, at: far)
        try await calls.write([2], to: file, at: 5000)
        let attributes = try await calls.attributes(of: file)
        #expect(attributes.size == far + 1)
        #expect(attributes.blocks == 16)
        #expect(try await calls.read(file, at: far - 2, 9) == [0, 0, 1])
        #expect(try await calls.seek(file, to: .data, from: 0) == 4096)
        #expect(try await calls.seek(file, to: .data, from: 5001) == 5001)
        #expect(try await calls.seek(file, to: .hole, from: 5001) == 8192)
        #expect(try await calls.seek(file, to: .data, from: 8192) == far)
        #expect(try await calls.seek(file, to: .hole, from: far) == far + 1)
        #expect(try await calls.seek(file, to: .hole, from: 1 << 40) == 1 << 40)
        try await calls.allocate(file, at: 4096, 4096, [.punchHole, .keepSize])
        #expect(try await calls.attributes(of: file).blocks == 8)
        try await calls.allocate(file, at: 1 << 50, 1 << 51, [.punchHole, .keepSize])
        try await calls.change(file) { $0.size = 0 }
        #expect(try await calls.attributes(of: file).blocks == 0)
    }

    @Test func copiesHolesAsHoles() async throws {
        let source = try await calls.makeFile("source").node
        let target = try await calls.makeFile("target").node
        try await calls.write([1], to: source, at: 1 << 20)
        try await calls.write([UInt8](repeating: 9, count: 8192), to: target)
        #expect(try await calls.copy(source, at: 0, to: target, at: 0, 4 << 20) == 1 << 20 + 1)
        #expect(try await calls.attributes(of: target).blocks == 8)
        #expect(try await calls.read(target, 2) == [0, 0])
        #expect(try await calls.read(target, at: 1 << 20, 2) == [1])
        #expect(try await calls.copy(source, at: 1 << 30, to: target, at: 0, 1) == 0)
        #expect(try await calls.copy(source, at: 0, to: source, at: 2 << 20, 2 << 20) == 1 << 20 + 1)
        #expect(await errno { try await calls.copy(source, at: 0, to: source, at: 1, 9) } == .invalidArgument)
        // The copy has moved the end of the source, but only what was there before is copied.
        #expect(try await calls.attributes(of: source).size == 3 << 20 + 1)
        try await calls.change(source) { $0.size = 1 << 40 }
        #expect(try await calls.copy(source, at: 0, to: target, at: 0, 1 << 40) == MemoryFileSystem.copyLimit)
    }

    @Test func limitsOfOffsets() async throws {
        let file = try await calls.makeFile("file").node
        let largest = UInt64(Int64.max)
        try await calls.write([1], to: file, at: largest - 1)
        #expect(try await calls.attributes(of: file).size == largest)
        #expect(try await calls.read(file, at: largest - 1, 9) == [1])
        #expect(try await calls.read(file, at: .max, 9) == [])
        #expect(await errno { try await calls.write([1], to: file, at: largest) } == .fileTooLarge)
        #expect(await errno { try await calls.write([1], to: file, at: .max) } == .fileTooLarge)
        #expect(await errno { try await calls.change(file) { $0.size = largest + 1 } } == .fileTooLarge)
        #expect(await errno { try await calls.allocate(file, at: largest, 1) } == .fileTooLarge)
        #expect(await errno { try await calls.allocate(file, at: 1, .max) } == .fileTooLarge)
        #expect(await errno { try await calls.allocate(file, at: 1, 0) } == .invalidArgument)
        #expect(await errno { try await calls.allocate(file, at: 0, largest) } == .noSpace)
        #expect(await errno { try await calls.allocate(file, at: 0, 1, .punchHole) } == .notSupported)
        #expect(await errno { try await calls.seek(file, to: .data, from: .max) } == .noSuchAddressOrDevice)
        #expect(try await calls.attributes(of: file).blocks == 8)
    }

    @Test func appendsAtTheEnd() async throws {
        let file = try await calls.makeFile("file").node
        try await calls.write([1, 2], to: file)
        try await calls.write([3], to: file, at: 0, flags: [.writeOnly, .append])
        #expect(try await calls.read(file, 9) == [1, 2, 3])
        // The page cache knows better where its pages belong.
        try await calls.write([9], to: file, at: 0, flags: [.writeOnly, .append], .fromCache)
        #expect(try await calls.read(file, 9) == [9, 2, 3])
        #expect(try await calls.write([], to: file, at: 100) == 0)
        #expect(try await calls.attributes(of: file).size == 3)
    }

    @Test func onlyFilesHaveContent() async throws {
        #expect(await errno { try await calls.read(.root, 1) } == .isDirectory)
        #expect(await errno { try await calls.write([1], to: .root) } == .isDirectory)
        #expect(await errno { try await calls.change(.root) { $0.size = 0 } } == .isDirectory)
        #expect(await errno { try await calls.allocate(.root, at: 0, 1) } == .isDirectory)
        #expect(await errno { try await calls.seek(.root, to: .data, from: 0) } == .isDirectory)
        #expect(await errno { try await calls.open(.root) } == .isDirectory)
        #expect(await errno { try await calls.read(NodeID(9), 1) } == .staleNFSFileHandle)
    }
}

extension [UInt8] {
    /// Appends zeros up to a size.
    fileprivate mutating func grow(to size: Int) {
        if count < size { append(contentsOf: repeatElement(0, count: size - count)) }
    }

    /// Zeroes what there is of a range.
    fileprivate mutating func zero(_ range: Range<Int>) {
        for index in range.clamped(to: 0..<count) { self[index] = 0 }
    }
}
