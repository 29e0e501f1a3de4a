import CRingFUSE

/// GETATTR.
package struct GetAttributesRequest: Equatable, Sendable {
    /// The handle, when asked through an open file.
    package let fileHandle: UInt64?

    /// Decodes the argument; throws `truncated`.
    package init(argument: RawSpan) throws(WireError) {
        let raw = try argument.load(fuse_getattr_in.self)
        fileHandle = raw.getattr_flags & FUSE_GETATTR_FH != 0 ? raw.fh : nil
    }
}

/// SETATTR: what is nil stays as it is.
package struct SetAttributesRequest: Equatable, Sendable {
    /// A time to be set.
    package enum Time: Equatable, Sendable {
        /// The server's present time.
        case now
        /// Seconds since 1970, and nanoseconds.
        case at(seconds: Int64, nanoseconds: UInt32)
    }

    /// The handle, when asked through an open file.
    package let fileHandle: UInt64?
    /// Permissions, with the type of the file.
    package let mode: UInt32?
    /// User ID.
    package let uid: UInt32?
    /// Group ID.
    package let gid: UInt32?
    /// Size in bytes.
    package let size: UInt64?
    /// Time of last access.
    package let accessTime: Time?
    /// Time of last modification.
    package let modificationTime: Time?
    /// Time of last change of status; only with `FUSE_WRITEBACK_CACHE`.
    package let changeTime: Time?
    /// Owner of locks, when the size changes and mandatory locking needs it.
    package let lockOwner: UInt64?
    /// Whether suid and sgid are to be cleared (`FATTR_KILL_SUIDGID`).
    package let killsSetID: Bool

    /// Decodes the argument; throws `truncated`.
    package init(argument: RawSpan) throws(WireError) {
        let raw = try argument.load(fuse_setattr_in.self)
        let valid = raw.valid
        fileHandle = valid & FATTR_FH != 0 ? raw.fh : nil
        mode = valid & FATTR_MODE != 0 ? raw.mode : nil
        uid = valid & FATTR_UID != 0 ? raw.uid : nil
        gid = valid & FATTR_GID != 0 ? raw.gid : nil
        size = valid & FATTR_SIZE != 0 ? raw.size : nil
        accessTime = Self.time(valid, FATTR_ATIME, FATTR_ATIME_NOW, raw.atime, raw.atimensec)
        modificationTime = Self.time(valid, FATTR_MTIME, FATTR_MTIME_NOW, raw.mtime, raw.mtimensec)
        changeTime = Self.time(valid, FATTR_CTIME, 0, raw.ctime, raw.ctimensec)
        lockOwner = valid & FATTR_LOCKOWNER != 0 ? raw.lock_owner : nil
        killsSetID = valid & FATTR_KILL_SUIDGID != 0
    }

    /// One of the three times: the kernel sets the bit of "now" only along with that of the time itself.
    private static func time(
        _ valid: UInt32,
        _ isSet: UInt32,
        _ isNow: UInt32,
        _ seconds: UInt64,
        _ nanoseconds: UInt32
    ) -> Time? {
        guard valid & isSet != 0 else { return nil }
        if valid & isNow != 0 { return .now }
        // Times before 1970 are negative numbers that travel as unsigned ones.
        return .at(seconds: Int64(bitPattern: seconds), nanoseconds: nanoseconds)
    }
}

/// STATX.
package struct StatxRequest: Equatable, Sendable {
    /// The handle, when asked through an open file.
    package let fileHandle: UInt64?
    /// Flags of statx(2).
    package let flags: UInt32
    /// Which fields are wanted, as statx(2) numbers them.
    package let mask: UInt32

    /// Decodes the argument; throws `truncated`.
    package init(argument: RawSpan) throws(WireError) {
        let raw = try argument.load(fuse_statx_in.self)
        fileHandle = raw.getattr_flags & FUSE_GETATTR_FH != 0 ? raw.fh : nil
        flags = raw.sx_flags
        mask = raw.sx_mask
    }
}

/// ACCESS.
package struct AccessRequest: Equatable, Sendable {
    /// R_OK, W_OK and X_OK, as in access(2).
    package let mask: UInt32

    /// Decodes the argument; throws `truncated`.
    package init(argument: RawSpan) throws(WireError) {
        mask = try argument.load(fuse_access_in.self).mask
    }
}
