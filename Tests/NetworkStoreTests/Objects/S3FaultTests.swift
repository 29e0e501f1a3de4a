import NetworkStore
import RingFUSE
import StoreTestSupport
import SystemPackage
import Testing

/// A server that fails in all ways: what is tried again, what is given up at once, and what people are told.
@Suite struct S3FaultTests {
    static let engines: [BackgroundWorker.Engine] = [.automatic, .threads]
    static let secret = "a-secret-that-nobody-may-see"
    static let environment = [
        "AWS_ACCESS_KEY_ID": "KEY", "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": "token-\(secret)",
    ]
    static let content = Content.bytes(200_000, seed: 5)
    static let key = ObjectKey("a/b")
    /// The field that says what was asked for.
    static let range = "Content-Range: bytes 10-1009/200000\r\n"

    /// Options under which nobody waits for long.
    static var quick: S3Options {
        var options = S3Options()
        // Other tests may keep this one waiting for long.
        options.keptFor = .seconds(600)
        options.firstPause = .milliseconds(1)
        options.longestPause = .milliseconds(4)
        options.attempts = 5
        // Nor is the server here silent by itself, however busy the machine.
        options.idleLimit = .seconds(60)
        options.connectLimit = .seconds(60)
        return options
    }

    /// Options under which silence is noticed soon.
    static var hasty: S3Options {
        var options = quick
        options.idleLimit = .seconds(1)
        return options
    }

    /// Reads 1000 bytes from a server that answers as it is told.
    static func read(
        _ engine: BackgroundWorker.Engine = .automatic,
        count: Int = 1000,
        options: S3Options = quick,
        times: Int = 1,
        _ answer: @escaping @Sendable (FaultServer.Request) -> [FaultServer.Step]
    ) async throws -> (outcomes: [Result<[UInt8], ObjectStoreError>], server: FaultServer) {
        let server = try FaultServer(answer)
        defer { server.stop() }
        let store = try TestBucket.store(
            "s3://bucket/?endpoint=http://127.0.0.1:\(server.port)", options: options, environment: environment)
        let worker = try BackgroundWorker(engine: engine)
        var outcomes: [Result<[UInt8], ObjectStoreError>] = []
        for _ in 0..<times {
            do throws(ObjectStoreError) {
                outcomes.append(.success(try await store.get(key, at: 10, count: count, worker)))
            } catch {
                #expect(!error.description.contains(secret) && !error.description.contains("\n"))
                outcomes.append(.failure(error))
            }
        }
        await worker.shutDown()
        return (outcomes, server)
    }

    static func wanted(_ count: Int = 1000) -> Result<[UInt8], ObjectStoreError> {
        .success(Array(content[10..<10 + count]))
    }

    // MARK: What passes

    /// Answers that are no answer, twice; then a good one.
    static let passing: [(String, [FaultServer.Step])] = [
        ("500", Answers.status(500, "InternalError")), ("503", Answers.status(503, "SlowDown")),
        ("502", Answers.status(502)), ("408", Answers.status(408)), ("429", Answers.status(429)),
        ("SlowDown", Answers.status(400, "SlowDown")),
        ("closed", [.close]), ("reset", [.reset]), ("garbage", [.text("\u{1}\u{2}SSH-2.0\r\n\r\n"), .close]),
        ("half a head", [.text("HTTP/1.1 206 OK\r\nContent-Le"), .close]),
        ("no body", [.text("HTTP/1.1 206 OK\r\n\(range)Content-Length: 1000\r\n\r\n"), .close]),
        ("half a body", [.text("HTTP/1.1 206 OK\r\n\(range)Content-Length: 1000\r\n\r\nabc"), .reset]),
        ("too short a length", [.text("HTTP/1.1 206 OK\r\n\(range)Content-Length: 3\r\n\r\nabc")]),
        (
            "another range",
            [.text("HTTP/1.1 206 OK\r\nContent-Length: 1000\r\nContent-Range: bytes 0-999/2000\r\n\r\n"), .close]
        ),
        ("half a chunk", [.text("HTTP/1.1 206 OK\r\n\(range)Transfer-Encoding: chunked\r\n\r\n3e8\r\nabc"), .close]),
        (
            "a chunk of nonsense",
            [.text("HTTP/1.1 206 OK\r\n\(range)Transfer-Encoding: chunked\r\n\r\nxyz\r\n"), .close]
        ),
        ("a head without end", [.text("HTTP/1.1 206 OK\r\n" + String(repeating: "A: b\r\n", count: 4000)), .close]),
        ("no range", [.text("HTTP/1.1 206 OK\r\nContent-Length: 1000\r\n\r\n"), .send(Array(content[10..<1010]))]),
        ("two lengths", [.text("HTTP/1.1 206 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"), .close]),
    ]

    @Test(arguments: passing.indices, engines)
    func isTriedAgain(_ index: Int, _ engine: BackgroundWorker.Engine) async throws {
        let steps = Self.passing[index].1
        let (outcomes, server) = try await Self.read(engine) {
            $0.number < 2 ? steps : Answers.object(Self.content, $0)
        }
        #expect(outcomes == [Self.wanted()], "\(Self.passing[index].0)")
        #expect(server.requests.count == 3, "\(Self.passing[index].0)")
    }

    /// Silence is an error after some time, at whatever point.
    @Test(
        arguments: [
            [FaultServer.Step.silence], [.text("HTTP/1.1 206"), .silence],
            [.text("HTTP/1.1 206 OK\r\n\(range)Content-Length: 1000\r\n\r\nabc"), .silence],
        ], engines)
    func silence(_ steps: [FaultServer.Step], _ engine: BackgroundWorker.Engine) async throws {
        let (outcomes, server) = try await Self.read(engine, options: Self.hasty) {
            $0.number < 1 ? steps : Answers.object(Self.content, $0)
        }
        #expect(outcomes == [Self.wanted()])
        #expect(server.requests.count == 2)
    }

    /// A server that is slow, but never silent for long, is waited for.
    @Test(arguments: engines)
    func slowness(_ engine: BackgroundWorker.Engine) async throws {
        let (outcomes, server) = try await Self.read(engine, options: Self.hasty) { request in
            let pieces = Answers.object(Self.content, request)
            guard case .text(let head) = pieces[0], case .send(let body) = pieces[1] else { return pieces }
            var steps: [FaultServer.Step] = []
            for line in head.split(separator: "\r\n", omittingEmptySubsequences: false).dropLast() {
                steps += [.text(line + "\r"), .pause(100), .text("\n")]
            }
            for start in stride(from: 0, to: body.count, by: 100) {
                steps += [.pause(100), .send(Array(body[start..<min(body.count, start + 100)]))]
            }
            return steps
        }
        #expect(outcomes == [Self.wanted()])
        #expect(server.requests.count == 1)
    }

    /// Patience ends, with what was wrong last.
    @Test(arguments: [
        ([FaultServer.Step.close], "closes connections"), ([.reset], "connection"),
        ([.text("nonsense\r\n\r\n"), .close], "is it an S3 server"), (Answers.status(503, "SlowDown"), "SlowDown"),
        ([.text("HTTP/1.1 206 OK\r\n\(range)Content-Length: 1000\r\n\r\nabc"), .close], "too early"),
    ])
    func patienceEnds(_ steps: [FaultServer.Step], _ hint: String) async throws {
        let (outcomes, server) = try await Self.read { _ in steps }
        guard case .failure(.unavailable(let text)) = outcomes[0] else {
            Issue.record("\(outcomes)")
            return
        }
        #expect(text.contains(hint) && text.contains("a/b") && text.contains("127.0.0.1"), "\(text)")
        #expect(server.requests.count == 5)
    }

    // MARK: What does not pass

    @Test(arguments: [
        (403, "AccessDenied", "keys and policy"), (403, "InvalidAccessKeyId", "AWS_ACCESS_KEY_ID"),
        (403, "SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY"), (404, "NoSuchBucket", "bucket"),
        (400, "ExpiredToken", "session token"), (400, "InvalidRequest", "InvalidRequest"), (401, "", "allow"),
        (403, "RequestTimeTooSkewed", "clocks"), (405, "MethodNotAllowed", "refuses"),
    ])
    func isNotTriedAgain(_ status: Int, _ code: String, _ hint: String) async throws {
        let (outcomes, server) = try await Self.read { _ in Answers.status(status, code) }
        guard case .failure(.denied(let text)) = outcomes[0] else {
            Issue.record("\(outcomes)")
            return
        }
        #expect(text.contains(hint), "\(text)")
        #expect(server.requests.count == 1)
    }

    @Test func regions() async throws {
        let (outcomes, _) = try await Self.read { _ in
            Answers.status(301, "PermanentRedirect", fields: "x-amz-bucket-region: eu-north-1\r\n")
        }
        guard case .failure(.denied(let text)) = outcomes[0] else {
            Issue.record("\(outcomes)")
            return
        }
        #expect(text.contains("region=eu-north-1 instead of us-east-1"), "\(text)")
    }

    @Test func full() async throws {
        let (outcomes, _) = try await Self.read { _ in Answers.status(507) }
        guard case .failure(.full) = outcomes[0] else {
            Issue.record("\(outcomes)")
            return
        }
    }

    @Test func missing() async throws {
        for code in ["NoSuchKey", ""] {
            let (outcomes, server) = try await Self.read { _ in Answers.status(404, code) }
            #expect(outcomes == [.failure(.missing(Self.key))])
            #expect(server.requests.count == 1)
        }
    }

    @Test func nobodyListens() async throws {
        let server = try FaultServer { _ in [] }
        server.stop()
        let store = try TestBucket.store(
            "s3://bucket/?endpoint=http://127.0.0.1:\(server.port)", options: Self.quick,
            environment: Self.environment)
        let worker = try BackgroundWorker()
        let refused = await store.failure(Self.key, at: 0, count: 1, worker)
        #expect(refused?.description.contains("nothing listens") == true, "\(String(describing: refused))")
        let unknown = try TestBucket.store(
            "s3://bucket/?endpoint=http://no-such-host.invalid", options: Self.quick, environment: Self.environment)
        let error = await unknown.failure(Self.key, at: 0, count: 1, worker)
        #expect(error?.description.contains("no-such-host.invalid is not known") == true)
        await worker.shutDown()
    }

    /// A server that refuses a body while it comes, and takes no more of it.
    @Test(arguments: engines)
    func refusedWhileSending(_ engine: BackgroundWorker.Engine) async throws {
        let server = try FaultServer(readsBodies: false) { _ in
            Answers.status(403, "AccessDenied", fields: "Connection: close\r\n") + [.pause(300), .close]
        }
        defer { server.stop() }
        let store = try TestBucket.store(
            "s3://bucket/?endpoint=http://127.0.0.1:\(server.port)", options: Self.quick,
            environment: Self.environment)
        let worker = try BackgroundWorker(engine: engine)
        do throws(ObjectStoreError) {
            try await store.put(Self.key, Content.bytes(100_000, seed: 1), worker)
            Issue.record("it was refused")
        } catch {
            #expect(error.description.contains("does not allow it"), "\(error)")
        }
        #expect(server.requests.count == 1)
        await worker.shutDown()
    }

    /// However many kept connections are dead: the second try is on a new one.
    @Test func manyDeadConnections() async throws {
        var options = Self.quick
        options.attempts = 1
        let isOver = Flag()
        let server = try FaultServer { request in
            isOver.isSet && request.connection < 8 ? [.close] : [.pause(20)] + Answers.object(Self.content, request)
        }
        defer { server.stop() }
        let store = try TestBucket.store(
            "s3://bucket/?endpoint=http://127.0.0.1:\(server.port)", options: options, environment: Self.environment)
        let worker = try BackgroundWorker()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { _ = await store.failure(Self.key, at: 0, count: 10, worker) } }
        }
        #expect(server.connectionCount == 8)
        isOver.set()
        for _ in 0..<3 {
            #expect(try await store.get(Self.key, at: 10, count: 9, worker) == Array(Self.content[10..<19]))
        }
        await worker.shutDown()
    }
}
