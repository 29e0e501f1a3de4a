/// What `statfs` tells of a file system (`struct fuse_kstatfs`).
@frozen
public struct FileSystemStatistics: Sendable {
    /// Bytes per block in the counts below (`f_frsize`).
    public var blockSize: UInt32
    /// All blocks.
    public var blocks: UInt64
    /// Free blocks.
    public var freeBlocks: UInt64
    /// Free blocks for ordinary users.
    public var availableBlocks: UInt64
    /// All nodes.
    public var nodes: UInt64
    /// Free nodes.
    public var freeNodes: UInt64
    /// The longest name in bytes.
    public var longestName: UInt32
    /// The size of efficient I/O in bytes (`f_bsize`).
    public var preferredIOSize: UInt32

    /// Statistics; all counts zero unless given.
    @inlinable
    public init(
        blockSize: UInt32 = 4096,
        blocks: UInt64 = 0,
        freeBlocks: UInt64 = 0,
        nodes: UInt64 = 0,
        freeNodes: UInt64 = 0
    ) {
        self.blockSize = blockSize
        self.blocks = blocks
        self.freeBlocks = freeBlocks
        availableBlocks = freeBlocks
        self.nodes = nodes
        self.freeNodes = freeNodes
        longestName = 255
        preferredIOSize = blockSize
    }
}
