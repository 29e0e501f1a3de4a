import CNetworkStore
import Testing

@testable import NetworkStore

/// How objects are laid out, and checksums.
@Suite struct ObjectLayoutTests {
    /// What is written is read.
    @Test(arguments: [1, 4095, 4096, 4097, 100_000])
    func isReadAsWritten(length: Int) throws {
        let layout = layout(length: length)
        let record = ObjectRecord(number: 1, length: UInt64(length), layout: layout.encoded)
        let read = try #require(ObjectLayout(of: record))
        #expect(read == layout)
        #expect(read.storedRange(of: 0..<read.blocks.count) == 0..<length)
        #expect(read.contentLength(of: read.blocks.count - 1) == (length - 1) % 4096 + 1)
    }

    /// Nothing that is cut off, too long, of another version or another length is taken for a layout.
    @Test func refusesWhatIsNone() {
        let good = layout(length: 10_000).encoded
        for count in 0..<good.count { #expect(read(ContiguousArray(good.prefix(count)), length: 10_000) == nil) }
        #expect(read(good + [0], length: 10_000) == nil)
        #expect(read(good, length: 20_000) == nil)
        #expect(read(good, length: 0) == nil)
        #expect(read(good, length: .max) == nil)
        for (index, byte) in [(0, 2), (0, 3), (1, 0xff), (4, 0xff), (8, 0x7f)] {
            var bad = good
            bad[index] = UInt8(byte)
            #expect(read(bad, length: 10_000) == nil, "byte \(index)")
        }
    }

    private func read(_ bytes: ContiguousArray<UInt8>, length: UInt64) -> ObjectLayout? {
        ObjectLayout(of: ObjectRecord(number: 1, length: length, layout: bytes))
    }

    private func layout(length: Int) -> ObjectLayout {
        var layout = ObjectLayout(blockSize: 4096, length: length)
        for index in 0...(length - 1) / 4096 {
            layout.append(
                ObjectLayout.Stored(
                    length: UInt32(layout.contentLength(of: index)), checksum: UInt32(index) &* 77_777,
                    isCompressed: false))
        }
        return layout
    }

    /// CRC-32C as RFC 3720 gives it, for any length and alignment.
    @Test func checksumsAreThoseOfTheStandard() {
        #expect(checksum(Array("123456789".utf8)) == 0xe306_9283)
        #expect(checksum([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
        #expect(checksum([UInt8](repeating: 0xff, count: 32)) == 0x62a8_ab43)
        #expect(checksum(Array(0..<32)) == 0x46dd_794e)
        #expect(checksum([]) == 0)
        let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for start in 0..<9 {
            for end in stride(from: start, to: bytes.count, by: 7) {
                unsafe bytes.withUnsafeBytes { bytes in
                    let part = unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<end])
                    #expect(unsafe Checksum.crc32c(part) == bitByBit(part))
                }
            }
        }
    }

    private func checksum(_ bytes: [UInt8]) -> UInt32 {
        unsafe bytes.withUnsafeBytes { unsafe Checksum.crc32c($0) }
    }

    /// The checksum by its definition.
    private func bitByBit(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        var sum = UInt32.max
        for index in bytes.indices {
            sum ^= unsafe UInt32(bytes[index])
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0x82f6_3b78 : sum >> 1 }
        }
        return ~sum
    }
}
