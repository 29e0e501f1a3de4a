internal import RingFUSE

/// Bytes of files that are to become one object: blocks of memory that are filled one after another, and what is in them.
struct Pack {
    /// Bytes of a file.
    struct Part: Hashable {
        /// The file.
        var file: NodeID
        /// Its version when they were read.
        var version: UInt64
        /// Where they are in the file.
        var offset: UInt64
        /// How many.
        var length: UInt64
        /// Where they are in the pack.
        var start: UInt64
    }

    /// Bytes of a block.
    let blockSize: Int
    /// The blocks; all but the last are full.
    private(set) var blocks: [Block] = []
    /// Bytes in them.
    private(set) var byteCount = 0
    /// Extents that they are of.
    private(set) var extentCount = 0
    /// What they are, in order; what continues what is before it is one with it.
    private(set) var parts: [Part] = []

    /// Nothing yet.
    init(blockSize: Int) { self.blockSize = blockSize }

    /// Adds bytes; they belong to no file before ``note(_:_:at:_:)``.
    ///
    /// - Parameter fresh: gives memory.
    /// - Returns: whether there was memory for all of them.
    mutating func append(_ bytes: UnsafeRawBufferPointer, _ fresh: () -> Block?) -> Bool {
        var rest = unsafe RawSpan(_unsafeBytes: bytes)
        while rest.byteCount > 0 {
            let place = byteCount % blockSize
            if place == 0, byteCount / blockSize == blocks.count {
                guard let block = fresh() else { return false }
                blocks.append(block)
            }
            let count = min(rest.byteCount, blockSize - place)
            blocks[byteCount / blockSize].copy(rest.extracting(..<count), to: place)
            byteCount += count
            rest = rest.extracting(count...)
        }
        return true
    }

    /// Says what the last bytes are.
    mutating func note(_ extent: ScannedExtent) {
        let start = UInt64(byteCount) - extent.length
        extentCount += 1
        if let last = parts.last, last.file == extent.file, last.version == extent.version,
            last.offset + last.length == extent.offset, last.start + last.length == start
        {
            parts[parts.count - 1].length += extent.length
        } else {
            parts.append(
                Part(
                    file: extent.file, version: extent.version, offset: extent.offset, length: extent.length,
                    start: start))
        }
    }

    /// Takes the last bytes back, which were not noted.
    mutating func drop(to count: Int) {
        byteCount = count
        blocks.removeLast(blocks.count - (count + blockSize - 1) / blockSize)
    }

    /// The changes that have the files refer to an object of these bytes.
    func changes(_ object: ObjectRecord) -> [ContentChange] {
        var changes: [ContentChange] = []
        for part in parts {
            if changes.last?.file != part.file || changes.last?.movedVersion != part.version {
                var change = ContentChange(of: part.file)
                change.movedVersion = part.version
                changes.append(change)
            }
            changes[changes.count - 1].extents.append(
                Extent(offset: part.offset, length: part.length, place: .object(object.number, offset: part.start)))
        }
        if !changes.isEmpty { changes[0].objects = [object] }
        return changes
    }
}
