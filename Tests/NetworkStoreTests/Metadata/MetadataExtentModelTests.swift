import NetworkStore
import RingFUSE
import SystemPackage
import TestSupport
import Testing

/// Random changes of content, held against arrays of bytes.
@Suite struct MetadataExtentModelTests {
    /// A file as it should be: bytes, `nil` for those that no extent covers.
    private struct Model {
        var bytes: [UInt8?] = []
        var size = 0

        /// Makes sure that there is a place for each byte up to an end.
        mutating func reach(_ end: Int) {
            if bytes.count < end { bytes += [UInt8?](repeating: nil, count: end - bytes.count) }
        }

        mutating func cut(to newSize: Int) {
            bytes = Array(bytes.prefix(newSize))
            size = newSize
        }
    }

    /// What objects hold.
    private final class Objects {
        var bytes: [ObjectNumber: [UInt8]] = [:]
    }

    private static let span = 400

    @Test(arguments: EngineKind.allCases, 1...6 as ClosedRange<UInt64>)
    func agreesWithBytes(kind: EngineKind, seed: UInt64) async throws {
        try await withVolume(kind) { calls in
            var random = Seeded(seed: seed)
            let objects = Objects()
            var files: [NodeID] = []
            var models = [Model(), Model()]
            for name in ["a", "b"] { files.append(try await calls.make(StoredName(name)).id) }
            for _ in 0..<250 {
                let index = Int.random(in: 0...1, using: &random)
                let start = Int.random(in: 0..<Self.span, using: &random)
                let end = start + Int.random(in: 1...100, using: &random)
                switch Int.random(in: 0..<10, using: &random) {
                case 0:
                    try await calls.resize(files[index], to: UInt64(start))
                    models[index].cut(to: start)
                case 1...2:
                    let other = Int.random(in: 0...1, using: &random)
                    let offset = Int.random(in: 0..<Self.span, using: &random)
                    try await Self.share(start..<end, of: index, with: other, at: offset, calls, files, &models)
                default:
                    try await Self.commit(start..<end, to: files[index], &models[index], objects, calls, &random)
                }
                for (file, model) in zip(files, models) { try await Self.compare(file, model, objects, calls) }
            }
            try await Self.compareGarbage(files, objects, calls)
        }
    }

    /// Commits two or three pieces of one kind or another, and perhaps a hole.
    private static func commit(
        _ range: Range<Int>,
        to file: NodeID,
        _ model: inout Model,
        _ objects: Objects,
        _ calls: MetadataCalls,
        _ random: inout Seeded
    ) async throws {
        var change = ContentChange(of: file)
        if Bool.random(using: &random) {
            change.holes = [UInt64(range.lowerBound)..<UInt64(range.upperBound)]
            model.reach(range.upperBound)
            for index in range { model.bytes[index] = nil }
        }
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let offset = Int.random(in: 0..<span, using: &random)
            let bytes = (0..<Int.random(in: 1...100, using: &random)).map { _ in
                UInt8.random(in: 1...255, using: &random)
            }
            let place: Extent.Place
            var written: [UInt8?] = bytes
            switch Int.random(in: 0...2, using: &random) {
            case 0: place = .inline(ContiguousArray(bytes))
            case 1:
                place = .zeros
                written = [UInt8?](repeating: 0, count: bytes.count)
            default:
                let number = try await calls.engine.reserveObjects(1).lowerBound
                let skipped = Int.random(in: 0...20, using: &random)
                objects.bytes[number] = [UInt8](repeating: 0xee, count: skipped) + bytes
                change.objects.append(ObjectRecord(number: number, length: UInt64(skipped + bytes.count), layout: []))
                place = .object(number, offset: UInt64(skipped))
            }
            change.extents.append(Extent(offset: UInt64(offset), length: UInt64(bytes.count), place: place))
            model.reach(offset + bytes.count)
            model.bytes.replaceSubrange(offset..<offset + bytes.count, with: written)
            if place != .zeros { model.size = max(model.size, offset + bytes.count) }
        }
        _ = try await calls.engine.commit(change, durably: false)
    }

    private static func share(
        _ range: Range<Int>,
        of source: Int,
        with target: Int,
        at offset: Int,
        _ calls: MetadataCalls,
        _ files: [NodeID],
        _ models: inout [Model]
    ) async throws {
        let result = await errno {
            try await calls.engine.share(
                UInt64(range.lowerBound)..<UInt64(range.upperBound), of: files[source], with: files[target],
                at: UInt64(offset), calls.caller)
        }
        let wanted = range.clamped(to: 0..<models[source].size)
        guard !wanted.isEmpty else { return #expect(result == nil) }
        let replaced = offset..<offset + wanted.count
        guard source != target || !wanted.overlaps(replaced) else { return #expect(result == .invalidArgument) }
        #expect(result == nil)
        models[source].reach(wanted.upperBound)
        models[target].reach(replaced.upperBound)
        models[target].bytes.replaceSubrange(replaced, with: Array(models[source].bytes[wanted]))
        models[target].size = max(models[target].size, replaced.upperBound)
    }

    /// Reads a file through its extents.
    private static func compare(
        _ file: NodeID,
        _ model: Model,
        _ objects: Objects,
        _ calls: MetadataCalls
    ) async throws {
        var bytes = [UInt8?](repeating: nil, count: model.bytes.count)
        var end: UInt64 = 0
        for extent in try await calls.extents(file) {
            try #require(extent.offset >= end, "extents overlap, or are out of order")
            end = extent.range.upperBound
            let range = Int(extent.offset)..<Int(end)
            try #require(range.upperBound <= bytes.count)
            switch extent.place {
            case .inline(let data): bytes.replaceSubrange(range, with: data.map { $0 })
            case .zeros: bytes.replaceSubrange(range, with: [UInt8?](repeating: 0, count: range.count))
            case .object(let number, let offset):
                let data = try #require(objects.bytes[number])
                bytes.replaceSubrange(range, with: data[Int(offset)..<Int(offset) + range.count].map { $0 })
            }
        }
        let node = try await calls.node(file)
        try #require(bytes == model.bytes)
        try #require(node.attributes.size == UInt64(model.size))
        try #require(node.attributes.blocks == UInt64(model.bytes.count { $0 != nil } + 511) / 512)
    }

    /// Garbage is exactly the objects that no extent refers to.
    private static func compareGarbage(
        _ files: [NodeID],
        _ objects: Objects,
        _ calls: MetadataCalls
    ) async throws {
        var used: Set<ObjectNumber> = []
        for file in files {
            for extent in try await calls.extents(file) {
                if case .object(let number, _) = extent.place { used.insert(number) }
            }
        }
        let garbage = try await calls.engine.garbage(limit: .max)
        #expect(Set(garbage) == Set(objects.bytes.keys).subtracting(used))
        #expect(!garbage.isEmpty && !used.isEmpty)
        let bytes = garbage.reduce(0) { $0 + (objects.bytes[$1]?.count ?? 0) }
        #expect(try await calls.engine.usage().garbageBytes == UInt64(bytes))
    }
}
