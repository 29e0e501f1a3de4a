internal import RingFUSE

// Numbers as journals have them: little-endian, one after another.

extension ContiguousArray<UInt8> {
    /// Appends a number.
    mutating func append(number: some FixedWidthInteger) {
        unsafe Swift.withUnsafeBytes(of: number.littleEndian) { unsafe append(contentsOf: $0) }
    }

    /// Appends a time.
    mutating func append(time: Timestamp) {
        append(number: time.seconds)
        append(number: time.nanoseconds)
    }

    /// Appends bytes of a block.
    mutating func append(_ range: Range<Int>, of block: Block) {
        unsafe block.withMutableBytes { unsafe append(contentsOf: UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}

/// Reads numbers from bytes that may be any. What is beyond their end fails all that is read after it, too.
struct JournalReader {
    private let bytes: ArraySlice<UInt8>
    private(set) var position: Int
    /// Whether all that was read was there.
    private(set) var isWhole = true

    /// A reader from the start on.
    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    /// The next number; 0 where there is none.
    mutating func number<Number: FixedWidthInteger & UnsignedInteger>(_ type: Number.Type = Number.self) -> Number {
        let size = MemoryLayout<Number>.size
        guard isWhole, bytes.endIndex - position >= size else {
            isWhole = false
            return 0
        }
        defer { position += size }
        return (0..<size).reduce(0) { $0 | Number(bytes[position + $1]) << Number(8 * $1) }
    }

    /// The next time.
    mutating func time() -> Timestamp {
        let seconds = Int64(bitPattern: number(UInt64.self))
        let nanoseconds = number(UInt32.self)
        if nanoseconds >= 1_000_000_000 { isWhole = false }
        return Timestamp(seconds: seconds, nanoseconds: nanoseconds)
    }

    /// What is left.
    var rest: ArraySlice<UInt8> { bytes[position...] }
}
