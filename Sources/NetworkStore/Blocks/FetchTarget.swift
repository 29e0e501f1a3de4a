/// Where bytes of an object are received that are on their way into the cache.
///
/// Blocks that are content as they are stored are received in place: a copy of each would cost as much as the kernel's. What has to be
/// expanded or decrypted, and what memory has no row of blocks for, is received in a buffer.
@safe
struct FetchTarget {
    /// Memory for what is stored of the blocks, and maybe more.
    @unsafe let bytes: UnsafeMutableRawBufferPointer
    /// The blocks themselves; `nil` where it is a buffer.
    let run: BlockRun?

    /// Blocks in their places.
    init(_ run: BlockRun) {
        unsafe bytes = run.bytes
        self.run = run
    }

    /// A buffer, which must outlive this.
    init(_ buffer: borrowing StagingBuffer) {
        unsafe bytes = buffer.bytes
        run = nil
    }
}
