public import RingFUSE
internal import Synchronization
public import SystemPackage

extension MemoryFileSystem {
    /// Who keeps the locks of programs.
    public enum LockKeeper: String, Sendable, CaseIterable {
        /// The kernel, for this mount alone: no request at all. There is no other mount of this file system.
        case kernel
        /// The file system, asked for each lock.
        case backend
    }

    /// The most requests that may wait for locks before a session says how many entries its queues have.
    static let initialWaiterLimit = 16

    /// Tells a lock that stands in the way of another.
    ///
    /// - Throws: `EINVAL`; `ENOSYS` where the kernel keeps locks, and does not ask.
    public func conflict(
        with lock: FileLock,
        on file: OpenFile,
        _ context: borrowing RequestContext
    ) throws(Errno) -> FileLock? {
        guard let locks else { throw .noFunction }
        return try locks.conflict(with: lock, on: file)
    }

    /// Sets or releases a lock.
    ///
    /// - Throws: `EAGAIN`, `EDEADLK`, `EINTR`, `ENOLCK`, `EINVAL`; `ENOSYS` where the kernel keeps locks, and does not
    ///   ask.
    public func setLock(
        _ lock: FileLock,
        on file: OpenFile,
        waits: Bool,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        guard let locks else { throw .noFunction }
        try await locks.set(lock, on: file, waits: waits)
    }

    /// A descriptor is closed: its process loses its locks on the file.
    ///
    /// - Throws: `ENOSYS` where the kernel keeps locks, so that it need not ask again.
    public func flush(_ file: OpenFile, _ context: borrowing RequestContext) throws(Errno) {
        guard let locks else { throw .noFunction }
        locks.closed(file)
    }

    /// What an open file is called: nothing, unless locks belong to it.
    func newHandle() -> HandleID {
        guard locks != nil else { return .none }
        return HandleID(nextHandle.add(1, ordering: .relaxed).newValue)
    }

    /// Nothing is written later: all is in memory, and gone with the mount.
    public func synchronizeAll(_ context: borrowing RequestContext) throws(Errno) {}
}
