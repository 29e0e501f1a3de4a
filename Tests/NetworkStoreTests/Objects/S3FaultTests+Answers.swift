import NetworkStore
import RingFUSE
import StoreTestSupport
import SystemPackage
import Testing

// Forms that answers may have, and what of clocks and keys is in requests.

extension S3FaultTests {
    @Test(arguments: engines)
    func chunks(_ engine: BackgroundWorker.Engine) async throws {
        let (outcomes, server) = try await Self.read(engine, count: 150_000, times: 2) { _ in
            var steps: [FaultServer.Step] = [
                .text("HTTP/1.1 206 OK\r\nContent-Range: bytes 10-150009/200000\r\nTransfer-Encoding: Chunked\r\n\r\n")
            ]
            var start = 10
            for size in [1, 15, 4096, 100_000, 45_888] {
                steps += [
                    .text("\(size == 15 ? "00F" : String(size, radix: 16));name=value\r\n"),
                    .send(Array(Self.content[start..<start + size])), .text("\r\n"),
                ]
                start += size
            }
            return steps + [.text("0\r\nTrailer: x\r\n\r\n")]
        }
        #expect(outcomes == [Self.wanted(150_000), Self.wanted(150_000)])
        #expect(server.connectionCount == 1)
    }

    /// Those that say that an answer is to come are passed over.
    @Test func oneHundreds() async throws {
        let (outcomes, _) = try await Self.read {
            [.text("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nA: b\r\n\r\n")]
                + Answers.object(Self.content, $0)
        }
        #expect(outcomes == [Self.wanted()])
    }

    /// A server that knows no ranges sends all; one without lengths ends the connection.
    @Test(arguments: engines)
    func wholeObjects(_ engine: BackgroundWorker.Engine) async throws {
        let (outcomes, _) = try await Self.read(engine) { _ in
            [.text("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n"), .send(Self.content)]
        }
        #expect(outcomes == [Self.wanted()])
        let (others, _) = try await Self.read(engine) { _ in
            [.text("HTTP/1.0 200 OK\r\n\r\n"), .send(Self.content), .close]
        }
        #expect(others == [Self.wanted()])
        // Just what was asked for, and not called so.
        let (parts, _) = try await Self.read(engine) { _ in
            [
                .text("HTTP/1.1 200 OK\r\n\(Self.range)Content-Length: 1000\r\n\r\n"),
                .send(Array(Self.content[10..<1010])),
            ]
        }
        #expect(parts == [Self.wanted()])
        // All of it, whatever is said of a part.
        let (all, _) = try await Self.read(engine) { _ in
            [.text("HTTP/1.1 200 OK\r\n\(Self.range)Content-Length: 200000\r\n\r\n"), .send(Self.content)]
        }
        #expect(all == [Self.wanted()])
        let (short, _) = try await Self.read(engine) { _ in
            [.text("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"), .send(Array(Self.content[..<500]))]
        }
        guard case .failure(.damaged) = short[0] else {
            Issue.record("\(short)")
            return
        }
    }

    // MARK: Clocks and keys

    /// The server's clock counts where this machine's is wrong.
    @Test func clocks() async throws {
        let (outcomes, server) = try await Self.read { request in
            request.number == 0
                ? Answers.status(403, "RequestTimeTooSkewed", fields: "Date: Tue, 01 Jan 2030 12:00:00 GMT\r\n")
                : Answers.object(Self.content, request)
        }
        #expect(outcomes == [Self.wanted()])
        #expect(server.requests.last?.field("x-amz-date")?.hasPrefix("20300101T1200") == true)
    }

    /// What is sent: signed, with the token, and nothing of the secret.
    @Test func requests() async throws {
        let (_, server) = try await Self.read { Answers.object(Self.content, $0) }
        let request = try #require(server.requests.first)
        #expect(request.head.hasPrefix("GET /bucket/a/b HTTP/1.1\r\n"))
        #expect(request.field("host") == "127.0.0.1:\(server.port)")
        #expect(request.field("range") == "bytes=10-1009")
        #expect(request.field("x-amz-security-token") == "token-\(Self.secret)")
        let authorization = try #require(request.field("authorization"))
        #expect(authorization.hasPrefix("AWS4-HMAC-SHA256 Credential=KEY/20"))
        #expect(
            authorization.contains("/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date;"))
        #expect(!authorization.contains(Self.secret))
    }
}
