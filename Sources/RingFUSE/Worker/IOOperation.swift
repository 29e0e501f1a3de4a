/// One asynchronous operation of a backend, as the ring or the thread pool carries it out.
package struct IOOperation: Sendable {
    /// What to do; the fields are used as the operation's SQE does.
    package enum Kind: UInt8, Sendable {
        case read
        case write
        case synchronize
        case allocate
        case close
        case open
        case statx
        case sleep
    }

    package var kind: Kind
    /// The descriptor; -1 where none is meant.
    package var file: Int32
    /// Address of the buffer or path; the length of an allocation.
    package var address: UInt
    /// Bytes of the buffer; the mode of an open; the mask of a statx; the whole seconds of a sleep.
    package var length: Int
    /// Offset in the file, `UInt64.max` for its position; the result's address of a statx; the nanoseconds of a sleep
    /// beyond its seconds.
    package var offset: UInt64
    package var flags: UInt32

    package init(
        _ kind: Kind,
        file: Int32,
        address: UInt = 0,
        length: Int = 0,
        offset: UInt64 = 0,
        flags: UInt32 = 0
    ) {
        self.kind = kind
        self.file = file
        self.address = address
        self.length = length
        self.offset = offset
        self.flags = flags
    }
}
