public import CRingFUSE

/// READ, READDIR and READDIRPLUS.
@frozen
@usableFromInline
package struct ReadRequest: Equatable, Sendable {
    /// The handle.
    @usableFromInline package let fileHandle: UInt64
    /// Where to begin, in bytes; in a directory, the `off` of the last entry seen, or 0.
    @usableFromInline package let offset: UInt64
    /// How many bytes at most.
    @usableFromInline package let size: UInt32
    /// Owner of locks, when mandatory locking needs it.
    @usableFromInline package let lockOwner: UInt64?
    /// Flags of open(2).
    @usableFromInline package let flags: UInt32

    /// Decodes the argument; throws `truncated`.
    @inlinable
    package init(argument: RawSpan) throws(WireError) {
        let raw = try argument.load(fuse_read_in.self)
        fileHandle = raw.fh
        offset = raw.offset
        size = raw.size
        lockOwner = raw.read_flags & FUSE_READ_LOCKOWNER != 0 ? raw.lock_owner : nil
        flags = raw.flags
    }
}

/// WRITE.
@frozen
@usableFromInline
package struct WriteRequest: ~Escapable {
    /// The handle; a guess when `isFromCache`.
    @usableFromInline package let fileHandle: UInt64
    /// Where to begin, in bytes.
    @usableFromInline package let offset: UInt64
    /// How many bytes.
    @usableFromInline package let size: UInt32
    /// Whether the page cache writes back, not a caller (`FUSE_WRITE_CACHE`).
    @usableFromInline package let isFromCache: Bool
    /// Whether suid and sgid are to be cleared (`FUSE_WRITE_KILL_SUIDGID`).
    @usableFromInline package let killsSetID: Bool
    /// Owner of locks, when mandatory locking needs it.
    @usableFromInline package let lockOwner: UInt64?
    /// Flags of open(2).
    @usableFromInline package let flags: UInt32
    /// The bytes, `size` of them; empty in a zero-copied request.
    @usableFromInline package let data: RawSpan

    /// Decodes the request; throws `truncated`, or `badLength` when there are more bytes than `size` says.
    @inlinable
    @_lifetime(copy payload)
    package init(argument: RawSpan, payload: RawSpan) throws(WireError) {
        let raw = try argument.load(fuse_write_in.self)
        self.init(raw, data: try payload.data(exactly: raw.size))
    }

    /// Decodes a request whose bytes are in the entry's registered pages; throws `truncated`.
    @_lifetime(immortal)
    package init(zeroCopied argument: RawSpan) throws(WireError) {
        self.init(try argument.load(fuse_write_in.self), data: RawSpan())
    }

    /// Takes over the fields.
    @inlinable
    @_lifetime(copy data)
    init(_ raw: fuse_write_in, data: RawSpan) {
        fileHandle = raw.fh
        offset = raw.offset
        size = raw.size
        isFromCache = raw.write_flags & FUSE_WRITE_CACHE != 0
        killsSetID = raw.write_flags & FUSE_WRITE_KILL_SUIDGID != 0
        lockOwner = raw.write_flags & FUSE_WRITE_LOCKOWNER != 0 ? raw.lock_owner : nil
        flags = raw.flags
        self.data = data
    }
}

/// FALLOCATE.
package struct FallocateRequest: Equatable, Sendable {
    /// The handle.
    package let fileHandle: UInt64
    /// Where the range begins, in bytes.
    package let offset: UInt64
    /// Length of the range, in bytes.
    package let length: UInt64
    /// Mode of fallocate(2).
    package let mode: UInt32

    /// Decodes the argument; throws `truncated`.
    package init(argument: RawSpan) throws(WireError) {
        let raw = try argument.load(fuse_fallocate_in.self)
        fileHandle = raw.fh
        offset = raw.offset
        length = raw.length
        mode = raw.mode
    }
}

/// LSEEK, of which the kernel sends only SEEK_DATA and SEEK_HOLE.
package struct SeekRequest: Equatable, Sendable {
    /// The handle.
    package let fileHandle: UInt64
    /// Where to begin, in bytes.
    package let offset: UInt64
    /// What to look for.
    package let whence: UInt32

    /// Decodes the argument; throws `truncated`.
    package init(argument: RawSpan) throws(WireError) {
        let raw = try argument.load(fuse_lseek_in.self)
        fileHandle = raw.fh
        offset = raw.offset
        whence = raw.whence
    }
}

/// COPY_FILE_RANGE and COPY_FILE_RANGE_64; the header's node is the source.
package struct CopyFileRangeRequest: Equatable, Sendable {
    /// The handle of the source.
    package let sourceHandle: UInt64
    /// Where to read, in bytes.
    package let sourceOffset: UInt64
    /// The node of the destination.
    package let destinationNode: UInt64
    /// The handle of the destination.
    package let destinationHandle: UInt64
    /// Where to write, in bytes.
    package let destinationOffset: UInt64
    /// How many bytes; the reply to COPY_FILE_RANGE cannot say more than 32 bits of them.
    package let length: UInt64
    /// Flags of copy_file_range(2).
    package let flags: UInt64

    /// Decodes the argument; throws `truncated`.
    package init(argument: RawSpan) throws(WireError) {
        let raw = try argument.load(fuse_copy_file_range_in.self)
        sourceHandle = raw.fh_in
        sourceOffset = raw.off_in
        destinationNode = raw.nodeid_out
        destinationHandle = raw.fh_out
        destinationOffset = raw.off_out
        length = raw.len
        flags = raw.flags
    }
}

/// NOTIFY_REPLY: pages that a retrieve notification asked for; the header's `unique` is the notification's.
///
/// The kernel has no fixed part for it (`fuse_retrieve` sets a first argument without size): the structure comes in
/// front of the data, which makes a difference on the ring.
package struct RetrieveReply: ~Escapable {
    /// Where they lie in the file, in bytes.
    package let offset: UInt64
    /// The bytes.
    package let data: RawSpan

    /// Bytes in front of the data.
    package static let headSize = MemoryLayout<fuse_notify_retrieve_in>.size

    /// Decodes the payload; throws `truncated` or `badLength`.
    @_lifetime(copy payload)
    package init(payload: RawSpan) throws(WireError) {
        let raw = try payload.load(fuse_notify_retrieve_in.self)
        offset = raw.offset
        data = try payload.data(from: Self.headSize, exactly: raw.size)
    }
}
