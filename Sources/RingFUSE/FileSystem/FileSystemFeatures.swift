/// What a backend promises beyond the plain operations; flags of INIT follow from it.
///
/// They are a set rather than refined protocols because calls then stay generic: a call through an existential
/// costs five times one that isn't (`docs/decisions/0003-one-protocol.md`).
public struct FileSystemFeatures: OptionSet, Sendable {
    /// The set's bits.
    public let rawValue: UInt64

    /// Wraps bits.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The backend keeps POSIX locks itself (`FUSE_POSIX_LOCKS`); otherwise the kernel does, for this mount alone.
    public static let posixLocks = FileSystemFeatures(rawValue: 1 << 0)
    /// The backend keeps `flock` locks itself (`FUSE_FLOCK_LOCKS`); otherwise the kernel does, for this mount alone.
    public static let fileLocks = FileSystemFeatures(rawValue: 1 << 1)
    /// Nodes can be looked up as `.` and `..` by number, so the mount can be exported (`FUSE_EXPORT_SUPPORT`).
    public static let exportable = FileSystemFeatures(rawValue: 1 << 2)
    /// The backend clears set-user-ID and set-group-ID bits on write, truncate and change of owner
    /// (`FUSE_HANDLE_KILLPRIV_V2`, kernel 5.12).
    public static let clearsPrivileges = FileSystemFeatures(rawValue: 1 << 3)
    /// The kernel is to check permissions by mode, owner and group (mount option `default_permissions`);
    /// without it the backend checks in each operation and in ``FileSystem/checkAccess(_:to:_:)``.
    public static let kernelChecksPermissions = FileSystemFeatures(rawValue: 1 << 4)
    /// Symbolic links may be cached by the kernel (`FUSE_CACHE_SYMLINKS`, kernel 4.20).
    public static let cachesSymbolicLinks = FileSystemFeatures(rawValue: 1 << 5)
    /// ``FileSystem/open(_:_:_:)`` and ``FileSystem/create(named:in:_:_:_:)`` heed ``OpenFlags/truncate``
    /// (`FUSE_ATOMIC_O_TRUNC`); without it the kernel cuts the file with a request of its own after opening it.
    public static let truncatesOnOpen = FileSystemFeatures(rawValue: 1 << 6)
    /// The backend keeps POSIX access control lists as the extended attributes `system.posix_acl_access` and
    /// `system.posix_acl_default`, keeps permission bits in step with them, and applies the umask or the default list to
    /// new nodes (`FUSE_POSIX_ACL`, `FUSE_DONT_MASK`). The kernel then checks permissions by them.
    public static let accessControlLists = FileSystemFeatures(rawValue: 1 << 7)
}

/// What was agreed with the kernel, told to a backend before its first request.
public struct Connection: Sendable {
    /// The minor version of the FUSE ABI in use; the major is 7.
    public let protocolMinor: UInt32
    /// Bytes in the largest write.
    public let maxWrite: Int
    /// Bytes that the kernel reads ahead at the most.
    public let maxReadahead: Int
    /// Whether requests are to come over io_uring, which a refused registration may still prevent. For logs only:
    /// nothing else differs for a backend.
    public let usesRing: Bool
    /// Whether the kernel's page cache writes back (`FUSE_WRITEBACK_CACHE`): it then owns size and times of a file
    /// while it has it, and sends them with SETATTR.
    public let cachesWrites: Bool
    /// Requests that each queue holds at a time. A backend that has as many wait for something that only another request
    /// can bring about never gets that one.
    public let queueDepth: Int
    /// Tells the kernel that what it caches has changed. A backend may keep it.
    public let notifier: Notifier

    package init(
        protocolMinor: UInt32,
        maxWrite: Int,
        maxReadahead: Int,
        usesRing: Bool,
        cachesWrites: Bool = false,
        queueDepth: Int = 1,
        notifier: Notifier = .disconnected
    ) {
        self.protocolMinor = protocolMinor
        self.maxWrite = maxWrite
        self.maxReadahead = maxReadahead
        self.usesRing = usesRing
        self.cachesWrites = cachesWrites
        self.queueDepth = queueDepth
        self.notifier = notifier
    }
}
