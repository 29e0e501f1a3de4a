/// Where bytes of an object are received that are on their way into the cache.
///
/// Blocks that are content as they are stored are received in place: a copy of each would cost as much as the kernel's. What has to be
/// expanded or decrypted, and what memory has no row of blocks for, is received in a buffer.
@safe
struct FetchTarget {
    /// Memory for what is stored of the blocks, and maybe more; while this lives.
    @unsafe let bytes: UnsafeMutableRawBufferPointer
    /// The blocks themselves; `nil` where it is a buffer.
    let run: BlockRun?

    /// A buffer, which must outlive this.
    init(_ buffer: borrowing StagingBuffer) {
        unsafe bytes = buffer.bytes
        run = nil
    }

    /// Blocks in their places, or the buffer where memory has no row of them.
    ///
    /// - Parameters:
    ///   - count: how many blocks, at least 1.
    ///   - buffer: one of `staging`, must outlive this. Whoever has none may not fetch, which bounds how much is on its way.
    init(_ count: Int, of cache: BlockCache, or buffer: borrowing StagingBuffer, of staging: StagingBuffers) {
        // All that are on their way at a time are a third of the memory, what is unwritten is half of it: so there are some left to be read.
        let limit = cache.slotCount / 3 / staging.count
        guard count <= limit, let run = cache.takeRun(count) else {
            self.init(buffer)
            return
        }
        self.init(run)
    }

    private init(_ run: BlockRun) {
        unsafe bytes = run.bytes
        self.run = run
    }
}
