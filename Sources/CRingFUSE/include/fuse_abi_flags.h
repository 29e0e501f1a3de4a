/// Flags of the FUSE ABI: of INIT, and of the fields of requests and replies.
#ifndef CRINGFUSE_FUSE_ABI_FLAGS_H
#define CRINGFUSE_FUSE_ABI_FLAGS_H

// INIT flags. All are 64 bits wide here: bits 0 to 31 travel in `flags`, bits 32 to 63, shifted down, in `flags2`.

/// Several READs of one file at once.
#define FUSE_ASYNC_READ (1ULL << 0)
/// POSIX locks are asked of the server.
#define FUSE_POSIX_LOCKS (1ULL << 1)
/// File handles in fstat and the like (no kernel has used it).
#define FUSE_FILE_OPS (1ULL << 2)
/// The server handles O_TRUNC in OPEN.
#define FUSE_ATOMIC_O_TRUNC (1ULL << 3)
/// The server answers LOOKUP of "." and "..", which NFS export needs.
#define FUSE_EXPORT_SUPPORT (1ULL << 4)
/// WRITEs may be larger than one page.
#define FUSE_BIG_WRITES (1ULL << 5)
/// The kernel leaves the umask to the server.
#define FUSE_DONT_MASK (1ULL << 6)
/// splice(2) may write to the device.
#define FUSE_SPLICE_WRITE (1ULL << 7)
/// splice(2) may move pages into the device.
#define FUSE_SPLICE_MOVE (1ULL << 8)
/// splice(2) may read from the device.
#define FUSE_SPLICE_READ (1ULL << 9)
/// flock(2) is asked of the server.
#define FUSE_FLOCK_LOCKS (1ULL << 10)
/// IOCTL is sent for directories too.
#define FUSE_HAS_IOCTL_DIR (1ULL << 11)
/// Cached pages are dropped when size or time of the file changed.
#define FUSE_AUTO_INVAL_DATA (1ULL << 12)
/// READDIRPLUS is sent.
#define FUSE_DO_READDIRPLUS (1ULL << 13)
/// The kernel chooses between READDIR and READDIRPLUS.
#define FUSE_READDIRPLUS_AUTO (1ULL << 14)
/// Direct I/O may be submitted asynchronously.
#define FUSE_ASYNC_DIO (1ULL << 15)
/// Buffered writes stay in the page cache until written back.
#define FUSE_WRITEBACK_CACHE (1ULL << 16)
/// ENOSYS to OPEN means: no OPEN needed.
#define FUSE_NO_OPEN_SUPPORT (1ULL << 17)
/// LOOKUP and READDIR of one directory may run at once.
#define FUSE_PARALLEL_DIROPS (1ULL << 18)
/// The server clears suid, sgid and capabilities.
#define FUSE_HANDLE_KILLPRIV (1ULL << 19)
/// POSIX ACLs are checked.
#define FUSE_POSIX_ACL (1ULL << 20)
/// Reading the device after an abort gives ECONNABORTED.
#define FUSE_ABORT_ERROR (1ULL << 21)
/// fuse_init_out.max_pages is valid.
#define FUSE_MAX_PAGES (1ULL << 22)
/// READLINK's answers are cached.
#define FUSE_CACHE_SYMLINKS (1ULL << 23)
/// ENOSYS to OPENDIR means: no OPENDIR needed.
#define FUSE_NO_OPENDIR_SUPPORT (1ULL << 24)
/// Cached pages are dropped only by notifications.
#define FUSE_EXPLICIT_INVAL_DATA (1ULL << 25)
/// fuse_init_out.map_alignment is valid (virtiofs).
#define FUSE_MAP_ALIGNMENT (1ULL << 26)
/// Directories marked as submounts are mounted by the kernel.
#define FUSE_SUBMOUNTS (1ULL << 27)
/// The server clears suid and sgid as the kernel's own file systems do.
#define FUSE_HANDLE_KILLPRIV_V2 (1ULL << 28)
/// SETXATTR carries setxattr_flags.
#define FUSE_SETXATTR_EXT (1ULL << 29)
/// `flags2` is valid (7.36).
#define FUSE_INIT_EXT (1ULL << 30)
/// Never to be used.
#define FUSE_INIT_RESERVED (1ULL << 31)
/// Security contexts come with CREATE, MKDIR, MKNOD and SYMLINK (7.36).
#define FUSE_SECURITY_CTX (1ULL << 32)
/// DAX for each inode (virtiofs).
#define FUSE_HAS_INODE_DAX (1ULL << 33)
/// The caller's group that owns the parent comes with CREATE, MKDIR, MKNOD and SYMLINK (7.38).
#define FUSE_CREATE_SUPP_GROUP (1ULL << 34)
/// NOTIFY_INVAL_ENTRY may only expire an entry (7.38).
#define FUSE_HAS_EXPIRE_ONLY (1ULL << 35)
/// Shared mmap of files opened for direct I/O (7.39).
#define FUSE_DIRECT_IO_ALLOW_MMAP (1ULL << 36)
/// Reads and writes may go straight to a backing file (7.40).
#define FUSE_PASSTHROUGH (1ULL << 37)
/// The file system cannot be exported over NFS (7.40).
#define FUSE_NO_EXPORT_SUPPORT (1ULL << 38)
/// NOTIFY_RESEND is understood (7.40).
#define FUSE_HAS_RESEND (1ULL << 39)
/// Idmapped mounts (7.41).
#define FUSE_ALLOW_IDMAP (1ULL << 40)
/// Requests travel over io_uring (7.42).
#define FUSE_OVER_IO_URING (1ULL << 41)
/// fuse_init_out.request_timeout is valid (7.43).
#define FUSE_REQUEST_TIMEOUT (1ULL << 42)
/// Queues may have pools of buffers (7.46).
#define FUSE_HAS_IO_URING_BUFPOOL (1ULL << 43)

// fuse_setattr_in.valid: which fields are to change, and with what.

#define FATTR_MODE (1U << 0)         ///< mode
#define FATTR_UID (1U << 1)          ///< uid
#define FATTR_GID (1U << 2)          ///< gid
#define FATTR_SIZE (1U << 3)         ///< size
#define FATTR_ATIME (1U << 4)        ///< atime
#define FATTR_MTIME (1U << 5)        ///< mtime
#define FATTR_FH (1U << 6)           ///< fh is the handle of an open file
#define FATTR_ATIME_NOW (1U << 7)    ///< atime is the server's present time
#define FATTR_MTIME_NOW (1U << 8)    ///< mtime is the server's present time
#define FATTR_LOCKOWNER (1U << 9)    ///< lock_owner is valid
#define FATTR_CTIME (1U << 10)       ///< ctime (with FUSE_WRITEBACK_CACHE)
#define FATTR_KILL_SUIDGID (1U << 11) ///< clear suid and sgid

// fuse_open_out.open_flags.

#define FOPEN_DIRECT_IO (1U << 0)              ///< no page cache for this open file
#define FOPEN_KEEP_CACHE (1U << 1)             ///< keep the pages cached before
#define FOPEN_NONSEEKABLE (1U << 2)            ///< lseek fails
#define FOPEN_CACHE_DIR (1U << 3)              ///< directory entries may be cached
#define FOPEN_STREAM (1U << 4)                 ///< there is no file position
#define FOPEN_NOFLUSH (1U << 5)                ///< no FLUSH on close, unless FUSE_WRITEBACK_CACHE
#define FOPEN_PARALLEL_DIRECT_WRITES (1U << 6) ///< direct writes of one inode may run at once
#define FOPEN_PASSTHROUGH (1U << 7)            ///< reads and writes go to the backing file (7.40)
#define FOPEN_IO_URING_ZERO_COPY (1U << 8)     ///< data moves in registered pages (7.46)

// Flags of other fields.

#define FUSE_OPEN_KILL_SUIDGID (1U << 0)         ///< fuse_open_in.open_flags: clear suid and sgid
#define FUSE_RELEASE_FLUSH (1U << 0)             ///< fuse_release_in.release_flags: flush as well
#define FUSE_RELEASE_FLOCK_UNLOCK (1U << 1)      ///< fuse_release_in.release_flags: drop flock locks
#define FUSE_GETATTR_FH (1U << 0)                ///< fuse_getattr_in.getattr_flags: fh is valid
#define FUSE_LK_FLOCK (1U << 0)                  ///< fuse_lk_in.lk_flags: flock, not POSIX
#define FUSE_WRITE_CACHE (1U << 0)               ///< fuse_write_in.write_flags: written back, fh is a guess
#define FUSE_WRITE_LOCKOWNER (1U << 1)           ///< fuse_write_in.write_flags: lock_owner is valid
#define FUSE_WRITE_KILL_SUIDGID (1U << 2)        ///< fuse_write_in.write_flags: clear suid and sgid
#define FUSE_READ_LOCKOWNER (1U << 1)            ///< fuse_read_in.read_flags: lock_owner is valid
#define FUSE_IOCTL_COMPAT (1U << 0)              ///< fuse_ioctl_in.flags: 32-bit caller, 64-bit kernel
#define FUSE_IOCTL_UNRESTRICTED (1U << 1)        ///< fuse_ioctl_in.flags: retry allowed (CUSE)
#define FUSE_IOCTL_RETRY (1U << 2)               ///< fuse_ioctl_out.flags: retry with the iovecs given
#define FUSE_IOCTL_32BIT (1U << 3)               ///< fuse_ioctl_in.flags: 32-bit caller
#define FUSE_IOCTL_DIR (1U << 4)                 ///< fuse_ioctl_in.flags: of a directory
#define FUSE_IOCTL_COMPAT_X32 (1U << 5)          ///< fuse_ioctl_in.flags: x32 caller
#define FUSE_IOCTL_MAX_IOV 256U                  ///< most iovecs of a retried ioctl
#define FUSE_POLL_SCHEDULE_NOTIFY (1U << 0)      ///< fuse_poll_in.flags: a wake-up is wanted
#define FUSE_FSYNC_FDATASYNC (1U << 0)           ///< fuse_fsync_in.fsync_flags: data only
#define FUSE_ATTR_SUBMOUNT (1U << 0)             ///< fuse_attr.flags: root of a submount
#define FUSE_ATTR_DAX (1U << 1)                  ///< fuse_attr.flags: DAX for this inode
#define FUSE_SETXATTR_ACL_KILL_SGID (1U << 0)    ///< fuse_setxattr_in.setxattr_flags: clear sgid
#define FUSE_EXPIRE_ONLY (1U << 0)               ///< fuse_notify_inval_entry_out.flags: expire, do not drop
#define FUSE_SETUPMAPPING_FLAG_WRITE (1ULL << 0) ///< fuse_setupmapping_in.flags: writable
#define FUSE_SETUPMAPPING_FLAG_READ (1ULL << 1)  ///< fuse_setupmapping_in.flags: readable
#define CUSE_UNRESTRICTED_IOCTL (1U << 0)        ///< cuse_init_in.flags: unrestricted ioctl

/// fuse_statx.mask: all that stat(2) tells, and the time of birth, as in linux/stat.h.
#define FUSE_STATX_BASIC_STATS 0x7ffU
#define FUSE_STATX_BTIME 0x800U

#endif
