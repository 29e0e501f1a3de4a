internal import CNetworkStore

/// Turns the content of blocks into what is stored, and back.
///
/// A block that compressing would not make smaller is stored as it is, so that nothing is ever stored larger.
struct BlockCodec: Sendable {
    /// How blocks of new objects are compressed. Reading goes by what an object's layout says.
    let compression: VolumeDescription.Compression
    /// What objects are encrypted with; `nil` where they are not.
    var key: VolumeKey?

    /// Turns the content of an object, block by block, into what is stored, in place.
    ///
    /// - Parameters:
    ///   - bytes: memory that begins with the content.
    ///   - length: bytes of content.
    ///   - blockSize: bytes of content in each block but the last.
    ///   - object: its number.
    /// - Returns: how it is laid out; what is stored is as long as that says.
    @unsafe
    func encode(
        _ bytes: UnsafeMutableRawBufferPointer,
        length: Int,
        blockSize: Int,
        as object: ObjectNumber
    ) -> ObjectLayout {
        var layout = ObjectLayout(blockSize: blockSize, length: length, salt: key.map { _ in Salt.random() })
        let sealing = layout.salt.flatMap { key?.derived(.object, $0, number: object) }
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
            let target = unsafe UnsafeMutableRawBufferPointer(
                rebasing: bytes[position..<position + stored.count])
            // The content of a block that was not compressed may be where it was all the time.
            unsafe target.baseAddress.unsafelyUnwrapped.copyMemory(
                from: stored.baseAddress.unsafelyUnwrapped, byteCount: stored.count)
            let number = UInt64(start / blockSize)
            let tag = sealing.map {
                unsafe $0.seal(target, number: number, bound: Self.bound(isCompressed: compressed > 0))
            }
            layout.append(
                ObjectLayout.Stored(
                    length: UInt32(target.count), checksum: unsafe Checksum.crc32c(UnsafeRawBufferPointer(target)),
                    isCompressed: compressed > 0, tag: tag))
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

    /// What has to be the same when a block is decrypted.
    private static func bound(isCompressed: Bool) -> UInt8 { isCompressed ? 1 : 0 }

    /// Checks a stored block, and turns it into content.
    ///
    /// - Parameters:
    ///   - stored: what the object has. It may be anything.
    ///   - index: which block it is.
    ///   - layout: how the object should be.
    ///   - object: its number.
    ///   - target: gets the content, or what is undefined.
    /// - Returns: whether it is what was written.
    @unsafe
    func decode(
        _ stored: UnsafeRawBufferPointer,
        _ index: Int,
        of layout: ObjectLayout,
        _ object: ObjectNumber,
        into target: UnsafeMutableRawBufferPointer
    ) -> Bool {
        let block = layout.blocks[index]
        let length = layout.contentLength(of: index)
        guard length <= target.count, unsafe isWhole(stored, block) else { return false }
        guard let tag = block.tag else {
            // What is not encrypted is none of an encrypted volume's.
            return key == nil ? unsafe expand(stored, block, length, into: target) : false
        }
        guard let key, let salt = layout.salt else { return false }
        let opening = key.derived(.object, salt, number: object)
        let bound = Self.bound(isCompressed: block.isCompressed)
        guard block.isCompressed else {
            return unsafe opening.open(stored, number: UInt64(index), bound: bound, tag, into: target.baseAddress)
        }
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: stored.count, alignment: 16)
        defer { unsafe scratch.deallocate() }
        guard unsafe opening.open(stored, number: UInt64(index), bound: bound, tag, into: scratch.baseAddress) else {
            return false
        }
        return unsafe expand(UnsafeRawBufferPointer(scratch), block, length, into: target)
    }

    /// Whether blocks of an object are content as they are stored: then nothing but ``isContent(_:_:of:)`` is left of decoding.
    func isPlain(_ run: Range<Int>, of layout: ObjectLayout) -> Bool {
        key == nil && layout.blocks[run].allSatisfy { !$0.isCompressed && $0.tag == nil }
    }

    /// Checks a block that is stored plainly.
    ///
    /// - Returns: whether it is what was written.
    @unsafe
    func isContent(_ stored: UnsafeRawBufferPointer, _ index: Int, of layout: ObjectLayout) -> Bool {
        unsafe stored.count == layout.contentLength(of: index) && isWhole(stored, layout.blocks[index])
    }

    /// Whether bytes are those that were stored.
    @unsafe
    private func isWhole(_ stored: UnsafeRawBufferPointer, _ block: ObjectLayout.Stored) -> Bool {
        unsafe stored.count == block.length && Checksum.crc32c(stored) == block.checksum
    }

    /// Turns a block that is not encrypted into content.
    @unsafe
    private func expand(
        _ stored: UnsafeRawBufferPointer,
        _ block: ObjectLayout.Stored,
        _ length: Int,
        into target: UnsafeMutableRawBufferPointer
    ) -> Bool {
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
