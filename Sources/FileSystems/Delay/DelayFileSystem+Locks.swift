public import RingFUSE
public import SystemPackage

// Passed on as they come.

extension DelayFileSystem {
    /// Passed on.
    public func conflict(
        with lock: FileLock,
        on file: OpenFile,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> FileLock? {
        try await base.conflict(with: lock, on: file, context)
    }

    /// Passed on.
    public func setLock(
        _ lock: FileLock,
        on file: OpenFile,
        waits: Bool,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.setLock(lock, on: file, waits: waits, context)
    }
}
