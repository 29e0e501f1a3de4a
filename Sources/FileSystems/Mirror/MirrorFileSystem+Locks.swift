internal import CRingFUSE
public import RingFUSE
internal import Synchronization
public import SystemPackage

extension MirrorFileSystem {
    /// Tells a lock that stands in the way of another (GETLK).
    public func conflict(
        with lock: FileLock,
        on file: OpenFile,
        _ context: borrowing RequestContext
    ) throws(Errno) -> FileLock? {
        let descriptor = try files.descriptor(of: file.handle)
        return try locks.conflict(with: lock, on: file.node, owner: file.lockOwner ?? 0, descriptor: descriptor)
    }

    /// Sets or ends a lock (SETLK, SETLKW).
    ///
    /// Whoever waits looks again every few milliseconds. Waiting in the kernel would take a thread for each, which only
    /// a signal could end (`docs/decisions/0017-mirror-of-everything.md`).
    ///
    /// - Throws: `EAGAIN`, `EDEADLK`, `EINTR`; `ENOLCK` where too many wait already: each keeps an entry of its queue,
    ///   and the request that would end its waiting needs one.
    public func setLock(
        _ lock: FileLock,
        on file: OpenFile,
        waits: Bool,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await setLock(lock, on: file, waits: waits) { () throws(Errno) in try trySetLock(lock, on: file) }
    }

    /// Sets or ends a lock, by a call that tells whether it could be had.
    func setLock(
        _ lock: FileLock,
        on file: OpenFile,
        waits: Bool,
        attempt: () async throws(Errno) -> Bool
    ) async throws(Errno) {
        if try await attempt() { return }
        guard waits else { throw .resourceTemporarilyUnavailable }
        let waiting = lockWaits.wrappingAdd(1, ordering: .relaxed).newValue
        defer {
            lockWaits.wrappingSubtract(1, ordering: .relaxed)
            if !lock.isWholeFile { locks.endWait(owner: file.lockOwner ?? 0) }
        }
        guard waiting <= options.mostLockWaits else { throw .noLocks }
        var pause = Duration.milliseconds(1)
        repeat {
            if !lock.isWholeFile { try locks.wait(for: lock, on: file.node, owner: file.lockOwner ?? 0) }
            do {
                try await Task.sleep(for: pause)
            } catch {
                throw .interrupted
            }
            pause = min(pause * 2, .milliseconds(20))
        } while try await !attempt()
    }

    /// Sets or ends a lock; false where another one stands in the way.
    func trySetLock(_ lock: FileLock, on file: OpenFile) throws(Errno) -> Bool {
        let descriptor = try files.descriptor(of: file.handle)
        guard !lock.isWholeFile else {
            // These belong to the open file, of which the source's file has just one.
            let result = rfuse_set_file_lock(descriptor, lock.kind.rawValue)
            if result == -Int(Errno.resourceTemporarilyUnavailable.rawValue) { return false }
            try checked(result)
            return true
        }
        return try locks.set(lock, on: file.node, owner: file.lockOwner ?? 0, handle: file.handle) { () throws(Errno) in
            // A lock to write needs a descriptor that may, a lock to read one that may read.
            for flags in [OpenFlags.readWrite, [], .writeOnly] {
                let result = rfuse_reopen(descriptor, CInt(flags.rawValue))
                if result >= 0 { return CInt(result) }
                if result == -Int(Errno.tooManyOpenFiles.rawValue) { throw .tooManyOpenFiles }
            }
            throw .noLocks
        }
    }
}
