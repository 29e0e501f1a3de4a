import CRingFUSE

/// OPEN and OPENDIR.
package struct OpenRequest: Equatable, Sendable {
    /// Flags of open(2), without O_CREAT, O_EXCL and O_NOCTTY.
    package let flags: UInt32
    /// Whether suid and sgid are to be cleared (`FUSE_OPEN_KILL_SUIDGID`).
    package let killsSetID: Bool

    /// Decodes the argument; throws `truncated`.
    package init(argument: RawSpan) throws(WireError) {
        let raw = try argument.load(fuse_open_in.self)
        flags = raw.flags
        killsSetID = raw.open_flags & FUSE_OPEN_KILL_SUIDGID != 0
    }
}

/// CREATE: a file to be made and opened.
package struct CreateRequest: ~Escapable {
    /// Flags of open(2).
    package let flags: UInt32
    /// Permissions, the umask already applied unless `FUSE_DONT_MASK` was agreed on.
    package let mode: UInt32
    /// The caller's umask.
    package let umask: UInt32
    /// Whether suid and sgid are to be cleared (`FUSE_OPEN_KILL_SUIDGID`).
    package let killsSetID: Bool
    /// Its name.
    package let name: Span<UInt8>
    /// What follows the name: extensions, if any.
    package let trailing: RawSpan

    /// Decodes the request; throws `truncated` or `badName`.
    @_lifetime(copy payload)
    package init(argument: RawSpan, payload: RawSpan) throws(WireError) {
        let raw = try argument.load(fuse_create_in.self)
        let range = try payload.nameRange(.entry)
        flags = raw.flags
        mode = raw.mode
        umask = raw.umask
        killsSetID = raw.open_flags & FUSE_OPEN_KILL_SUIDGID != 0
        name = payload.octets(range)
        trailing = payload.suffix(from: range.upperBound + 1)
    }
}

/// TMPFILE: a file without a name to be made and opened; the header's node is a directory of its file system.
package struct TemporaryFileRequest: ~Escapable {
    /// Flags of open(2).
    package let flags: UInt32
    /// Permissions, the umask already applied unless `FUSE_DONT_MASK` was agreed on.
    package let mode: UInt32
    /// The caller's umask.
    package let umask: UInt32
    /// What follows the name: extensions, if any.
    package let trailing: RawSpan

    /// Decodes the request; throws `truncated` or `badName`.
    @_lifetime(copy payload)
    package init(argument: RawSpan, payload: RawSpan) throws(WireError) {
        let raw = try argument.load(fuse_create_in.self)
        // The kernel sends the name it gives such a file itself, "/": it says nothing and is passed over.
        let range = try payload.nameRange(.anything)
        flags = raw.flags
        mode = raw.mode
        umask = raw.umask
        trailing = payload.suffix(from: range.upperBound + 1)
    }
}

/// RELEASE and RELEASEDIR.
package struct ReleaseRequest: Equatable, Sendable {
    /// The handle that goes.
    package let fileHandle: UInt64
    /// Flags of open(2) that it was opened with.
    package let flags: UInt32
    /// Whether to flush as well (`FUSE_RELEASE_FLUSH`).
    package let flushes: Bool
    /// Whether to drop the flock lock of `lockOwner` (`FUSE_RELEASE_FLOCK_UNLOCK`).
    package let unlocks: Bool
    /// Owner of locks.
    package let lockOwner: UInt64

    /// Decodes the argument; throws `truncated`.
    package init(argument: RawSpan) throws(WireError) {
        let raw = try argument.load(fuse_release_in.self)
        fileHandle = raw.fh
        flags = raw.flags
        flushes = raw.release_flags & FUSE_RELEASE_FLUSH != 0
        unlocks = raw.release_flags & FUSE_RELEASE_FLOCK_UNLOCK != 0
        lockOwner = raw.lock_owner
    }
}

/// FLUSH: a descriptor of an open file was closed.
package struct FlushRequest: Equatable, Sendable {
    /// The handle.
    package let fileHandle: UInt64
    /// Owner of the POSIX locks to drop.
    package let lockOwner: UInt64

    /// Decodes the argument; throws `truncated`.
    package init(argument: RawSpan) throws(WireError) {
        let raw = try argument.load(fuse_flush_in.self)
        fileHandle = raw.fh
        lockOwner = raw.lock_owner
    }
}

/// FSYNC and FSYNCDIR.
package struct SyncRequest: Equatable, Sendable {
    /// The handle.
    package let fileHandle: UInt64
    /// Whether attributes may wait (`FUSE_FSYNC_FDATASYNC`).
    package let isDataOnly: Bool

    /// Decodes the argument; throws `truncated`.
    package init(argument: RawSpan) throws(WireError) {
        let raw = try argument.load(fuse_fsync_in.self)
        fileHandle = raw.fh
        isDataOnly = raw.fsync_flags & FUSE_FSYNC_FDATASYNC != 0
    }
}
