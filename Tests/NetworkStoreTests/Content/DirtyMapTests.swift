import TestSupport
import Testing

@testable import NetworkStore

/// What was written and is not committed, against an array of bytes.
@Suite struct DirtyMapTests {
    private static let blockSize = 4096

    /// Random writes and cuts give what an array of bytes gives.
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func agreesWithAnArray(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let memory = try BlockMemory(byteCount: 64 * Self.blockSize, blockSize: Self.blockSize)
        let size = 16 * Self.blockSize
        var map = DirtyMap(blockSize: Self.blockSize)
        var expected = [UInt8?](repeating: nil, count: size)
        for step in 0..<400 {
            if step % 50 == 49 {
                let cut = Int.random(in: 0...size, using: &random)
                map.truncate(to: UInt64(cut))
                for index in cut..<size { expected[index] = nil }
            } else {
                let start = Int.random(in: 0..<size, using: &random)
                let count = Int.random(in: 1...min(size - start, 3000), using: &random)
                let byte = UInt8(truncatingIfNeeded: step)
                write(ContiguousArray(repeating: byte, count: count), at: start, to: &map, memory)
                for index in start..<start + count { expected[index] = byte }
            }
            guard step % 20 == 0 else { continue }
            #expect(map.byteCount == expected.count { $0 != nil })
            #expect(map.end == UInt64((expected.lastIndex { $0 != nil } ?? -1) + 1))
        }
        #expect(contents(of: map, size: size) == expected)
        map.truncate(to: 0)
        #expect(map.isEmpty && map.chunks.isEmpty)
    }

    /// Writes that follow each other become one range.
    @Test func joinsWhatTouches() throws {
        let memory = try BlockMemory(byteCount: 64 * Self.blockSize, blockSize: Self.blockSize)
        var map = DirtyMap(blockSize: Self.blockSize)
        for start in [100, 300, 200] { write(ContiguousArray(repeating: 1, count: 100), at: start, to: &map, memory) }
        #expect(map.chunks[0].ranges == [100..<400])
        #expect(map.byteCount == 300)
    }

    /// Memory goes back when nobody holds a block.
    @Test func givesMemoryBack() throws {
        let memory = try BlockMemory(byteCount: 64 * Self.blockSize, blockSize: Self.blockSize)
        do {
            var map = DirtyMap(blockSize: Self.blockSize)
            write(ContiguousArray(repeating: 1, count: 3 * Self.blockSize), at: 10, to: &map, memory)
            #expect(memory.unusedCount == memory.slotCount - 4)
        }
        #expect(memory.unusedCount == memory.slotCount)
    }

    private func write(_ bytes: ContiguousArray<UInt8>, at start: Int, to map: inout DirtyMap, _ memory: BlockMemory) {
        var position = start
        while position < start + bytes.count {
            let index = position / Self.blockSize
            let end = min((index + 1) * Self.blockSize, start + bytes.count)
            let fresh = map.block(UInt64(index)) == nil ? memory.take() : nil
            unsafe map.write(
                bytes.span.bytes.extracting(position - start..<end - start), to: UInt64(index),
                at: position - index * Self.blockSize, fresh: fresh)
            position = end
        }
    }

    private func contents(of map: DirtyMap, size: Int) -> [UInt8?] {
        var contents: [UInt8?] = []
        while contents.count < size {
            let found = map.bytes(at: UInt64(contents.count))
            let count = Int(min(found.end, UInt64(size))) - contents.count
            guard let block = found.block else {
                contents += Array(repeating: nil, count: count)
                continue
            }
            contents += bytes(of: block, found.place..<found.place + count)
        }
        return contents
    }

    private func bytes(of block: Block, _ range: Range<Int>) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            var output = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(buffer), initializedCount: 0)
            block.append(range, to: &output)
            count = unsafe output.finalize(for: UnsafeMutableRawBufferPointer(buffer))
        }
    }
}
