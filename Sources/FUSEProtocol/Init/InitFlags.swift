import CRingFUSE

/// What the kernel offers in INIT and the server accepts: `flags` below, `flags2` in the upper 32 bits.
package struct InitFlags: OptionSet, Hashable, Sendable {
    /// The bits, numbered as in the ABI.
    package let rawValue: UInt64

    /// Takes the bits as they are, those not known here too.
    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// `FUSE_ASYNC_READ`: several READs of one file at once.
    package static let asyncRead = Self(rawValue: FUSE_ASYNC_READ)
    /// `FUSE_POSIX_LOCKS`: POSIX locks are asked of the server.
    package static let posixLocks = Self(rawValue: FUSE_POSIX_LOCKS)
    /// `FUSE_FILE_OPS`: file handles in fstat and the like (no kernel has used it).
    package static let fileOperations = Self(rawValue: FUSE_FILE_OPS)
    /// `FUSE_ATOMIC_O_TRUNC`: the server handles O_TRUNC in OPEN.
    package static let atomicTruncate = Self(rawValue: FUSE_ATOMIC_O_TRUNC)
    /// `FUSE_EXPORT_SUPPORT`: the server answers LOOKUP of "." and "..", which NFS export needs.
    package static let exportSupport = Self(rawValue: FUSE_EXPORT_SUPPORT)
    /// `FUSE_BIG_WRITES`: WRITEs may be larger than one page.
    package static let bigWrites = Self(rawValue: FUSE_BIG_WRITES)
    /// `FUSE_DONT_MASK`: the kernel leaves the umask to the server.
    package static let dontMask = Self(rawValue: FUSE_DONT_MASK)
    /// `FUSE_SPLICE_WRITE`: splice(2) may write to the device.
    package static let spliceWrite = Self(rawValue: FUSE_SPLICE_WRITE)
    /// `FUSE_SPLICE_MOVE`: splice(2) may move pages into the device.
    package static let spliceMove = Self(rawValue: FUSE_SPLICE_MOVE)
    /// `FUSE_SPLICE_READ`: splice(2) may read from the device.
    package static let spliceRead = Self(rawValue: FUSE_SPLICE_READ)
    /// `FUSE_FLOCK_LOCKS`: flock(2) is asked of the server.
    package static let flockLocks = Self(rawValue: FUSE_FLOCK_LOCKS)
    /// `FUSE_HAS_IOCTL_DIR`: IOCTL is sent for directories too.
    package static let ioctlDirectory = Self(rawValue: FUSE_HAS_IOCTL_DIR)
    /// `FUSE_AUTO_INVAL_DATA`: cached pages are dropped when size or time of the file changed.
    package static let autoInvalidateData = Self(rawValue: FUSE_AUTO_INVAL_DATA)
    /// `FUSE_DO_READDIRPLUS`: READDIRPLUS is sent.
    package static let readDirectoryPlus = Self(rawValue: FUSE_DO_READDIRPLUS)
    /// `FUSE_READDIRPLUS_AUTO`: the kernel chooses between READDIR and READDIRPLUS.
    package static let readDirectoryPlusAuto = Self(rawValue: FUSE_READDIRPLUS_AUTO)
    /// `FUSE_ASYNC_DIO`: direct I/O may be submitted asynchronously.
    package static let asyncDirectIO = Self(rawValue: FUSE_ASYNC_DIO)
    /// `FUSE_WRITEBACK_CACHE`: buffered writes stay in the page cache until written back.
    package static let writebackCache = Self(rawValue: FUSE_WRITEBACK_CACHE)
    /// `FUSE_NO_OPEN_SUPPORT`: ENOSYS to OPEN means: no OPEN needed.
    package static let noOpenSupport = Self(rawValue: FUSE_NO_OPEN_SUPPORT)
    /// `FUSE_PARALLEL_DIROPS`: LOOKUP and READDIR of one directory may run at once.
    package static let parallelDirectoryOperations = Self(rawValue: FUSE_PARALLEL_DIROPS)
    /// `FUSE_HANDLE_KILLPRIV`: the server clears suid, sgid and capabilities.
    package static let handleKillPrivileges = Self(rawValue: FUSE_HANDLE_KILLPRIV)
    /// `FUSE_POSIX_ACL`: POSIX ACLs are checked.
    package static let posixACL = Self(rawValue: FUSE_POSIX_ACL)
    /// `FUSE_ABORT_ERROR`: reading the device after an abort gives ECONNABORTED.
    package static let abortError = Self(rawValue: FUSE_ABORT_ERROR)
    /// `FUSE_MAX_PAGES`: fuse_init_out.max_pages is valid.
    package static let maxPages = Self(rawValue: FUSE_MAX_PAGES)
    /// `FUSE_CACHE_SYMLINKS`: READLINK's answers are cached.
    package static let cacheSymlinks = Self(rawValue: FUSE_CACHE_SYMLINKS)
    /// `FUSE_NO_OPENDIR_SUPPORT`: ENOSYS to OPENDIR means: no OPENDIR needed.
    package static let noOpenDirectorySupport = Self(rawValue: FUSE_NO_OPENDIR_SUPPORT)
    /// `FUSE_EXPLICIT_INVAL_DATA`: cached pages are dropped only by notifications.
    package static let explicitInvalidateData = Self(rawValue: FUSE_EXPLICIT_INVAL_DATA)
    /// `FUSE_MAP_ALIGNMENT`: fuse_init_out.map_alignment is valid (virtiofs).
    package static let mapAlignment = Self(rawValue: FUSE_MAP_ALIGNMENT)
    /// `FUSE_SUBMOUNTS`: directories marked as submounts are mounted by the kernel.
    package static let submounts = Self(rawValue: FUSE_SUBMOUNTS)
    /// `FUSE_HANDLE_KILLPRIV_V2`: the server clears suid and sgid as the kernel's own file systems do.
    package static let handleKillPrivilegesV2 = Self(rawValue: FUSE_HANDLE_KILLPRIV_V2)
    /// `FUSE_SETXATTR_EXT`: sETXATTR carries setxattr_flags.
    package static let extendedSetXattr = Self(rawValue: FUSE_SETXATTR_EXT)
    /// `FUSE_INIT_EXT`: `flags2` is valid (7.36).
    package static let extendedInit = Self(rawValue: FUSE_INIT_EXT)
    /// `FUSE_INIT_RESERVED`: never to be used.
    package static let reserved = Self(rawValue: FUSE_INIT_RESERVED)
    /// `FUSE_SECURITY_CTX`: security contexts come with CREATE, MKDIR, MKNOD and SYMLINK (7.36).
    package static let securityContext = Self(rawValue: FUSE_SECURITY_CTX)
    /// `FUSE_HAS_INODE_DAX`: DAX for each inode (virtiofs).
    package static let inodeDAX = Self(rawValue: FUSE_HAS_INODE_DAX)
    /// `FUSE_CREATE_SUPP_GROUP`: the caller's group that owns the parent comes with CREATE and the like (7.38).
    package static let createSupplementaryGroup = Self(rawValue: FUSE_CREATE_SUPP_GROUP)
    /// `FUSE_HAS_EXPIRE_ONLY`: NOTIFY_INVAL_ENTRY may only expire an entry (7.38).
    package static let expireOnly = Self(rawValue: FUSE_HAS_EXPIRE_ONLY)
    /// `FUSE_DIRECT_IO_ALLOW_MMAP`: shared mmap of files opened for direct I/O (7.39).
    package static let directIOAllowMmap = Self(rawValue: FUSE_DIRECT_IO_ALLOW_MMAP)
    /// `FUSE_PASSTHROUGH`: reads and writes may go straight to a backing file (7.40).
    package static let passthrough = Self(rawValue: FUSE_PASSTHROUGH)
    /// `FUSE_NO_EXPORT_SUPPORT`: the file system cannot be exported over NFS (7.40).
    package static let noExportSupport = Self(rawValue: FUSE_NO_EXPORT_SUPPORT)
    /// `FUSE_HAS_RESEND`: NOTIFY_RESEND is understood (7.40).
    package static let resend = Self(rawValue: FUSE_HAS_RESEND)
    /// `FUSE_ALLOW_IDMAP`: idmapped mounts (7.41).
    package static let allowIDMap = Self(rawValue: FUSE_ALLOW_IDMAP)
    /// `FUSE_OVER_IO_URING`: requests travel over io_uring (7.42).
    package static let overIOUring = Self(rawValue: FUSE_OVER_IO_URING)
    /// `FUSE_REQUEST_TIMEOUT`: fuse_init_out.request_timeout is valid (7.43).
    package static let requestTimeout = Self(rawValue: FUSE_REQUEST_TIMEOUT)
    /// `FUSE_HAS_IO_URING_BUFPOOL`: queues may have pools of buffers (7.46).
    package static let ioUringBufferPool = Self(rawValue: FUSE_HAS_IO_URING_BUFPOOL)
}
