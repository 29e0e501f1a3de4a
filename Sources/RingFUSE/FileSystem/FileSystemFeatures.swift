import FUSEProtocol

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
    /// (`FUSE_HANDLE_KILLPRIV_V2`, kernel 5.12): in OPEN, WRITE and SETATTR where the request says so, on change of
    /// owner always, and in FALLOCATE and COPY_FILE_RANGE, which say nothing, for all callers but root. Where bits went
    /// in anything but SETATTR, it has the kernel ask for the mode again: ``Notifier/invalidate(_:from:length:)`` from
    /// -1.
    public static let clearsPrivileges = FileSystemFeatures(rawValue: 1 << 3)
    /// The kernel is to check permissions by mode, owner and group (mount option `default_permissions`);
    /// without it the backend checks in each operation and in ``FileSystem/checkAccess(_:to:_:)``.
    public static let kernelChecksPermissions = FileSystemFeatures(rawValue: 1 << 4)
    /// Symbolic links may be cached by the kernel (`FUSE_CACHE_SYMLINKS`, kernel 4.20).
    public static let cachesSymbolicLinks = FileSystemFeatures(rawValue: 1 << 5)
    /// ``FileSystem/open(_:_:_:)`` and ``FileSystem/create(named:in:_:_:_:)`` heed ``OpenFlags/truncate``
    /// (`FUSE_ATOMIC_O_TRUNC`); without it the kernel cuts the file with a request of its own after opening it.
    public static let truncatesOnOpen = FileSystemFeatures(rawValue: 1 << 6)
    /// Pages that the kernel has cached are dropped by ``Notifier/invalidate(_:from:length:)`` alone
    /// (`FUSE_EXPLICIT_INVAL_DATA`, kernel 5.2). Without it, the kernel drops all of a file's pages when it finds that
    /// size or time of modification have changed (`FUSE_AUTO_INVAL_DATA`); see ``invalidatesBySize`` for the harm in
    /// that.
    public static let invalidatesExplicitly = FileSystemFeatures(rawValue: 1 << 7)
    /// The backend keeps POSIX ACLs as the extended attributes `system.posix_acl_access` and
    /// `system.posix_acl_default`, and the kernel is to check by them (`FUSE_POSIX_ACL`, kernel 4.9), which makes it
    /// check permissions as with ``kernelChecksPermissions``.
    ///
    /// What is left to the backend: a new node inherits the default ACL of its directory, and only where there is
    /// none, the umask is applied (``appliesUmask`` comes with this); setting an access ACL changes the mode, and
    /// clears set-group-ID where ``RequestContext/clearsSetGroupID`` says so; a change of the mode changes the access
    /// ACL.
    public static let accessControlLists = FileSystemFeatures(rawValue: 1 << 8)
    /// The kernel does not apply the umask; the backend takes it from ``NewNode/umask`` (`FUSE_DONT_MASK`).
    public static let appliesUmask = FileSystemFeatures(rawValue: 1 << 9)
    /// New nodes come with the label that the kernel's security module wants on them, so that there is no moment
    /// without it (`FUSE_SECURITY_CTX`, kernel 5.17): ``RequestContext/securityContext``.
    public static let securityContexts = FileSystemFeatures(rawValue: 1 << 10)
    /// New nodes come with the caller's supplementary group that owns their directory (`FUSE_CREATE_SUPP_GROUP`, kernel
    /// 6.3): ``RequestContext/supplementaryGroup``.
    public static let supplementaryGroups = FileSystemFeatures(rawValue: 1 << 11)
    /// The mount may be bind-mounted with other owners (`mount_setattr`, `X-mount.idmap`; `FUSE_ALLOW_IDMAP`, kernel
    /// 6.12), where ``SessionConfiguration/allowsIDMapping`` asks for it and the kernel checks permissions.
    ///
    /// The backend must do without callers: ``RequestContext/userID`` and ``RequestContext/groupID`` are then known in
    /// requests that make something, mapped, and ``RequestContext/unknownID`` in all others, on all mounts.
    public static let idmappedMounts = FileSystemFeatures(rawValue: 1 << 12)
    /// Directories may be the roots of submounts (``Attributes/isSubmountRoot``), which get a device number of their
    /// own (`FUSE_SUBMOUNTS`, kernel 5.10). Up to 7.3 the kernel offers it to virtiofs only, so that a mount of ours is
    /// never granted it.
    public static let submounts = FileSystemFeatures(rawValue: 1 << 13)
    /// Files that bypass the page cache (``OpenReply/Options/directIO``) may be mapped shared
    /// (`FUSE_DIRECT_IO_ALLOW_MMAP`, kernel 6.6). Without it only private mappings work: what other hosts write would
    /// not show in a mapping.
    public static let mapsDirectIO = FileSystemFeatures(rawValue: 1 << 14)
    /// The backend can do with the kernel's writeback cache (`FUSE_WRITEBACK_CACHE`), where
    /// ``SessionConfiguration/usesWritebackCache`` asks for it.
    ///
    /// While ``Connection/usesWritebackCache`` holds, the backend must be able to read by a handle that was opened for
    /// writing only, since the kernel fills the rest of a page that is written in part; it must not append by itself
    /// (``OpenFlags/append``), for the kernel knows where the file ends; and size, time of modification and of change
    /// are the kernel's: what others change in them is not seen while the kernel knows the file.
    public static let writebackCache = FileSystemFeatures(rawValue: 1 << 15)
    /// The backend can have files read and written in place of its own (`FUSE_PASSTHROUGH`, kernel 6.9), where
    /// ``SessionConfiguration/usesPassthrough`` asks for it: ``Connection/backingFiles``.
    public static let passthrough = FileSystemFeatures(rawValue: 1 << 16)
    /// The kernel drops a file's pages when it finds that its size has changed, and not when only its time of
    /// modification has (neither `FUSE_AUTO_INVAL_DATA` nor `FUSE_EXPLICIT_INVAL_DATA`). Beside
    /// ``invalidatesExplicitly`` it holds where the kernel has not that.
    ///
    /// For files that others change, too. With times, the kernel takes each write of its own for one by others: the
    /// server's time is new. Where it drops pages then while another program writes to them, what it reads back is
    /// older than what that program has written (up to 7.3; pages are dropped between being filled and being sent).
    public static let invalidatesBySize = FileSystemFeatures(rawValue: 1 << 17)
    /// Requests do not wait: the backend has what they ask for at hand, in memory.
    ///
    /// Then few entries serve any number of callers, since each is free again at once, and the memory of few stays in a
    /// CPU's caches; see ``SessionConfiguration/depth``.
    public static let answersAtOnce = FileSystemFeatures(rawValue: 1 << 18)
}

extension FileSystemFeatures {
    /// The flags of INIT that each feature is; those without one are not here.
    static let flags: [(feature: FileSystemFeatures, flags: InitFlags)] = [
        (.posixLocks, .posixLocks),
        (.fileLocks, .flockLocks),
        (.exportable, .exportSupport),
        (.clearsPrivileges, .handleKillPrivilegesV2),
        (.cachesSymbolicLinks, .cacheSymlinks),
        // A kernel that opens without asking (ENOSYS to OPEN) would tell nobody of the cut.
        (.truncatesOnOpen, .atomicTruncate),
        (.invalidatesExplicitly, .explicitInvalidateData),
        (.accessControlLists, .posixACL),
        (.appliesUmask, .dontMask),
        (.securityContexts, .securityContext),
        (.supplementaryGroups, .createSupplementaryGroup),
        (.idmappedMounts, .allowIDMap),
        (.submounts, .submounts),
        (.mapsDirectIO, .directIOAllowMmap),
        (.writebackCache, .writebackCache),
        (.passthrough, .passthrough),
    ]

    /// The features with which others come.
    var completed: FileSystemFeatures {
        // With the umask applied by the kernel, a default ACL could not give what the umask takes.
        contains(.accessControlLists) ? union([.appliesUmask, .kernelChecksPermissions]) : self
    }

    /// Those of the features that the kernel has agreed to.
    func agreed(_ agreed: InitFlags) -> FileSystemFeatures {
        var result = completed
        for (feature, flags) in Self.flags where !agreed.isSuperset(of: flags) { result.remove(feature) }
        // With it the kernel drops no page for a new size either (`fuse_change_attributes`).
        if agreed.contains(.explicitInvalidateData) { result.remove(.invalidatesBySize) }
        return result
    }
}
