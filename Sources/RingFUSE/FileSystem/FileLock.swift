/// A lock on a range of a file (`struct fuse_file_lock`).
@frozen
public struct FileLock: Hashable, Sendable {
    /// What a lock keeps others from.
    @frozen
    public enum Kind: UInt32, Sendable {
        /// Shared: keeps writers away (`F_RDLCK`, `LOCK_SH`).
        case read = 0
        /// Exclusive (`F_WRLCK`, `LOCK_EX`).
        case write = 1
        /// No lock: releases (`F_UNLCK`, `LOCK_UN`).
        case unlock = 2
    }

    /// Shared, exclusive or none.
    public var kind: Kind
    /// First byte.
    public var start: UInt64
    /// Last byte; `UInt64(Int64.max)` for the end of the file, however far that is.
    public var end: UInt64
    /// The process that holds it, in the PID namespace of the mount; 0 where unknown.
    public var processID: UInt32
    /// Whether it is a lock of `flock(2)`, on the whole file, instead of one of `fcntl(2)`.
    public var isWholeFile: Bool

    /// A lock.
    @inlinable
    public init(kind: Kind, start: UInt64, end: UInt64, processID: UInt32 = 0, isWholeFile: Bool = false) {
        self.kind = kind
        self.start = start
        self.end = end
        self.processID = processID
        self.isWholeFile = isWholeFile
    }
}

/// Names the callers of `poll(2)` that wait for a file (`kh`).
@frozen
public struct PollHandle: RawRepresentable, Hashable, Sendable {
    /// The kernel's number.
    public let rawValue: UInt64

    /// Wraps the kernel's number.
    @inlinable
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// What `statx` tells: attributes, and what `stat` has no room for.
@frozen
public struct DetailedAttributesReply: Sendable {
    /// What `stat` tells, and for how long it holds.
    public var reply: AttributesReply
    /// When the file was made; `nil` where that is not known.
    public var birthTime: Timestamp?

    /// Attributes with a time of birth.
    @inlinable
    public init(_ reply: AttributesReply, birthTime: Timestamp?) {
        self.reply = reply
        self.birthTime = birthTime
    }
}
