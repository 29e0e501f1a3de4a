internal import CRingFUSE
package import SystemPackage

/// Carries operations out with plain system calls on a pool of threads: for workers without a ring.
///
/// Workers may share one pool. A resumed task goes on wherever its executor wants it: on the worker.
package final class ThreadPoolIO: IOEngine, @unchecked Sendable {
    /// Makes a system call in some way of its own; returns its result, or the negated errno.
    package typealias Manner = @Sendable (_ call: () -> Int) -> Int

    private let pool: ThreadPool
    private let manner: Manner?

    /// An engine on a pool, which others may use as well.
    ///
    /// - Parameter manner: how to make the system calls, on the pool's threads; nil for nothing special.
    package init(_ pool: ThreadPool = ThreadPool(), _ manner: Manner? = nil) {
        self.pool = pool
        self.manner = manner
        super.init()
    }

    /// Carries an operation out on one of the pool's threads.
    ///
    /// - Throws: the operation's errno; `ECANCELED` where the task was cancelled before a thread took it. What a
    ///   thread has taken is waited for: the kernel may be using the buffer. A close is never cancelled, because
    ///   its caller could not tell whether the descriptor still is its own.
    package override func perform(_ operation: IOOperation) async throws(Errno) -> Int {
        if operation.kind == .sleep { return try await sleep(operation) }
        let manner = manner
        return try await pool.run(cancellable: operation.kind != .close) {
            guard let manner else { return operation.execute() }
            return manner { operation.execute() }
        }
    }

    /// Waits without a thread: many requests may wait at a time, and the pool has few.
    private func sleep(_ operation: IOOperation) async throws(Errno) -> Int {
        do {
            try await Task.sleep(for: .seconds(operation.length) + .nanoseconds(Int64(operation.offset)))
            return 0
        } catch {
            throw .canceled
        }
    }
}

extension IOOperation {
    /// Carries the operation out on the calling thread.
    ///
    /// - Returns: the result, or the negated errno.
    fileprivate func execute() -> Int {
        switch kind {
        case .read:
            unsafe rfuse_read(file, UnsafeMutableRawPointer(bitPattern: address), length, offset)
        case .write:
            unsafe rfuse_write(file, UnsafeRawPointer(bitPattern: address), length, offset)
        case .synchronize:
            rfuse_sync(file, CInt(bitPattern: flags))
        case .allocate:
            rfuse_allocate(file, CInt(bitPattern: flags), offset, UInt64(address))
        case .close:
            rfuse_close(file)
        case .open:
            unsafe rfuse_open(
                file,
                UnsafePointer(bitPattern: address),
                CInt(bitPattern: flags),
                CUnsignedInt(truncatingIfNeeded: length)
            )
        case .statx:
            unsafe rfuse_statx(
                file,
                UnsafePointer(bitPattern: address),
                CInt(bitPattern: flags),
                CUnsignedInt(truncatingIfNeeded: length),
                UnsafeMutableRawPointer(bitPattern: UInt(offset))
            )
        case .sleep:
            preconditionFailure("waits without a thread")
        }
    }
}
