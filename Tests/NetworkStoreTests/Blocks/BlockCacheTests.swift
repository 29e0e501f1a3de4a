import Testing

@testable import NetworkStore

/// Blocks in memory.
@Suite struct BlockCacheTests {
    /// What was used stays longer than what was not, and memory is never exceeded.
    @Test func keepsWhatIsUsed() throws {
        let memory = try BlockMemory(byteCount: 64 * 4096, blockSize: 4096)
        let cache = BlockCache(memory)
        for index in 0..<64 { cache.insert(try #require(cache.take()), for: key(index)) }
        #expect(memory.unusedCount == 0)
        let used = Array(stride(from: 0, to: 64, by: 4))
        for round in 0..<20 {
            for index in used { #expect(cache.block(key(index)) != nil, "round \(round)") }
            for index in 0..<8 {
                cache.insert(try #require(cache.take()), for: key(1000 + round * 8 + index))
                for index in used { _ = cache.block(key(index)) }
            }
        }
        #expect(cache.count == 64)
    }

    /// Where others hold all memory there is none, and again when they let go.
    @Test func endsWhereMemoryEnds() throws {
        let memory = try BlockMemory(byteCount: 16 * 4096, blockSize: 4096)
        let cache = BlockCache(memory)
        var held = try (0..<16).map { _ in try #require(cache.take()) }
        #expect(cache.take() == nil)
        held.removeLast()
        #expect(cache.take() != nil)
    }

    /// A block that is here stays the one that others have got.
    @Test func keepsTheFirst() throws {
        let cache = BlockCache(try BlockMemory(byteCount: 16 * 4096, blockSize: 4096))
        let first = try #require(cache.take())
        cache.insert(first, for: key(1))
        cache.insert(try #require(cache.take()), for: key(1))
        #expect(cache.block(key(1)) === first)
    }

    /// A run is memory in one piece, whatever order it was given back in; where there is none, nothing is kept.
    @Test func takesRuns() throws {
        let memory = try BlockMemory(byteCount: 64 * 4096, blockSize: 4096)
        let cache = BlockCache(memory)
        let run = try #require(cache.takeRun(16))
        #expect(unsafe run.bytes.count == 16 * 4096)
        for (index, block) in run.blocks.enumerated() {
            let address = unsafe block.withMutableBytes { $0.baseAddress }
            #expect(unsafe address == run.bytes.baseAddress.map { unsafe $0 + index * 4096 })
        }
        var others = try (0..<48).map { _ in try #require(cache.take()) }
        #expect(cache.takeRun(1) == nil)
        others = others.sorted { $0.slot < $1.slot }
        others.remove(at: 3)
        others.remove(at: 7)
        #expect(cache.takeRun(2) == nil && memory.unusedCount == 2)
        others.removeAll()
        #expect(cache.takeRun(48) != nil && cache.takeRun(49) == nil && memory.unusedCount == 48)
    }

    /// What has been read in turn makes room in turn: the next of a long file finds memory in one piece.
    @Test func findsRunsInAFullCache() throws {
        let cache = BlockCache(try BlockMemory(byteCount: 256 * 4096, blockSize: 4096))
        for start in stride(from: 0, to: 4096, by: 32) {
            let run = try #require(cache.takeRun(32), "at \(start)")
            for (index, block) in run.blocks.enumerated() { cache.insert(block, for: key(start + index)) }
        }
    }

    private func key(_ index: Int) -> BlockCache.Key { BlockCache.Key(object: 1, index: index) }
}
