/// Blocks whose memory follows each other, so that it can be filled as one.
@safe
struct BlockRun {
    /// The blocks, from the lowest address on.
    let blocks: ContiguousArray<Block>

    /// Blocks in any order.
    ///
    /// - Returns: `nil` where their memory does not follow each other, and where there are none.
    init?(_ blocks: ContiguousArray<Block>) {
        let ordered = ContiguousArray(blocks.sorted { $0.slot < $1.slot })
        guard zip(ordered, ordered.dropFirst()).allSatisfy({ $0.slot + 1 == $1.slot }), !ordered.isEmpty else {
            return nil
        }
        self.blocks = ordered
    }

    /// The memory of all of them, while this lives. Nobody else may touch it before a block is shown to others, nobody at all may write to it
    /// after that.
    @unsafe var bytes: UnsafeMutableRawBufferPointer {
        let first = unsafe blocks[0].withMutableBytes { unsafe $0 }
        return unsafe UnsafeMutableRawBufferPointer(start: first.baseAddress, count: first.count * blocks.count)
    }
}
