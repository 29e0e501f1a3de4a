import TestSupport
import Testing

@testable import NetworkStore

/// What is stored of blocks, and what comes back.
@Suite struct BlockCodecTests {
    private static let blockSize = 4096

    /// Content that compresses, content that does not, and both in one object.
    enum Content: CaseIterable {
        case text
        case noise
        case mixed

        func bytes(_ count: Int) -> [UInt8] {
            var random = Seeded(seed: UInt64(count))
            return (0..<count).map { index in
                let isNoise = self == .noise || (self == .mixed && index / blockSize % 2 == 1)
                return isNoise ? UInt8.random(in: 0...255, using: &random) : UInt8(truncatingIfNeeded: index / 64)
            }
        }
    }

    /// What comes out is what went in, and nothing is stored larger than it is.
    @Test(arguments: VolumeDescription.Compression.allCases, Content.allCases)
    func givesBackWhatItGot(_ compression: VolumeDescription.Compression, _ content: Content) {
        let codec = BlockCodec(compression: compression)
        for count in [1, 2, 4095, 4096, 4097, 50_000] {
            let bytes = content.bytes(count)
            let (stored, layout) = encode(bytes, codec)
            #expect(stored.count <= count)
            if compression != .none, content == .text, count > 4096 { #expect(stored.count < count / 4) }
            #expect(decode(stored, layout, codec) == bytes)
        }
    }

    /// A changed byte is noticed wherever it is; bytes that are no compressed block do no harm, even if their checksum is
    /// right.
    @Test(arguments: VolumeDescription.Compression.allCases)
    func noticesDamage(_ compression: VolumeDescription.Compression) {
        let codec = BlockCodec(compression: compression)
        let (stored, layout) = encode(Content.text.bytes(Self.blockSize), codec)
        for index in stored.indices {
            var damaged = stored
            damaged[index] ^= 0x40
            #expect(decode(damaged, layout, codec) == nil)
        }
        var random = Seeded(seed: 5)
        for _ in 0..<2000 {
            let count = Int.random(in: 1..<Self.blockSize, using: &random)
            let noise = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            var layout = ObjectLayout(blockSize: Self.blockSize, length: Self.blockSize)
            let checksum = unsafe noise.withUnsafeBytes { unsafe Checksum.crc32c($0) }
            layout.append(ObjectLayout.Stored(length: UInt32(count), checksum: checksum, isCompressed: true))
            _ = decode(noise, layout, codec)
        }
    }

    private static let key = VolumeKey(ContiguousArray(repeating: 9, count: 32))

    /// An encrypted object gives back what it got, is no longer than before, and never twice the same.
    @Test(arguments: VolumeDescription.Compression.allCases, Content.allCases)
    func encrypts(_ compression: VolumeDescription.Compression, _ content: Content) throws {
        let codec = BlockCodec(compression: compression, key: Self.key)
        for count in [1, 4096, 4097, 50_000] {
            let bytes = content.bytes(count)
            let (stored, layout) = encode(bytes, codec)
            let plain = encode(bytes, BlockCodec(compression: compression))
            #expect(stored.count == plain.0.count && (count < 10 || stored != plain.0))
            #expect(count < 10 || encode(bytes, codec).0 != stored)
            let record = ObjectRecord(number: 1, length: UInt64(count), layout: layout.encoded)
            #expect(ObjectLayout(of: record) == layout)
            #expect(decode(stored, try #require(ObjectLayout(of: record)), codec) == bytes)
        }
    }

    /// Nothing is taken for what it is not, though its checksum be right: a changed byte, another block of the object,
    /// another object, the same in another volume, and what is not encrypted.
    @Test(arguments: VolumeDescription.Compression.allCases)
    func refusesWhatWasExchanged(_ compression: VolumeDescription.Compression) {
        let codec = BlockCodec(compression: compression, key: Self.key)
        let content = Content.noise.bytes(2 * Self.blockSize)
        let (stored, layout) = encode(content, codec)
        #expect(decode(stored, layout, codec) == content)
        var changed = stored
        changed[100] ^= 1
        #expect(decode(changed, checksummed(layout, changed), codec) == nil)
        let swapped = Array(stored[Self.blockSize...] + stored[..<Self.blockSize])
        #expect(decode(swapped, checksummed(layout, swapped), codec) == nil)
        #expect(decode(stored, layout, codec, as: 2) == nil)
        #expect(decode(stored, layout, BlockCodec(compression: compression, key: .random())) == nil)
        #expect(decode(stored, layout, BlockCodec(compression: compression)) == nil)
        let (plain, plainLayout) = encode(content, BlockCodec(compression: compression))
        #expect(decode(plain, plainLayout, codec) == nil)
    }

    /// A layout whose checksums are those of other bytes.
    private func checksummed(_ layout: ObjectLayout, _ stored: [UInt8]) -> ObjectLayout {
        var other = ObjectLayout(blockSize: layout.blockSize, length: layout.length, salt: layout.salt)
        for index in layout.blocks.indices {
            var block = layout.blocks[index]
            block.checksum = unsafe stored[layout.storedRange(of: index..<index + 1)].withUnsafeBytes {
                unsafe Checksum.crc32c($0)
            }
            other.append(block)
        }
        return other
    }

    private func encode(
        _ bytes: [UInt8],
        _ codec: BlockCodec,
        as object: ObjectNumber = 1
    ) -> ([UInt8], ObjectLayout) {
        var memory = bytes
        let layout = unsafe memory.withUnsafeMutableBytes {
            unsafe codec.encode($0, length: bytes.count, blockSize: Self.blockSize, as: object)
        }
        return (Array(memory.prefix(layout.storedRange(of: layout.blocks.indices).count)), layout)
    }

    private func decode(
        _ stored: [UInt8],
        _ layout: ObjectLayout,
        _ codec: BlockCodec,
        as object: ObjectNumber = 1
    ) -> [UInt8]? {
        var content: [UInt8] = []
        for index in layout.blocks.indices {
            let range = layout.storedRange(of: index..<index + 1)
            var block = [UInt8](repeating: 0xaa, count: Self.blockSize)
            let length = layout.contentLength(of: index)
            let isRight = unsafe block.withUnsafeMutableBytes { target in
                unsafe stored.withUnsafeBytes { stored in
                    unsafe codec.decode(
                        UnsafeRawBufferPointer(rebasing: stored[range]), index, of: layout, object, into: target)
                }
            }
            guard isRight else { return nil }
            content += block.prefix(length)
        }
        return content
    }
}
