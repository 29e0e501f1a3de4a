internal import CNetworkStore

/// Turns the content of blocks into what is stored, and back.
///
/// A block that compressing would not make smaller is stored as it is, so that nothing is ever stored larger.
struct BlockCodec: Sendable {
    /// How blocks of new objects are compressed. Reading goes by what an object's layout says.
    let compression: VolumeDescription.Compression

    /// Turns the content of an object, block by block, into what is stored, in place.
    ///
    /// - Parameters:
    ///   - bytes: memory that begins with the content.
    ///   - length: bytes of content.
    ///   - blockSize: bytes of content in each block but the last.
    /// - Returns: how it is laid out; what is stored is as long as that says.
    @unsafe
    func encode(_ bytes: UnsafeMutableRawBufferPointer, length: Int, blockSize: Int) -> ObjectLayout {
        var layout = ObjectLayout(blockSize: blockSize, length: length)
        let scratch =
            compression == .none
            ? nil : UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize, alignment: 16)
        defer { unsafe scratch?.deallocate() }
        // What is stored never gets ahead of what is read.
        var position = 0
        for start in stride(from: 0, to: length, by: blockSize) {
            let count = min(blockSize, length - start)
            let content = unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<start + count])
            let compressed = unsafe scratch.map { unsafe compress(content, into: $0) } ?? 0
            let stored: UnsafeRawBufferPointer
            if let scratch = unsafe scratch, compressed > 0 {
                unsafe stored = UnsafeRawBufferPointer(rebasing: scratch[..<compressed])
            } else {
                unsafe stored = content
            }
            layout.append(
                ObjectLayout.Stored(
                    length: UInt32(stored.count), checksum: unsafe Checksum.crc32c(stored), isCompressed: compressed > 0
                ))
            unsafe (bytes.baseAddress.unsafelyUnwrapped + position).copyMemory(
                from: stored.baseAddress.unsafelyUnwrapped, byteCount: stored.count)
            position += stored.count
        }
        return layout
    }

    /// Compresses a block.
    ///
    /// - Returns: the number of bytes; 0 where it gets no smaller.
    @unsafe
    private func compress(_ content: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int {
        // One byte less than the content: otherwise nothing is gained.
        let capacity = content.count - 1
        switch compression {
        case .none: return 0
        case .lz4:
            return unsafe rstore_lz4_compress(content.baseAddress, content.count, target.baseAddress, capacity)
        case .zstd:
            return unsafe rstore_zstd_compress(content.baseAddress, content.count, target.baseAddress, capacity)
        }
    }

    /// Checks a stored block, and turns it into content.
    ///
    /// - Parameters:
    ///   - stored: what the object has. It may be anything.
    ///   - block: how it should be.
    ///   - length: bytes of content.
    ///   - target: gets the content.
    /// - Returns: whether it is what was written.
    @unsafe
    func decode(
        _ stored: UnsafeRawBufferPointer,
        _ block: ObjectLayout.Stored,
        length: Int,
        into target: UnsafeMutableRawBufferPointer
    ) -> Bool {
        guard stored.count == block.length, length <= target.count,
            unsafe Checksum.crc32c(stored) == block.checksum
        else { return false }
        guard block.isCompressed else {
            guard stored.count == length else { return false }
            unsafe target.copyMemory(from: stored)
            return true
        }
        // A volume never changes how it compresses.
        return switch compression {
        case .none: false
        case .lz4:
            unsafe rstore_lz4_expand(stored.baseAddress, stored.count, target.baseAddress, length) != 0
        case .zstd:
            unsafe rstore_zstd_expand(stored.baseAddress, stored.count, target.baseAddress, length) != 0
        }
    }
}
