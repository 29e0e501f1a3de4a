public import SystemPackage

/// The locks of a backend. All of it has a default, which is `ENOSYS`; asked for only with ``FileSystemFeatures/posixLocks`` or
/// ``FileSystemFeatures/fileLocks``.
///
/// Methods run as those of ``FileSystem`` do, which refines this.
public protocol LockOperations: Sendable {
    /// Tells a lock that stands in the way of another (GETLK). Sent only with ``FileSystemFeatures/posixLocks``.
    ///
    /// - Returns: `nil` where nothing does.
    func conflict(
        with lock: FileLock,
        on file: OpenFile,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> FileLock?

    /// Sets or releases a lock (SETLK, SETLKW). Sent only with ``FileSystemFeatures/posixLocks`` or
    /// ``FileSystemFeatures/fileLocks``; the owner is ``OpenFile/lockOwner``.
    ///
    /// - Parameter waits: whether to suspend until the lock can be had; the caller may interrupt that.
    /// - Throws: `EAGAIN` where another lock stands in the way and `waits` is false, `EINTR`, `EDEADLK`.
    func setLock(
        _ lock: FileLock,
        on file: OpenFile,
        waits: Bool,
        _ context: borrowing RequestContext
    ) async throws(Errno)
}
