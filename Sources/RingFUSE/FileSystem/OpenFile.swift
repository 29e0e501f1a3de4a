/// How a file is opened: the flags of `open(2)` as the kernel passes them on.
@frozen
public struct OpenFlags: OptionSet, Sendable {
    /// The bits as `open(2)` has them.
    public let rawValue: UInt32

    /// Wraps the bits of `open(2)`.
    @inlinable
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Open for writing only (`O_WRONLY`).
    public static var writeOnly: OpenFlags { OpenFlags(rawValue: 0o1) }
    /// Open for reading and writing (`O_RDWR`).
    public static var readWrite: OpenFlags { OpenFlags(rawValue: 0o2) }
    /// Fail where the name exists (`O_EXCL`).
    public static var exclusive: OpenFlags { OpenFlags(rawValue: 0o200) }
    /// Cut to length 0 (`O_TRUNC`); sent to backends with ``FileSystemFeatures/truncatesOnOpen``.
    public static var truncate: OpenFlags { OpenFlags(rawValue: 0o1000) }
    /// Each write goes to the end (`O_APPEND`).
    public static var append: OpenFlags { OpenFlags(rawValue: 0o2000) }
    /// Bypass the page cache (`O_DIRECT`).
    public static var direct: OpenFlags {
        // The one flag here that architectures number differently.
        #if arch(arm64) || arch(arm)
            OpenFlags(rawValue: 0o200000)
        #else
            OpenFlags(rawValue: 0o40000)
        #endif
    }

    /// Clear set-user-ID and set-group-ID bits (and `security.capability`), since the file is cut by a caller who may
    /// not keep them (`FUSE_OPEN_KILL_SUIDGID`). No flag of `open(2)`: it stands where that has none. Comes with
    /// ``truncate`` only, to backends with ``FileSystemFeatures/clearsPrivileges``.
    public static var killsPrivileges: OpenFlags { OpenFlags(rawValue: 1 << 31) }

    /// Whether the file may be read.
    @inlinable
    public var allowsReading: Bool { rawValue & 3 != 1 }

    /// Whether the file may be written.
    @inlinable
    public var allowsWriting: Bool { rawValue & 3 == 1 || rawValue & 3 == 2 }
}

/// What a backend says of a file that it opened (`struct fuse_open_out`).
public struct OpenReply: Sendable {
    /// What the backend calls the open file.
    public var handle: HandleID
    /// How the kernel is to treat it.
    public var options: Options
    /// The kernel's number of the file that it passes through to; 0: to none.
    let backingID: Int32

    /// An open file.
    public init(handle: HandleID = .none, options: Options = []) {
        self.handle = handle
        self.options = options
        backingID = 0
    }

    /// An open file that the kernel reads and writes without asking (`FOPEN_PASSTHROUGH`, kernel 6.9).
    ///
    /// - Parameters:
    ///   - file: what it passes through to; keep it until this open file has been released.
    ///   - options: of these the kernel takes, beside passthrough, ``Options/noFlush``, and ``Options/directIO`` (only
    ///     mappings pass through then) with ``Options/parallelDirectWrites``; others are left out.
    public init(handle: HandleID, passingThrough file: BackingFile, options: Options = []) {
        self.handle = handle
        self.options = options.intersection([.noFlush, .directIO, .parallelDirectWrites])
        backingID = file.id
    }

    /// How the kernel treats an open file (`FOPEN_*`).
    @frozen
    public struct Options: OptionSet, Sendable {
        /// The bits as the kernel has them.
        public let rawValue: UInt32

        /// Wraps the bits.
        @inlinable
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Bypass the page cache for this open file (`FOPEN_DIRECT_IO`).
        public static var directIO: Options { Options(rawValue: 1 << 0) }
        /// Keep what the page cache has of this file (`FOPEN_KEEP_CACHE`).
        public static var keepCache: Options { Options(rawValue: 1 << 1) }
        /// The file has no position (`FOPEN_NONSEEKABLE`).
        public static var notSeekable: Options { Options(rawValue: 1 << 2) }
        /// Cache what is read of this directory (`FOPEN_CACHE_DIR`).
        public static var cacheDirectory: Options { Options(rawValue: 1 << 3) }
        /// A stream: reads and writes do not lock each other out (`FOPEN_STREAM`).
        public static var stream: Options { Options(rawValue: 1 << 4) }
        /// `close` sends no FLUSH (`FOPEN_NOFLUSH`, kernel 5.16).
        public static var noFlush: Options { Options(rawValue: 1 << 5) }
        /// Direct writes to one file may overlap in time (`FOPEN_PARALLEL_DIRECT_WRITES`, kernel 6.2).
        public static var parallelDirectWrites: Options { Options(rawValue: 1 << 6) }
    }
}

/// A name made and opened in one step (CREATE).
public struct CreateReply: Sendable {
    /// The new node; counts as one lookup.
    public var entry: Entry
    /// The open file.
    public var file: OpenReply

    /// A new, open file.
    public init(entry: Entry, file: OpenReply) {
        self.entry = entry
        self.file = file
    }
}

/// An open file or directory as later requests name it.
@frozen
public struct OpenFile: Sendable {
    /// The node that was opened.
    public var node: NodeID
    /// What the backend called it.
    public var handle: HandleID
    /// The flags of the open file as they are now (`fcntl` changes them); empty where the request carries none.
    public var flags: OpenFlags
    /// Names the owner of POSIX locks, where the request carries one.
    public var lockOwner: UInt64?

    /// An open file.
    @inlinable
    public init(node: NodeID, handle: HandleID, flags: OpenFlags = [], lockOwner: UInt64? = nil) {
        self.node = node
        self.handle = handle
        self.flags = flags
        self.lockOwner = lockOwner
    }
}
