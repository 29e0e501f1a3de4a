public import SystemPackage

/// Asynchronous input and output for backends, on the worker that serves the request.
///
/// Where the worker has a ring, operations travel on it, submitted together with the replies in one system call;
/// elsewhere the same calls run on a small thread pool. Each call suspends the request, never the worker.
/// When the request is cancelled (INTERRUPT), the operation is cancelled and the call throws `ECANCELED`
/// unless it was already done; the calling program expects `EINTR`.
///
/// Not for files of a FUSE mount that is served by this process, or that waits for it: io_uring asks such a file once,
/// synchronously and on the worker's own thread, whether it can be polled (`io_file_supports_nowait`, Linux 6.18). The
/// worker then waits for itself, and an abort waits for the worker. Use a thread of your own for those.
///
/// Each method throws what its system call would, and `ECANCELED`; on the thread pool also `EAGAIN` where no thread
/// could be started.
@safe
public struct AsyncIO: ~Copyable {
    /// Unmanaged: the engine belongs to the worker, which outlives each of its requests, and one context a request
    /// must not cost a retain.
    private let engine: Unmanaged<IOEngine>

    /// Input and output on a worker's engine.
    ///
    /// - Parameter engine: must outlive the request.
    package init(_ engine: IOEngine) {
        unsafe self.engine = Unmanaged.passUnretained(engine)
    }

    /// Input and output on the same engine, for another context of the same request.
    func copy() -> AsyncIO { AsyncIO(retained) }

    /// Tells engines apart: each worker has one of its own.
    package var identity: UInt { unsafe UInt(bitPattern: engine.toOpaque()) }

    /// The engine, for more input and output of the same request.
    package var retained: IOEngine { unsafe engine.takeUnretainedValue() }

    /// Reads from a file into the free part of a buffer (`IORING_OP_READ`).
    ///
    /// - Parameters:
    ///   - buffer: what is read is appended to it.
    ///   - count: bytes at the most; `nil` for all that is free.
    ///   - offset: bytes from the start of the file; `nil` for its position (pipes, sockets).
    /// - Returns: the number of bytes read, which may be fewer; 0 at the end, or where the buffer is full.
    /// - Throws: `EIO`, `EBADF`, `EISDIR`, `ECANCELED`.
    public func read(
        _ file: FileDescriptor,
        into buffer: inout OutputRawSpan,
        count: Int? = nil,
        at offset: UInt64?
    ) async throws(Errno) -> Int {
        let wanted = min(count ?? .max, buffer.freeCapacity)
        // The span's memory is the entry's payload: it stays where it is while `buffer` is borrowed, which it is
        // until `perform` returns, and that is after the kernel has let go of it.
        let address = unsafe buffer.withUnsafeMutableBytes { bytes, initialized in
            unsafe bytes.baseAddress.map { UInt(bitPattern: $0) + UInt(initialized) } ?? 0
        }
        let result = try await retained.perform(
            IOOperation(.read, file: file.rawValue, address: address, length: wanted, offset: offset ?? .max))
        precondition(result <= wanted, "the kernel read more than it was asked for")
        unsafe buffer.withUnsafeMutableBytes { _, initialized in initialized += result }
        return result
    }

    /// Writes to a file (`IORING_OP_WRITE`).
    ///
    /// - Parameters:
    ///   - data: borrowed until the call returns.
    ///   - offset: bytes from the start of the file; `nil` for its position.
    /// - Returns: the number of bytes written, which may be fewer.
    /// - Throws: `ENOSPC`, `EDQUOT`, `EFBIG`, `EIO`, `EBADF`, `ECANCELED`.
    public func write(
        _ file: FileDescriptor,
        from data: RawSpan,
        at offset: UInt64?
    ) async throws(Errno) -> Int {
        let address = unsafe data.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
        return try await retained.perform(
            IOOperation(.write, file: file.rawValue, address: address, length: data.byteCount, offset: offset ?? .max))
    }

    /// Makes a file durable (`IORING_OP_FSYNC`).
    ///
    /// - Parameter dataOnly: as `fdatasync`: attributes may stay behind.
    /// - Throws: `EIO`, `ENOSPC`: what was written before may be lost. `ECANCELED`.
    public func synchronize(_ file: FileDescriptor, dataOnly: Bool = false) async throws(Errno) {
        _ = try await retained.perform(
            IOOperation(.synchronize, file: file.rawValue, flags: dataOnly ? 1 : 0))
    }

    /// Allocates, punches or zeroes a range (`IORING_OP_FALLOCATE`).
    ///
    /// - Parameters:
    ///   - offset: bytes from the start of the file.
    ///   - length: bytes.
    ///   - mode: the mode of `fallocate(2)`.
    /// - Throws: `ENOSPC`, `EOPNOTSUPP`, `EFBIG`, `EBADF`, `ECANCELED`.
    public func allocate(
        _ file: FileDescriptor,
        at offset: UInt64,
        length: UInt64,
        mode: AllocationMode
    ) async throws(Errno) {
        _ = try await retained.perform(
            IOOperation(.allocate, file: file.rawValue, address: UInt(length), offset: offset, flags: mode.rawValue))
    }

    /// Closes a file (`IORING_OP_CLOSE`). It is not cancelled: nobody could tell whether the descriptor is still there.
    ///
    /// - Throws: `EIO`, `ENOSPC`: the descriptor is closed all the same. `EBADF`.
    public func close(_ file: FileDescriptor) async throws(Errno) {
        _ = try await retained.perform(IOOperation(.close, file: file.rawValue))
    }

    /// Waits (`IORING_OP_TIMEOUT`), without the timer slack of a thread and without leaving the worker; without a ring as
    /// `Task.sleep` does.
    ///
    /// - Parameter duration: how long; not at all where it is not positive. Fractions of a nanosecond are left out.
    /// - Throws: `ECANCELED`.
    public func sleep(for duration: Duration) async throws(Errno) {
        guard duration > .zero else { return }
        let (seconds, attoseconds) = duration.components
        _ = try await retained.perform(
            IOOperation(.sleep, file: -1, length: Int(seconds), offset: UInt64(attoseconds / 1_000_000_000)))
    }

    /// Opens a file relative to a directory (`IORING_OP_OPENAT`).
    ///
    /// - Parameters:
    ///   - path: NUL-terminated; must stay valid until the call returns.
    ///   - flags: the flags of `open(2)`; `O_CLOEXEC` is added.
    ///   - mode: permissions of a file that is made.
    /// - Returns: the descriptor, which the caller closes.
    /// - Throws: `ENOENT`, `EACCES`, `EMFILE`, `ELOOP`, `ECANCELED`.
    @unsafe
    public func open(
        _ path: UnsafePointer<CChar>,
        in directory: FileDescriptor,
        flags: CInt,
        mode: UInt32 = 0
    ) async throws(Errno) -> FileDescriptor {
        let result = try await retained.perform(
            IOOperation(
                .open, file: directory.rawValue, address: UInt(bitPattern: path), length: Int(mode),
                flags: UInt32(bitPattern: flags)))
        return FileDescriptor(rawValue: CInt(result))
    }

    /// Tells the attributes of a file (`IORING_OP_STATX`).
    ///
    /// - Parameters:
    ///   - path: NUL-terminated; empty with `AT_EMPTY_PATH` for `directory` itself; must stay valid until the return.
    ///   - flags: the `AT_*` flags of `statx(2)`.
    ///   - mask: the `STATX_*` values wanted.
    ///   - result: where `struct statx` goes (256 bytes); must stay valid until the call returns.
    /// - Throws: `ENOENT`, `EACCES`, `ENOTDIR`, `ECANCELED`.
    @unsafe
    public func statx(
        _ path: UnsafePointer<CChar>,
        in directory: FileDescriptor,
        flags: CInt,
        mask: UInt32,
        into result: UnsafeMutableRawPointer
    ) async throws(Errno) {
        _ = try await retained.perform(
            IOOperation(
                .statx, file: directory.rawValue, address: UInt(bitPattern: path), length: Int(mask),
                offset: UInt64(UInt(bitPattern: result)), flags: UInt32(bitPattern: flags)))
    }
}
