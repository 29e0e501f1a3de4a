/// Why bytes are not a message of the FUSE protocol, or a message does not fit its buffer.
@usableFromInline
package enum WireError: Error, Equatable, Sendable {
    /// The bytes end before the message does; both counts are bytes of the part that was being read.
    case truncated(expected: Int, got: Int)
    /// A length or count inside the message contradicts its size.
    case badLength
    /// A name is empty, longer than 4095 bytes, or holds a character it must not.
    case badName
    /// No kernel through ABI 7.46 has this opcode.
    case unknownOpcode(UInt32)
    /// The message to be written is larger than the room left for it; both counts are bytes.
    case noRoom(needed: Int, free: Int)
}
