internal import DequeModule
internal import Synchronization

/// Blocks of objects in memory. Objects never change, so what is here is right.
///
/// What leaves first is what nobody has used since it was last considered (second chance), which is about as good as
/// least recently used and costs a hit one store instead of a list.
final class BlockCache: Sendable {
    /// Which block of which object.
    struct Key: Hashable {
        /// The object.
        var object: ObjectNumber
        /// The block in it.
        var index: Int
    }

    /// A part of the cache with a lock of its own.
    private struct Shard {
        var blocks: [Key: Block] = [:]
        var order: Deque<Key> = []
    }

    /// Holds a lock where arrays can have it.
    private final class ShardBox: Sendable {
        let state = Mutex(Shard())
    }

    private let shards: [ShardBox]
    private let memory: BlockMemory
    private let nextShard = Atomic(0)

    /// An empty cache that takes what nobody else needs of a memory.
    init(_ memory: BlockMemory) {
        self.memory = memory
        shards = (0..<16).map { _ in ShardBox() }
    }

    private func shard(of key: Key) -> ShardBox {
        // Blocks that follow each other lie in different ones.
        shards[Int(truncatingIfNeeded: key.object &* 7 &+ UInt64(key.index)) & (shards.count - 1)]
    }

    /// A block that is here.
    func block(_ key: Key) -> Block? {
        guard let block = shard(of: key).state.withLock({ $0.blocks[key] }) else { return nil }
        block.isUsed.store(true, ordering: .relaxed)
        return block
    }

    /// Appends a range of an object.
    ///
    /// - Parameters:
    ///   - blockSize: bytes of the object in each block but the last.
    ///   - buffer: must have room. Where not all of the range is here, some of it may have been appended.
    /// - Returns: whether all of it is here.
    func append(
        _ range: Range<UInt64>,
        of object: ObjectNumber,
        _ blockSize: Int,
        to buffer: inout OutputRawSpan
    ) -> Bool {
        let size = UInt64(blockSize)
        var position = range.lowerBound
        while position < range.upperBound {
            let index = position / size
            guard let block = block(Key(object: object, index: Int(index))) else { return false }
            let end = min((index + 1) * size, range.upperBound)
            block.append(Int(position - index * size)..<Int(end - index * size), to: &buffer)
            position = end
        }
        return true
    }

    /// Keeps a block that somebody is about to read; see ``insert(_:for:)``.
    func show(_ block: Block, for key: Key) {
        block.isUsed.store(true, ordering: .relaxed)
        insert(block, for: key)
    }

    /// Keeps a block, which from now on nobody writes to. One that is here already stays.
    func insert(_ block: Block, for key: Key) {
        shard(of: key).state.withLock { shard in
            guard shard.blocks[key] == nil else { return }
            shard.blocks[key] = block
            shard.order.append(key)
        }
    }

    /// A block of undefined content, for which another leaves the cache where memory is short; `nil` where all memory is
    /// held by others.
    func take() -> Block? {
        while true {
            if let block = memory.take() { return block }
            guard evict() else { return nil }
        }
    }

    /// Blocks of undefined content whose memory follows each other, as it mostly does where a file is read from its beginning to its end: what is
    /// read in turn leaves in turn.
    ///
    /// - Parameter count: at least 1.
    /// - Returns: `nil` where memory is held by others, or lies otherwise.
    /// - Complexity: as `count` times ``take()``.
    func takeRun(_ count: Int) -> BlockRun? {
        var blocks: ContiguousArray<Block> = []
        blocks.reserveCapacity(count)
        for _ in 0..<count {
            guard let block = take() else { return nil }
            blocks.append(block)
        }
        return BlockRun(blocks)
    }

    /// Lets a block go that nobody but the cache holds.
    ///
    /// - Returns: false where there is none.
    private func evict() -> Bool {
        let start = nextShard.add(1, ordering: .relaxed).newValue
        // Twice around: where all have been used, they are not the second time.
        for offset in 0..<shards.count * 2 {
            let shard = shards[(start &+ offset) & (shards.count - 1)]
            // The block leaves the lock before its memory goes back.
            let evicted = shard.state.withLock { Self.evict(from: &$0) }
            if evicted != nil { return true }
        }
        return false
    }

    private static func evict(from shard: inout Shard) -> Block? {
        for _ in 0..<shard.order.count {
            guard let key = shard.order.popFirst() else { return nil }
            guard let block = shard.blocks[key] else { continue }
            if block.isUsed.exchange(false, ordering: .relaxed) {
                shard.order.append(key)
            } else {
                shard.blocks[key] = nil
                return block
            }
        }
        return nil
    }

    /// How many blocks there are memory for.
    var slotCount: Int { memory.slotCount }

    /// The number of blocks that are here.
    var count: Int { shards.reduce(0) { $0 + $1.state.withLock { $0.blocks.count } } }
}
