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

    private func encode(_ bytes: [UInt8], _ codec: BlockCodec) -> ([UInt8], ObjectLayout) {
        var memory = bytes
        let layout = unsafe memory.withUnsafeMutableBytes {
            unsafe codec.encode($0, length: bytes.count, blockSize: Self.blockSize)
        }
        return (Array(memory.prefix(layout.storedRange(of: layout.blocks.indices).count)), layout)
    }

    private func decode(_ stored: [UInt8], _ layout: ObjectLayout, _ codec: BlockCodec) -> [UInt8]? {
        var content: [UInt8] = []
        for index in layout.blocks.indices {
            let range = layout.storedRange(of: index..<index + 1)
            var block = [UInt8](repeating: 0xaa, count: Self.blockSize)
            let length = layout.contentLength(of: index)
            let isRight = unsafe block.withUnsafeMutableBytes { target in
                unsafe stored.withUnsafeBytes { stored in
                    unsafe codec.decode(
                        UnsafeRawBufferPointer(rebasing: stored[range]), layout.blocks[index], length: length,
                        into: target)
                }
            }
            guard isRight else { return nil }
            content += block.prefix(length)
        }
        return content
    }
}
