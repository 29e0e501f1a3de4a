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
        case rename
        case remove
        case makeDirectory
        case connect
        case send
        case sendTwo
        case receive
        case exchange

        /// Whether it may wait for another machine, for as long as that likes.
        package var isOfSocket: Bool {
            switch self {
            case .connect, .send, .sendTwo, .receive, .exchange: true
            default: false
            }
        }
    }

    package var kind: Kind
    /// The descriptor; the directory that a rename takes from; -1 where none is meant.
    package var file: Int32
    /// Address of the buffer, path or socket address; the length of an allocation.
    package var address: UInt
    /// Bytes of the buffer or socket address; the mode of an open or a new directory; the mask of a statx; the whole
    /// seconds of a sleep; the directory that a rename puts into.
    package var length: Int
    /// Offset in the file, `UInt64.max` for its position; the result's address of a statx; the nanoseconds of a sleep
    /// beyond its seconds; the new path of a rename; the address of the second piece of a send, or of what an exchange sends.
    package var offset: UInt64
    /// Flags; the bytes of the second piece of a send, or of what an exchange sends.
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
