import CRingFUSE
public import SystemPackage

// Sockets. Without a ring they are not waited for on the pool's threads, but by one thread for all of them.

extension AsyncIO {
    /// Makes a socket (`socket(2)`), at once. It is close-on-exec, and blocking as `io_uring` wants it; the calls here
    /// never block all the same.
    ///
    /// - Parameters:
    ///   - domain: `AF_INET`, `AF_INET6`, `AF_UNIX`.
    ///   - type: `SOCK_STREAM`, `SOCK_DGRAM`.
    ///   - protocol: of that domain; 0 for its usual one.
    /// - Returns: the descriptor, which the caller closes.
    /// - Throws: `EAFNOSUPPORT`, `EMFILE`, `ENFILE`, `ENOBUFS`.
    public func socket(domain: CInt, type: CInt, protocol: CInt = 0) throws(Errno) -> FileDescriptor {
        FileDescriptor(rawValue: CInt(try Self.checked(rfuse_socket(domain, type, `protocol`))))
    }

    /// Sets an option that is a number (`setsockopt(2)`), at once.
    ///
    /// - Throws: `ENOPROTOOPT`, `EBADF`, `EINVAL`.
    public func setOption(
        _ option: CInt,
        at level: CInt,
        of socket: FileDescriptor,
        to value: CInt
    ) throws(Errno) {
        _ = try Self.checked(rfuse_set_socket_option(socket.rawValue, level, option, value))
    }

    /// Connects a socket (`IORING_OP_CONNECT`).
    ///
    /// - Parameter address: a `sockaddr` of the socket's domain; borrowed until the call returns.
    /// - Throws: `ECONNREFUSED`, `ENETUNREACH`, `EHOSTUNREACH`, `ETIMEDOUT`, `ECANCELED`; then the socket can only be
    ///   closed.
    public func connect(_ socket: FileDescriptor, to address: RawSpan) async throws(Errno) {
        let start = unsafe address.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
        _ = try await retained.perform(
            IOOperation(.connect, file: socket.rawValue, address: start, length: address.byteCount))
    }

    /// Sends (`IORING_OP_SEND`); a peer that has gone is an error, not a signal.
    ///
    /// - Parameter data: borrowed until the call returns.
    /// - Returns: the bytes sent, which may be fewer.
    /// - Throws: `EPIPE`, `ECONNRESET`, `ENOTCONN`, `ECANCELED`.
    public func send(_ socket: FileDescriptor, _ data: RawSpan) async throws(Errno) -> Int {
        let start = unsafe data.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
        return try await retained.perform(
            IOOperation(
                .send, file: socket.rawValue, address: start, length: data.byteCount,
                flags: UInt32(IOOperation.waitForAll)))
    }

    /// Sends two pieces, one after the other (`IORING_OP_SENDMSG`).
    ///
    /// - Parameters:
    ///   - head: goes first; borrowed until the call returns.
    ///   - body: of less than 4 GiB; what is beyond is not sent.
    /// - Returns: the bytes sent of both, which may be fewer.
    /// - Throws: as ``send(_:_:)``.
    public func send(_ socket: FileDescriptor, _ head: RawSpan, _ body: RawSpan) async throws(Errno) -> Int {
        let start = unsafe head.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
        let second = unsafe body.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
        return try await retained.perform(
            IOOperation(
                .sendTwo, file: socket.rawValue, address: start, length: head.byteCount, offset: UInt64(second),
                flags: UInt32(clamping: body.byteCount)))
    }

    /// Receives into the free part of a buffer (`IORING_OP_RECV`).
    ///
    /// - Parameters:
    ///   - buffer: what is received is appended to it.
    ///   - count: bytes at the most; `nil` for all that is free.
    ///   - waitsForAll: whether it is worth waiting for all of them (`MSG_WAITALL`); fewer may come all the same.
    /// - Returns: the bytes received; 0 at the end of the stream, or where the buffer is full.
    /// - Throws: `ECONNRESET`, `ENOTCONN`, `ECANCELED`.
    public func receive(
        _ socket: FileDescriptor,
        into buffer: inout OutputRawSpan,
        count: Int? = nil,
        waitsForAll: Bool = false
    ) async throws(Errno) -> Int {
        let wanted = min(count ?? .max, buffer.freeCapacity)
        // As in `read`: the memory stays where it is while `buffer` is borrowed.
        let address = unsafe buffer.withUnsafeMutableBytes { bytes, initialized in
            unsafe bytes.baseAddress.map { UInt(bitPattern: $0) + UInt(initialized) } ?? 0
        }
        let result = try await received(socket, address: address, count: wanted, waitsForAll: waitsForAll)
        unsafe buffer.withUnsafeMutableBytes { _, initialized in initialized += result }
        return result
    }

    /// Receives into memory (`IORING_OP_RECV`).
    ///
    /// - Parameter memory: must stay valid until the call returns.
    /// - Returns: the bytes received; 0 at the end of the stream.
    /// - Throws: as ``receive(_:into:count:waitsForAll:)``.
    @unsafe
    public func receive(
        _ socket: FileDescriptor,
        into memory: UnsafeMutableRawBufferPointer,
        waitsForAll: Bool = false
    ) async throws(Errno) -> Int {
        try await received(
            socket, address: UInt(bitPattern: memory.baseAddress), count: memory.count, waitsForAll: waitsForAll)
    }

    private func received(
        _ socket: FileDescriptor,
        address: UInt,
        count: Int,
        waitsForAll: Bool
    ) async throws(Errno) -> Int {
        let flags = waitsForAll ? UInt32(IOOperation.waitForAll) : 0
        let result = try await retained.perform(
            IOOperation(.receive, file: socket.rawValue, address: address, length: count, flags: flags))
        precondition(result <= count, "the kernel received more than it was asked for")
        return result
    }

    /// Sends a request and receives the beginning of the answer: on a ring in one submission, with the receive linked to the
    /// send (`IOSQE_IO_LINK`), which saves a turn.
    ///
    /// - Parameters:
    ///   - request: of less than 4 GiB, and short: it is sent in one piece or not at all.
    ///   - memory: must stay valid until the call returns.
    /// - Returns: the bytes received; 0 at the end of the stream.
    /// - Throws: `EPIPE` where the request was not sent; as ``receive(_:into:count:waitsForAll:)``.
    @unsafe
    public func exchange(
        _ socket: FileDescriptor,
        _ request: RawSpan,
        into memory: UnsafeMutableRawBufferPointer
    ) async throws(Errno) -> Int {
        let address = unsafe request.withUnsafeBytes { UInt64(UInt(bitPattern: $0.baseAddress)) }
        do throws(Errno) {
            let result = try await retained.perform(
                IOOperation(
                    .exchange, file: socket.rawValue, address: UInt(bitPattern: memory.baseAddress),
                    length: memory.count, offset: address, flags: UInt32(clamping: request.byteCount)))
            precondition(result <= memory.count, "the kernel received more than it was asked for")
            return result
        } catch {
            // What a link breaks it cancels, too.
            throw error == .canceled && !Task.isCancelled ? .brokenPipe : error
        }
    }

    /// Ends both directions of a connection (`shutdown(2)`), at once: who waits for it gets an end or an error.
    ///
    /// - Throws: `ENOTCONN`, `EBADF`.
    public func shutDown(_ socket: FileDescriptor) throws(Errno) {
        // SHUT_RDWR.
        _ = try Self.checked(rfuse_shut_down_socket(socket.rawValue, 2))
    }

    private static func checked(_ result: Int) throws(Errno) -> Int {
        guard result >= 0 else { throw Errno(rawValue: CInt(-result)) }
        return result
    }
}
