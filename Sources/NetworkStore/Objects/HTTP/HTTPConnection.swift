import Glibc
import RingFUSE
import Synchronization
import SystemPackage

/// One connection to a server, for one request at a time.
///
/// Confined to the task that has taken it from its pool; other threads may end it with ``expire(at:)``.
@safe
final class HTTPConnection: @unchecked Sendable {
    let socket: FileDescriptor
    private let tls: TLSSession?
    /// What has been received and not yet read: `start..<end`. Heads are read here, and what comes with them.
    private let memory: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0
    /// The request's head, kept for its memory.
    var request: [UInt8] = []
    /// What the pool's user keeps with a connection.
    var signer: RequestSigner?
    /// Whether a request has been answered on it: then the server may have closed it meanwhile.
    var isReused = false
    /// Whether a request could not be sent to its end.
    var isCut = false
    /// Counts what is sent and received; `nil` where that is not to be counted.
    var moved: MovedBytes?
    /// When it was put back, in nanoseconds of the monotonic clock.
    var idleSince: UInt64 = 0
    private let idleLimit: UInt64
    /// When somebody should have heard of the server; 0 while nobody waits.
    private let deadline = Atomic<UInt64>(0)
    private let hasExpired = Atomic(false)
    private let isOpen = Mutex(true)

    /// A connection over a connected socket, which it owns.
    ///
    /// - Parameter idleLimit: for how long the server may be silent while it is waited for.
    init(_ socket: FileDescriptor, tls: TLSSession?, idleLimit: Duration) {
        self.socket = socket
        self.tls = tls
        self.idleLimit = idleLimit.nanoseconds
        unsafe memory = .allocate(byteCount: ResponseHead.longest, alignment: 64)
    }

    deinit {
        close()
        unsafe memory.deallocate()
    }

    /// Closes it; later calls do nothing.
    func close() {
        isOpen.withLock { isOpen in
            if isOpen { try? socket.close() }
            isOpen = false
        }
    }

    /// Ends it where the server has been silent for too long. Any thread may.
    func expire(at now: UInt64) {
        let deadline = deadline.load(ordering: .relaxed)
        guard deadline != 0 && now > deadline else { return }
        hasExpired.store(true, ordering: .releasing)
        // Whoever waits for the socket gets an end. Not closed: its number could be another file's then.
        isOpen.withLock { if $0 { _ = Glibc.shutdown(socket.rawValue, CInt(SHUT_RDWR)) } }
    }

    /// Whether bytes have come that nobody has asked for.
    var hasLeftovers: Bool { start < end }

    /// Whether the server has closed it, or said something that nobody has asked; one system call.
    var isSpoilt: Bool {
        if hasLeftovers { return true }
        var byte: UInt8 = 0
        let count = unsafe recv(socket.rawValue, &byte, 1, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT))
        // With TLS something comes now and then that is no answer: new keys.
        return count == 0 || (count > 0 && tls == nil) || (count < 0 && errno != EAGAIN)
    }

    // MARK: TLS

    /// Agrees on keys with the server; does nothing without TLS.
    func handshake(_ io: borrowing AsyncIO) async throws(HTTPFailure) {
        guard let tls else { return }
        while true {
            let isDone = try tls.handshake()
            try await flush(tls, io)
            if isDone { return }
            try await feed(tls, io)
        }
    }

    /// Sends what TLS has to say.
    private func flush(_ tls: TLSSession, _ io: borrowing AsyncIO) async throws(HTTPFailure) {
        while true {
            let count = tls.takeOutput()
            if count == 0 { return }
            let output = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: tls.output[..<count]))
            try await sendAll(output, RawSpan(), io)
        }
    }

    /// Receives something for TLS.
    private func feed(_ tls: TLSSession, _ io: borrowing AsyncIO) async throws(HTTPFailure) {
        let count = try await watched(io) { () async throws(Errno) in
            try await unsafe io.receive(socket, into: tls.input)
        }
        if count == 0 { throw .closed }
        tls.received(count)
    }

    // MARK: Sending

    /// Sends a request: ``request``, then a body.
    func send(_ body: RawSpan, _ io: borrowing AsyncIO) async throws(HTTPFailure) {
        let head = request
        guard let tls else { return try await sendAll(RawSpan(_elements: head.span), body, io) }
        try await sendEncrypted(RawSpan(_elements: head.span), tls, io)
        try await sendEncrypted(body, tls, io)
    }

    /// Sends a request that has no body, and receives the beginning of its answer.
    func exchange(_ io: borrowing AsyncIO) async throws(HTTPFailure) {
        guard tls == nil && start == end else { return try await send(RawSpan(), io) }
        let head = request
        (start, end) = (0, 0)
        let count = try await watched(io) { () async throws(Errno) in
            try await unsafe io.exchange(socket, RawSpan(_elements: head.span), into: memory)
        }
        if count == 0 { throw .closed }
        end = count
    }

    private func sendEncrypted(
        _ bytes: RawSpan,
        _ tls: TLSSession,
        _ io: borrowing AsyncIO
    ) async throws(HTTPFailure) {
        var taken = 0
        while taken < bytes.byteCount {
            taken += try tls.write(bytes.extracting(taken..<min(bytes.byteCount, taken + (1 << 16))))
            try await flush(tls, io)
        }
    }

    private func sendAll(_ head: RawSpan, _ body: RawSpan, _ io: borrowing AsyncIO) async throws(HTTPFailure) {
        var sent = 0
        while sent < head.byteCount {
            let rest = head.extracting(sent...)
            // In pieces, so that each shows that the server is still there.
            let piece = body.extracting(first: min(body.byteCount, Self.piece))
            sent += try await watched(io) { () async throws(Errno) in
                piece.byteCount > 0 ? try await io.send(socket, rest, piece) : try await io.send(socket, rest)
            }
        }
        sent -= head.byteCount
        while sent < body.byteCount {
            let piece = body.extracting(sent..<min(body.byteCount, sent + Self.piece))
            sent += try await watched(io) { () async throws(Errno) in try await io.send(socket, piece) }
        }
    }

    /// Bytes that are sent or received at a time.
    private static var piece: Int { 1 << 18 }

    // MARK: Receiving

    /// Receives the head of the response, passing over those that only say that one is to come.
    ///
    /// - Parameter wantsTag: whether to keep the tag and the time of the object.
    func receiveHead(wantsTag: Bool, _ io: borrowing AsyncIO) async throws(HTTPFailure) -> ResponseHead {
        var passed = 0
        while true {
            if let head = try parseHead(wantsTag) {
                start += head.byteCount
                if head.status >= 200 { return head }
                passed += 1
                guard head.status != 101, passed < 10 else { throw .malformed("an answer to what was not asked") }
                continue
            }
            if start > 0 { moveDown() }
            guard unsafe end < memory.count else { throw .malformed("a head longer than 16 KiB") }
            try await fill(io)
        }
    }

    private func parseHead(_ wantsTag: Bool) throws(HTTPFailure) -> ResponseHead? {
        do throws(ResponseFault) {
            return try unsafe ResponseHead.parse(received, wantsTag: wantsTag)
        } catch {
            throw .malformed(error.description)
        }
    }

    /// What has been received.
    @unsafe
    private var received: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let bytes = unsafe UnsafeRawBufferPointer(rebasing: memory[start..<end])
            let span = unsafe Span<UInt8>(_unsafeBytes: bytes)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    private func moveDown() {
        unsafe memory.baseAddress.unsafelyUnwrapped.copyMemory(
            from: memory.baseAddress.unsafelyUnwrapped + start, byteCount: end - start)
        end -= start
        start = 0
    }

    /// Receives more.
    private func fill(_ io: borrowing AsyncIO) async throws(HTTPFailure) {
        if start == end { (start, end) = (0, 0) }
        let free = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[end...])
        let count = try await unsafe receive(into: free, waitsForAll: false, io)
        if count == 0 { throw .closed }
        end += count
    }

    /// Receives bytes of a body: what is there already, or from the socket straight into memory.
    ///
    /// - Returns: how many; 0 at the end of the stream.
    @unsafe
    func receiveBody(
        into target: UnsafeMutableRawBufferPointer,
        _ io: borrowing AsyncIO
    ) async throws(HTTPFailure) -> Int {
        let buffered = min(end - start, target.count)
        guard buffered > 0 else {
            let piece = unsafe UnsafeMutableRawBufferPointer(rebasing: target[..<min(target.count, Self.piece)])
            return try await unsafe receive(into: piece, waitsForAll: true, io)
        }
        let source = unsafe UnsafeRawBufferPointer(rebasing: memory[start..<start + buffered])
        unsafe target.copyMemory(from: source)
        start += buffered
        return buffered
    }

    /// The next byte.
    func receiveByte(_ io: borrowing AsyncIO) async throws(HTTPFailure) -> UInt8 {
        if start == end { try await fill(io) }
        defer { start += 1 }
        return unsafe memory[start]
    }

    @unsafe
    private func receive(
        into target: UnsafeMutableRawBufferPointer,
        waitsForAll: Bool,
        _ io: borrowing AsyncIO
    ) async throws(HTTPFailure) -> Int {
        guard let tls else {
            return try await watched(io) { () async throws(Errno) in
                try await unsafe io.receive(socket, into: target, waitsForAll: waitsForAll)
            }
        }
        while true {
            switch try unsafe tls.read(into: target) {
            case .bytes(let count): return count
            case .end: return 0
            case .wantsInput:
                // It may have something to say first, such as new keys.
                try await flush(tls, io)
                do throws(HTTPFailure) {
                    try await feed(tls, io)
                } catch {
                    // TLS has not said that this is the end: somebody may have cut it short.
                    if error == .closed { throw .failed(.connectionReset) }
                    throw error
                }
            }
        }
    }

    /// Does something for which the server may be waited for, but not for ever.
    private func watched(
        _ io: borrowing AsyncIO,
        _ body: () async throws(Errno) -> Int
    ) async throws(HTTPFailure) -> Int {
        deadline.store(Clock.now &+ idleLimit, ordering: .relaxed)
        defer { deadline.store(0, ordering: .relaxed) }
        do throws(Errno) {
            let result = try await body()
            let isLate = hasExpired.load(ordering: .acquiring)
            if result == 0 && isLate { throw Errno.timeout }
            // What went through in part before the end of the connection is no sign that the server gets on.
            if !isLate { moved?.count.wrappingAdd(UInt64(clamping: result), ordering: .relaxed) }
            return result
        } catch {
            if hasExpired.load(ordering: .acquiring) { throw .failed(.timedOut) }
            throw error == .canceled || error == .interrupted ? .cancelled : .failed(error)
        }
    }
}

/// Why a request has got no answer.
enum HTTPFailure: Error, Hashable {
    /// The server has closed the connection.
    case closed
    /// The system call that failed.
    case failed(Errno)
    /// What came is no HTTP, or not what was asked.
    case malformed(String)
    /// The body ended too early.
    case cut
    /// TLS has not come about: one line with the cause.
    case tls(String)
    case cancelled
}

/// A count of bytes that connections share.
final class MovedBytes: Sendable {
    /// So far.
    let count = Atomic<UInt64>(0)
}

/// The monotonic clock.
enum Clock {
    /// Nanoseconds.
    static var now: UInt64 {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    /// Seconds since 1970.
    static var wall: Int64 {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec)
    }
}

extension Duration {
    /// Whole nanoseconds; none where it is negative.
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        return seconds < 0 ? 0 : UInt64(seconds) &* 1_000_000_000 &+ UInt64(max(0, attoseconds)) / 1_000_000_000
    }
}
