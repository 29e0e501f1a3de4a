/// What was written to a file and is not committed: blocks of memory, and which bytes of them were written.
struct DirtyMap {
    /// A block of the file.
    struct Chunk {
        /// Which: its offset in the file is that many blocks.
        let index: UInt64
        /// Its bytes.
        let block: Block
        /// The bytes that were written, in order, none touching another.
        private(set) var ranges: ContiguousArray<Range<Int>> = []

        /// A block of which nothing was written yet.
        init(index: UInt64, block: Block) {
            self.index = index
            self.block = block
        }

        /// Notes that bytes were written.
        mutating func add(_ range: Range<Int>) {
            // Most writes go on where the last one ended.
            if let last = ranges.last, last.upperBound == range.lowerBound {
                ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
                return
            }
            var merged = range
            var first = ranges.count
            var end = ranges.count
            for (position, other) in ranges.enumerated() {
                if other.upperBound < range.lowerBound { continue }
                first = min(first, position)
                if other.lowerBound > range.upperBound {
                    end = position
                    break
                }
                merged = min(merged.lowerBound, other.lowerBound)..<max(merged.upperBound, other.upperBound)
            }
            ranges.replaceSubrange(first..<max(first, end), with: CollectionOfOne(merged))
        }

        /// Forgets the bytes of a range.
        mutating func remove(_ range: Range<Int>) {
            var rest: ContiguousArray<Range<Int>> = []
            for other in ranges {
                let before = other.clamped(to: 0..<max(0, range.lowerBound))
                let after = other.clamped(to: max(0, range.upperBound)..<Int.max)
                if !before.isEmpty { rest.append(before) }
                if !after.isEmpty { rest.append(after) }
            }
            ranges = rest
        }
    }

    /// Bytes of a block.
    let blockSize: Int
    /// The blocks, by their indices.
    private(set) var chunks: ContiguousArray<Chunk> = []
    /// Bytes that were written, each counted once.
    private(set) var byteCount = 0

    /// Nothing written.
    init(blockSize: Int) {
        self.blockSize = blockSize
    }

    /// Whether nothing was written.
    var isEmpty: Bool { byteCount == 0 }

    /// The first byte after all that was written; 0 for nothing.
    var end: UInt64 {
        guard let last = chunks.last, let range = last.ranges.last else { return 0 }
        return last.index * UInt64(blockSize) + UInt64(range.upperBound)
    }

    /// The position of the first block with that index, or a higher one.
    private func position(of index: UInt64) -> Int {
        if let last = chunks.last, last.index < index { return chunks.count }
        var (low, high) = (0, chunks.count)
        while low < high {
            let middle = (low + high) / 2
            if chunks[middle].index >= index { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// The memory for a block of the file, if there is.
    func block(_ index: UInt64) -> Block? {
        let position = position(of: index)
        return position < chunks.count && chunks[position].index == index ? chunks[position].block : nil
    }

    /// Writes bytes of one block.
    ///
    /// - Parameters:
    ///   - index: the block of the file.
    ///   - offset: bytes from its start.
    ///   - fresh: memory for the block where there is none yet.
    mutating func write(_ bytes: RawSpan, to index: UInt64, at offset: Int, fresh: Block?) {
        let position = position(of: index)
        if position == chunks.count || chunks[position].index != index {
            guard let fresh else { preconditionFailure("no memory for the block was brought") }
            chunks.insert(Chunk(index: index, block: fresh), at: position)
        }
        chunks[position].block.copy(bytes, to: offset)
        let before = chunks[position].ranges.reduce(0) { $0 + $1.count }
        chunks[position].add(offset..<offset + bytes.byteCount)
        byteCount += chunks[position].ranges.reduce(0) { $0 + $1.count } - before
    }

    /// Forgets what was written from an offset on.
    mutating func truncate(to size: UInt64) {
        while let last = chunks.last {
            let start = last.index * UInt64(blockSize)
            if start + UInt64(blockSize) <= size { break }
            var chunk = last
            if start < size { chunk.remove(Int(size - start)..<blockSize) } else { chunk.remove(0..<blockSize) }
            let dropped = last.ranges.reduce(0) { $0 + $1.count } - chunk.ranges.reduce(0) { $0 + $1.count }
            byteCount -= dropped
            if chunk.ranges.isEmpty { chunks.removeLast() } else { chunks[chunks.count - 1] = chunk }
            if start < size { break }
        }
    }

    /// What is at an offset: the block and the place in it where bytes were written, or `nil`, and in both cases where that
    /// ends (`UInt64.max` for never).
    func bytes(at offset: UInt64) -> (block: Block?, place: Int, end: UInt64) {
        let size = UInt64(blockSize)
        var position = position(of: offset / size)
        while position < chunks.count {
            let start = chunks[position].index * size
            let place = offset > start ? Int(offset - start) : 0
            for range in chunks[position].ranges where range.upperBound > place {
                if offset >= start, range.lowerBound <= place {
                    return (chunks[position].block, place, start + UInt64(range.upperBound))
                }
                return (nil, 0, start + UInt64(range.lowerBound))
            }
            position += 1
        }
        return (nil, 0, .max)
    }
}
