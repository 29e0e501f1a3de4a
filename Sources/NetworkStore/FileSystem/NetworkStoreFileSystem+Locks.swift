public import RingFUSE
internal import Synchronization
public import SystemPackage

// Locks that hold for all mounts of a volume. Whoever gets one sees what was written under it before, on whatever mount: what is
// unwritten is committed before a lock is given up, and what the kernel caches that is older is dropped before one is given.

extension NetworkStoreFileSystem {
    /// Tells a lock that stands in the way of another.
    ///
    /// - Throws: `EINVAL`, `EIO`, `ESTALE`; `ENOSYS` where the kernel keeps locks, and does not ask.
    public func conflict(
        with lock: FileLock,
        on file: OpenFile,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> FileLock? {
        guard let locks else { throw .noFunction }
        return try await locks.conflict(with: lock, on: file)
    }

    /// Sets or releases a lock.
    ///
    /// - Throws: `EAGAIN`, `EDEADLK`, `EINTR`, `ENOLCK`, `EINVAL`, `EIO`, `ESTALE`; for a lock that is given up also why what was
    ///   written under it could not be committed: it is given up all the same, and what was written is tried again.
    ///   `ENOSYS` where the kernel keeps locks, and does not ask.
    public func setLock(
        _ lock: FileLock,
        on file: OpenFile,
        waits: Bool,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        guard let locks else { throw .noFunction }
        let stored = try self.file(file)
        var failure: Errno?
        if lock.kind != .write, locks.mayHold(file) { failure = await commitLocked(stored) }
        if let record = try await locks.set(lock, on: file, waits: waits) {
            try await renew(stored, record, lock, file, locks)
        }
        if let failure { throw failure }
    }

    /// Commits what was written to a file, before a lock on it is given up.
    ///
    /// - Returns: why it could not be.
    private func commitLocked(_ file: StoredFile) async -> Errno? {
        do throws(Errno) {
            try await volume.flush(file, durably: closing == .durable)
            return nil
        } catch {
            return error
        }
    }

    /// Has a file that was locked be as the engine has it, here and in the kernel.
    ///
    /// - Parameter record: of when the lock was given.
    /// - Throws: `ENOLCK` where too many requests wait; what the kernel refuses.
    private func renew(
        _ stored: StoredFile,
        _ record: NodeRecord,
        _ lock: FileLock,
        _ file: OpenFile,
        _ locks: SharedLocks
    ) async throws(Errno) {
        // The size is known by what is unwritten here, which does not know of the others'.
        let isMixed = stored.state.withLock { $0.record.version < record.version && !$0.isClean }
        if isMixed { _ = await commitLocked(stored) }
        let version: UInt64? = stored.state.withLock { state in
            state.refresh(record)
            return state.pages.areOf(version: state.record.version) ? nil : state.record.version
        }
        guard let version, let notifier else { return }
        guard locks.takeSeat() else {
            var unlock = lock
            unlock.kind = .unlock
            _ = try await locks.set(unlock, on: file, waits: false)
            throw .noLocks
        }
        defer { locks.leaveSeat() }
        let size = stored.state.withLock { state in
            state.pages.beginDrop()
            return state.size
        }
        do throws(Errno) {
            // What another mount has appended is to be read, and appended to, wherever the kernel took the end to be.
            if size > 0 { try notifier.extend(stored.id, to: size) }
            try await notifier.dropContent(of: stored.id)
        } catch {
            stored.state.withLock { $0.pages.loseTrack() }
            throw error
        }
        stored.state.withLock { $0.pages.note(version: version) }
    }

    /// A descriptor is closed, and its process loses its locks on the file.
    func closeLocks(_ file: OpenFile) async { await locks?.closed(file) }

    /// An open file is gone, and its locks with it; what was written under them is committed before.
    func releaseLocks(_ file: OpenFile) async {
        guard let locks, locks.mayHoldThroughHandle(file) else { return }
        if let stored = nodes.file(file.node) { _ = await commitLocked(stored) }
        await locks.released(file)
    }

    /// What an open file is called. A file of the volume is one, however often it is open; the lowest bit tells whether it may be
    /// written, which a FLUSH does not. Where locks may belong to an open file, each has a number of its own.
    func newHandle(_ flags: OpenFlags) -> HandleID {
        let number = locks == nil ? 0 : nextHandle.add(1, ordering: .relaxed).newValue
        return HandleID(number << 1 | (flags.allowsWriting ? 1 : 0))
    }
}

extension OpenFile {
    /// Whether it may be written.
    var mayBeWritten: Bool { handle.rawValue & 1 != 0 }
}
