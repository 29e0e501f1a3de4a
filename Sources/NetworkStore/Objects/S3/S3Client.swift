import RingFUSE
import Synchronization
import SystemPackage

/// Sends requests to one bucket: connections, signatures, retries.
///
/// Any worker may use it.
final class S3Client: Sendable {
    let location: S3Location
    let options: S3Options
    /// For messages.
    let name: String
    let host: String
    private let authority: String
    /// What comes before a key in the path of a URL, coded.
    private let base: [UInt8]
    private let dialer: Dialer
    private let pool: ConnectionPool
    private let credentials: CredentialSource
    /// Bytes that were sent and received in first attempts.
    private let moved = MovedBytes()
    /// Seconds that the server's clock is ahead.
    private let skew = Atomic<Int64>(0)

    var endpoint: Endpoint { location.endpoint }

    /// Bytes that were sent and received in first attempts at requests.
    var movedBytes: UInt64 { moved.count.load(ordering: .relaxed) }

    /// - Throws: ``ObjectStoreError/denied(_:)`` where certificates cannot be read.
    init(
        _ location: S3Location,
        options: S3Options,
        credentials: CredentialSource
    ) throws(ObjectStoreError) {
        self.location = location
        self.options = options
        self.credentials = credentials
        name = location.description
        let isVirtual = location.style == .virtual
        host = isVirtual ? "\(location.bucket).\(location.endpoint.host)" : location.endpoint.host
        authority = location.endpoint.authority(bucket: isVirtual ? location.bucket : nil)
        base = Array((isVirtual ? "/" : "/\(location.bucket)/").utf8)
        pool = ConnectionPool(idleTime: options.keptFor)
        do throws(HTTPFailure) {
            dialer = try Dialer(
                location.endpoint, host: host, certificates: location.certificates,
                connectLimit: options.connectLimit, idleLimit: options.idleLimit)
        } catch {
            if case .tls(let text) = error { throw .denied(text) }
            throw .unavailable("TLS cannot be set up")
        }
    }

    /// Closes the connections that nobody uses.
    func close() { pool.close() }

    /// Sends a request until it is answered, or patience ends.
    ///
    /// - Parameters:
    ///   - body: `nil` where there is none.
    ///   - target: gets the bytes that ``S3Request/range`` asks for; all or none.
    /// - Returns: an answer that says success.
    func perform(
        _ request: S3Request,
        _ body: S3Body,
        into target: S3Target,
        _ io: borrowing AsyncIO
    ) async throws(S3Fault) -> S3Answer {
        var failures = 0
        // Each of these helps once.
        var (hasSetClock, hasNewKeys, hasRedialled) = (false, false, false)
        while true {
            do throws(S3Fault) {
                return try await attempt(
                    request, body, target, isFresh: hasRedialled, isFirst: failures == 0, io)
            } catch {
                switch error {
                case .connection(let failure, wasReused: true, hadAnswer: false)
                where failure != .cancelled && !hasRedialled:
                    // The server has closed a connection that it had kept; all requests here may be repeated.
                    hasRedialled = true
                    // One that has only fallen silent counts: it took as long as any other attempt may.
                    if failure != .failed(.timedOut) { continue }
                case .refused(let refusal) where refusal.isSkewed && refusal.date != nil && !hasSetClock:
                    hasSetClock = true
                    skew.store((refusal.date ?? 0) - Clock.wall, ordering: .relaxed)
                    continue
                case .refused(let refusal) where refusal.isExpired && !hasNewKeys:
                    hasNewKeys = true
                    if try await hasOtherKeys() { continue }
                default: break
                }
                failures += 1
                guard error.mayPass && failures < options.attempts && !Task.isCancelled else { throw error }
                try await pause(failures, io)
            }
        }
    }

    private func hasOtherKeys() async throws(S3Fault) -> Bool {
        guard let known = credentials.known else { return false }
        let other = try await keys(replacing: known.generation)
        return other.generation != known.generation
    }

    private func keys(replacing stale: Int? = nil) async throws(S3Fault) -> CredentialSource.Current {
        if stale == nil, let known = credentials.known { return known }
        do throws(ObjectStoreError) {
            return try await credentials.current(replacing: stale)
        } catch {
            throw .keys(error)
        }
    }

    /// Waits before the next attempt: for a random part of a time that doubles, so that many clients spread out.
    private func pause(_ failures: Int, _ io: borrowing AsyncIO) async throws(S3Fault) {
        let longest = min(options.longestPause, options.firstPause * (1 << min(failures - 1, 20)))
        do throws(Errno) {
            try await io.sleep(for: .nanoseconds(Int64.random(in: 1...max(1, Int64(clamping: longest.nanoseconds)))))
        } catch {
            throw .connection(.cancelled, wasReused: false, hadAnswer: false)
        }
    }

    // MARK: One attempt

    private func attempt(
        _ request: S3Request,
        _ body: S3Body,
        _ target: S3Target,
        isFresh: Bool,
        isFirst: Bool,
        _ io: borrowing AsyncIO
    ) async throws(S3Fault) -> S3Answer {
        let keys = try await keys()
        let connection = try await connection(isFresh: isFresh, io)
        write(request, body, keys, to: connection)
        connection.moved = isFirst ? moved : nil
        let wasReused = connection.isReused
        var head = ResponseHead()
        var reader = BodyReader.none
        let outcome: Result<S3Answer, S3Fault>
        do throws(HTTPFailure) {
            try await send(body, connection, io)
            head = try await connection.receiveHead(wantsTag: request.wantsTag, io)
            reader = BodyReader(head, to: request.method)
            outcome = try await receive(head, request, target, &reader, connection, io)
        } catch {
            connection.close()
            throw .connection(error, wasReused: wasReused, hadAnswer: head.status != 0)
        }
        finish(connection, head, reader, io)
        return try outcome.get()
    }

    /// Sends a request. A server that refuses it may end the connection before it has all of the body; what it says then
    /// is worth more than that it did.
    private func send(
        _ body: S3Body,
        _ connection: HTTPConnection,
        _ io: borrowing AsyncIO
    ) async throws(HTTPFailure) {
        if body.count == 0 { return try await connection.exchange(io) }
        do throws(HTTPFailure) {
            try await unsafe connection.send(body.span, io)
        } catch {
            guard error == .failed(.brokenPipe) else { throw error }
            connection.isCut = true
        }
    }

    /// - Parameter isFresh: whether one that has served before will not do.
    private func connection(isFresh: Bool, _ io: borrowing AsyncIO) async throws(S3Fault) -> HTTPConnection {
        if !isFresh, let kept = pool.take(io.identity) { return kept }
        do throws(DialFailure) {
            return try await dialer.dial(io) { pool.watch($0) }
        } catch {
            throw .dialing(error)
        }
    }

    private func write(
        _ request: S3Request,
        _ body: S3Body,
        _ keys: CredentialSource.Current,
        to connection: HTTPConnection
    ) {
        if connection.signer?.generation != keys.generation {
            connection.signer = RequestSigner(keys, region: location.region, authority: authority)
        }
        let now = Clock.wall + skew.load(ordering: .relaxed)
        connection.signer?.write(
            request, base: base, bodyLength: body.count, payload: body.hash, at: now, into: &connection.request)
    }

    /// Keeps a connection whose answer was read to its end.
    private func finish(
        _ connection: HTTPConnection,
        _ head: ResponseHead,
        _ reader: BodyReader,
        _ io: borrowing AsyncIO
    ) {
        let isWhole = reader.isDone && !reader.endsConnection && !connection.isCut
        if isWhole && head.keepsAlive && !connection.hasLeftovers {
            pool.give(connection, io.identity)
        } else {
            connection.close()
        }
    }
}
