internal import CNetworkStore

/// How the content of an object lies in the store: block by block, each with its stored length and checksum.
///
/// It is kept with the metadata and not in the object: a reader then needs no request to find out, and an object that was
/// exchanged for another is noticed.
struct ObjectLayout: Equatable {
    /// A block as it is stored.
    struct Stored: Equatable {
        /// Bytes in the object.
        var length: UInt32
        /// The CRC-32C of those bytes.
        var checksum: UInt32
        /// Whether those bytes are compressed; before they are encrypted.
        var isCompressed: Bool
        /// What those bytes are decrypted with, where they are encrypted.
        var tag: SealTag?

        static func == (left: Stored, right: Stored) -> Bool {
            (left.length, left.checksum, left.isCompressed) == (right.length, right.checksum, right.isCompressed)
                && (left.tag == nil) == (right.tag == nil)
                && (0..<16).allSatisfy { left.tag?[$0] == right.tag?[$0] }
        }
    }

    /// Bytes of content in each block but the last.
    let blockSize: Int
    /// Bytes of content in all of them.
    let length: Int
    /// What makes the object's key one of its own; `nil` where it is not encrypted.
    let salt: Salt?
    /// The blocks, one after another in the object.
    private(set) var blocks: ContiguousArray<Stored> = []

    /// A layout without blocks yet.
    init(blockSize: Int, length: Int, salt: Salt? = nil) {
        self.blockSize = blockSize
        self.length = length
        self.salt = salt
    }

    /// Adds the next block.
    mutating func append(_ block: Stored) { blocks.append(block) }

    /// Bytes of content in a block.
    func contentLength(of index: Int) -> Int { min(blockSize, length - index * blockSize) }

    /// Where blocks lie in the object.
    func storedRange(of indices: Range<Int>) -> Range<Int> {
        let start = blocks[..<indices.lowerBound].reduce(0) { $0 + Int($1.length) }
        return start..<blocks[indices].reduce(start) { $0 + Int($1.length) }
    }

    // MARK: Bytes

    /// Of a layout without and with encryption.
    private static let version: UInt8 = 1
    private static let encryptedVersion: UInt8 = 2
    private static let headSize = 5
    private static let entrySize = 8
    private static let tagSize = 16
    private static let compressedBit: UInt32 = 1 << 31

    /// The layout as the metadata keeps it: version, block size (4 bytes), with encryption the salt (16), then for each block
    /// its length, with the upper bit for compressed, and checksum, with encryption the tag (16). All numbers
    /// little-endian.
    var encoded: ContiguousArray<UInt8> {
        var bytes = ContiguousArray<UInt8>()
        bytes.reserveCapacity(Self.headSize + Salt.size + blocks.count * (Self.entrySize + Self.tagSize))
        bytes.append(salt == nil ? Self.version : Self.encryptedVersion)
        Self.append(UInt32(blockSize), to: &bytes)
        salt?.append(to: &bytes)
        for block in blocks {
            Self.append(block.length | (block.isCompressed ? Self.compressedBit : 0), to: &bytes)
            Self.append(block.checksum, to: &bytes)
            if let tag = block.tag { for index in tag.indices { bytes.append(tag[index]) } }
        }
        return bytes
    }

    /// The layout of an object; `nil` where the bytes are none.
    init?(of object: ObjectRecord) {
        let bytes = object.layout
        guard bytes.count >= Self.headSize, let length = Int(exactly: object.length) else { return nil }
        let isEncrypted = bytes[0] == Self.encryptedVersion
        guard isEncrypted || bytes[0] == Self.version else { return nil }
        let size = Int(Self.number(bytes, at: 1))
        // What is read into memory at once has a limit.
        guard size > 0, size <= 64 << 20, length > 0 else { return nil }
        let count = (length - 1) / size + 1
        let headSize = Self.headSize + (isEncrypted ? Salt.size : 0)
        let entrySize = Self.entrySize + (isEncrypted ? Self.tagSize : 0)
        guard bytes.count == headSize + count * entrySize else { return nil }
        blockSize = size
        self.length = length
        salt = isEncrypted ? Salt(bytes[Self.headSize..<headSize]) : nil
        for index in 0..<count {
            let place = headSize + index * entrySize
            let word = Self.number(bytes, at: place)
            var block = Stored(
                length: word & ~Self.compressedBit, checksum: Self.number(bytes, at: place + 4),
                isCompressed: word & Self.compressedBit != 0)
            if isEncrypted {
                var tag = SealTag(repeating: 0)
                for byte in tag.indices { tag[byte] = bytes[place + Self.entrySize + byte] }
                block.tag = tag
            }
            guard block.isCompressed || block.length == contentLength(of: index) else { return nil }
            guard block.length <= contentLength(of: index) else { return nil }
            blocks.append(block)
        }
    }

    private static func append(_ number: UInt32, to bytes: inout ContiguousArray<UInt8>) {
        for shift in stride(from: 0, to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    private static func number(_ bytes: ContiguousArray<UInt8>, at offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * $1) }
    }
}

/// CRC-32C.
enum Checksum {
    /// The checksum of bytes.
    static func crc32c(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        unsafe rstore_crc32c(bytes.baseAddress, bytes.count)
    }
}
