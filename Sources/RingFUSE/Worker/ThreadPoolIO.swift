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
        if operation.kind == .exchange { return try await exchange(operation) }
        if operation.kind.isOfSocket { return try await performOnSocket(operation) }
        let manner = manner
        return try await pool.run(cancellable: operation.kind != .close) {
            guard let manner else { return operation.execute() }
            return manner { operation.execute() }
        }
    }

    /// Sends, and then receives.
    private func exchange(_ operation: IOOperation) async throws(Errno) -> Int {
        var sent: UInt32 = 0
        while sent < operation.flags {
            let address = UInt(operation.offset) + UInt(sent)
            sent += UInt32(
                try await performOnSocket(
                    IOOperation(.send, file: operation.file, address: address, length: Int(operation.flags - sent))))
        }
        return try await performOnSocket(
            IOOperation(.receive, file: operation.file, address: operation.address, length: operation.length))
    }

    /// Tries at once, and again when the socket is ready: whoever is at the other end may take any time.
    private func performOnSocket(_ operation: IOOperation) async throws(Errno) -> Int {
        let direction = operation.kind == .receive ? SocketPoller.Direction.reading : .writing
        let socket = FileDescriptor(rawValue: operation.file)
        while true {
            if Task.isCancelled { throw .canceled }
            let result = operation.execute()
            if result >= 0 { return result }
            let error = Errno(rawValue: CInt(-result))
            guard error == .resourceTemporarilyUnavailable || error == .nowInProgress else { throw error }
            do throws(Errno) {
                try await pool.sockets.wait(for: socket, direction)
            } catch {
                if operation.kind == .connect { _ = rfuse_finish_connect(operation.file) }
                throw error
            }
            guard operation.kind == .connect else { continue }
            let outcome = rfuse_finish_connect(operation.file)
            if outcome < 0 { throw Errno(rawValue: CInt(-outcome)) }
            return 0
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
    /// Carries the operation out on the calling thread; one of a socket as far as it need not wait.
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
        case .rename:
            unsafe rfuse_rename(
                file, UnsafePointer(bitPattern: address), CInt(length), UnsafePointer(bitPattern: UInt(offset)), flags)
        case .remove:
            unsafe rfuse_unlink(file, UnsafePointer(bitPattern: address), CInt(bitPattern: flags))
        case .makeDirectory:
            unsafe rfuse_make_directory(
                file, UnsafePointer(bitPattern: address), CUnsignedInt(truncatingIfNeeded: length))
        case .connect, .send, .sendTwo, .receive:
            executeOnSocket()
        case .sleep, .exchange:
            preconditionFailure("waits without a thread")
        }
    }

    private func executeOnSocket() -> Int {
        switch kind {
        case .connect:
            unsafe rfuse_try_connect(file, UnsafeRawPointer(bitPattern: address), length)
        case .send:
            unsafe rfuse_try_send(file, UnsafeRawPointer(bitPattern: address), length, CInt(bitPattern: flags))
        case .sendTwo:
            unsafe rfuse_try_send_two(
                file, UnsafeRawPointer(bitPattern: address), length, UnsafeRawPointer(bitPattern: UInt(offset)),
                Int(flags), 0)
        case .receive:
            unsafe rfuse_try_receive(
                file, UnsafeMutableRawPointer(bitPattern: address), length, CInt(bitPattern: flags))
        default:
            preconditionFailure("not of a socket")
        }
    }
}
