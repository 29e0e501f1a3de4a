import NetworkStore
import RingFUSE
import StoreTestSupport
import SystemPackage
import Testing

// Which connections are kept, what becomes of those that are dead, and a second request where the first one is slow.

extension S3FaultTests {
    /// One connection serves one request after the other.
    @Test(arguments: engines)
    func connectionsAreKept(_ engine: BackgroundWorker.Engine) async throws {
        let (outcomes, server) = try await Self.read(engine, times: 10) { Answers.object(Self.content, $0) }
        #expect(outcomes == Array(repeating: Self.wanted(), count: 10))
        #expect(server.connectionCount == 1)
    }

    /// One that the server has closed meanwhile costs no attempt: each request is sent once more at once.
    @Test(arguments: engines)
    func keptConnectionsMayBeDead(_ engine: BackgroundWorker.Engine) async throws {
        var options = Self.quick
        options.attempts = 1
        let (outcomes, server) = try await Self.read(engine, options: options, times: 6) {
            Answers.object(Self.content, $0) + [.close]
        }
        #expect(outcomes == Array(repeating: Self.wanted(), count: 6))
        #expect(server.requests.count == 6)
        let (others, _) = try await Self.read(engine, options: options, times: 6) { request in
            Answers.object(Self.content, request) + [.reset]
        }
        #expect(others == Array(repeating: Self.wanted(), count: 6))
    }

    @Test func connectionsThatTheServerDoesNotKeep() async throws {
        for field in ["Connection: close", "Connection: keep-alive, Close"] {
            let (outcomes, server) = try await Self.read(times: 3) { request in
                let part = Array(Self.content[10..<1010])
                return [.text("HTTP/1.1 206 OK\r\n\(Self.range)\(field)\r\nContent-Length: 1000\r\n\r\n"), .send(part)]
            }
            #expect(outcomes == Array(repeating: Self.wanted(), count: 3))
            #expect(server.connectionCount == 3)
        }
    }

    /// Bytes that nobody has asked for: the next answer must not begin with them.
    @Test func leftovers() async throws {
        let (outcomes, server) = try await Self.read(times: 3) { request in
            // In one piece with the answer, so that it is there.
            let part = Array(Self.content[10..<1010])
            let text = "HTTP/1.1 206 OK\r\n\(Self.range)Content-Length: 1000\r\n\r\n"
            return [.send(Array(text.utf8) + part + Array(text.utf8))]
        }
        #expect(outcomes == Array(repeating: Self.wanted(), count: 3))
        #expect(server.connectionCount == 3)
    }

    /// The same, when they come while the connection waits.
    @Test func lateLeftovers() async throws {
        let server = try FaultServer { request in
            Answers.object(Self.content, request) + [.pause(5), .text("HTTP/1.1 206 OK\r\n")]
        }
        defer { server.stop() }
        let store = try TestBucket.store(
            "s3://bucket/?endpoint=http://127.0.0.1:\(server.port)", options: Self.quick,
            environment: Self.environment)
        let worker = try BackgroundWorker()
        for _ in 0..<3 {
            #expect(try await store.get(Self.key, at: 10, count: 9, worker) == Array(Self.content[10..<19]))
            try await Task.sleep(for: .milliseconds(40))
        }
        #expect(server.requests.count == 3 && server.connectionCount == 3)
        await worker.shutDown()
    }

    // MARK: Hedging

    /// A read that takes long is sent again on another connection, and the first answer counts, whichever it is.
    @Test(arguments: engines, [true, false])
    func hedging(_ engine: BackgroundWorker.Engine, _ firstIsSlow: Bool) async throws {
        var options = Self.quick
        options.idleLimit = .seconds(30)
        options.hedgeAfter = .milliseconds(20)
        let (outcomes, server) = try await Self.read(engine, options: options) { request in
            if request.number == (firstIsSlow ? 0 : 1) { return [.silence] }
            return [.pause(firstIsSlow ? 0 : 1000)] + Answers.object(Self.content, request)
        }
        #expect(outcomes == [Self.wanted()])
        #expect(server.requests.count == 2 && server.connectionCount == 2)
    }

    /// What is answered in time, or refused, is not sent again.
    @Test func noHedging() async throws {
        var options = Self.quick
        options.hedgeAfter = .seconds(3600)
        let (outcomes, server) = try await Self.read(options: options, times: 3) {
            Answers.object(Self.content, $0)
        }
        #expect(outcomes == Array(repeating: Self.wanted(), count: 3))
        #expect(server.requests.count == 3)
        let (others, _) = try await Self.read(options: options) { _ in Answers.status(404, "NoSuchKey") }
        #expect(others == [.failure(.missing(Self.key))])
    }
}
