import Foundation
import StoreTestSupport
import TestSupport
import Testing

@testable import NetworkStore

/// Heads of responses: what is read of them, and what is refused.
@Suite struct ResponseHeadTests {
    private func parse(_ text: String) throws(ResponseFault) -> ResponseHead? {
        let bytes = Array(text.utf8)
        return try ResponseHead.parse(bytes.span)
    }

    @Test func whatMatters() throws {
        let text = """
            HTTP/1.1 206 Partial Content\r
            Date: Sun, 06 Nov 1994 08:49:37 GMT\r
            content-LENGTH:  4096 \r
            Content-Range: bytes 100-4195/5000\r
            X-Amz-Bucket-Region: eu-central-1\r
            ETag: "abc: def"\r
            Last-Modified: Sun, 06 Nov 1994 08:49:38 GMT\r
            Empty:\r
            \r
            body
            """
        let head = try #require(try parse(text))
        #expect(
            head.status == 206 && head.contentLength == 4096 && head.date == 784_111_777
                && head.region == "eu-central-1")
        #expect(head.contentRange == .init(first: 100, last: 4195, total: 5000))
        #expect(head.byteCount == text.utf8.count - 4 && head.keepsAlive && !head.isChunked)
        #expect(head.tag == nil && head.modified == nil)
        let bytes = Array(text.utf8)
        let tagged = try ResponseHead.parse(bytes.span, wantsTag: true)
        #expect(tagged?.tag == "abc: def" && tagged?.modified == 784_111_778)
    }

    /// No matter where it is cut, more is asked for; with more behind it, the same is read.
    @Test func inPieces() throws {
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"
        let whole = try #require(try parse(text))
        for count in 0..<text.utf8.count {
            #expect(try parse(String(decoding: text.utf8.prefix(count), as: UTF8.self)) == nil, "after \(count)")
        }
        #expect(try parse(text + "HTTP/1.1 500 \r\n\r\n") == whole)
        #expect(whole.contentLength == 5 && !whole.keepsAlive)
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK", true), ("HTTP/1.0 200 OK", false), ("HTTP/1.0 200 OK\r\nConnection: Keep-Alive", true),
        ("HTTP/1.1 200 OK\r\nConnection: close", false), ("HTTP/1.1 200 OK\r\nConnection: foo , Close", false),
        ("HTTP/1.1 200 OK\r\nConnection: closed", true), ("HTTP/1.1 200", true), ("HTTP/1.1 200 ", true),
    ])
    func keepsAlive(_ text: String, _ keeps: Bool) throws {
        #expect(try parse(text + "\r\n\r\n")?.keepsAlive == keeps)
    }

    @Test(arguments: [
        "", " ", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/2.0 200 OK", "HTTP/1.2 200 OK", "http/1.1 200 OK",
        "HTTP/1.1 099 OK", "HTTP/1.1 600 OK", "HTTP/1.1  200 OK", "HTTP/1.1 2x0 OK", "SSH-2.0-OpenSSH", "HTTP/1.1 200X",
        "HTTP/1.1 200 OK\r\n folded", "HTTP/1.1 200 OK\r\nno colon", "HTTP/1.1 200 OK\r\n: empty",
        "HTTP/1.1 200 OK\r\nName : x", "HTTP/1.1 200 OK\r\nNa me: x", "HTTP/1.1 200 OK\r\nA: b\nC: d",
        "HTTP/1.1 200 OK\r\nA: b\rC: d", "HTTP/1.1 200 OK\r\nA: \0", "HTTP/1.1 200 OK\r\nContent-Length: ",
        "HTTP/1.1 200 OK\r\nContent-Length: +5", "HTTP/1.1 200 OK\r\nContent-Length: -5",
        "HTTP/1.1 200 OK\r\nContent-Length: 5, 5", "HTTP/1.1 200 OK\r\nContent-Length: 0x5",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "HTTP/1.1 206 OK\r\nContent-Range: bytes 5-4/10", "HTTP/1.1 206 OK\r\nContent-Range: bytes 0-10/10",
        "HTTP/1.1 206 OK\r\nContent-Range: lines 0-1/10", "HTTP/1.1 206 OK\r\nContent-Range: bytes 0-1",
        "HTTP/1.1 206 OK\r\nContent-Range: bytes -1/10", "HTTP/1.1 206 OK\r\nContent-Range: bytes 0-1/x",
    ])
    func refused(_ text: String) {
        #expect(throws: ResponseFault.self) { try parse(text + "\r\n\r\n") }
    }

    @Test func twiceTheSameLength() throws {
        #expect(
            try parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n")?.contentLength == 5)
    }

    @Test(arguments: [
        ("bytes 0-0/1", ResponseHead.ContentRange(first: 0, last: 0, total: 1)),
        ("bytes 3-7/*", ResponseHead.ContentRange(first: 3, last: 7, total: nil)),
        ("bytes */10", nil),
    ])
    func ranges(_ text: String, _ range: ResponseHead.ContentRange?) throws {
        #expect(try parse("HTTP/1.1 206 OK\r\nContent-Range: \(text)\r\n\r\n")?.contentRange == range)
    }

    @Test(arguments: [
        (200, HTTPMethod.get, true), (204, .get, false), (304, .get, false), (200, .head, false), (404, .get, true),
        (100, .get, false),
    ])
    func bodies(_ status: Int, _ method: HTTPMethod, _ hasBody: Bool) {
        #expect(ResponseHead(status: status).hasBody(to: method) == hasBody)
    }

    @Test(arguments: [
        "Sun, 06 Nov 1994 08:49:37 GMX", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nox 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "",
    ])
    func noDates(_ text: String) {
        let bytes = Array(text.utf8)
        #expect(HTTPDate.parse(bytes.span) == nil)
    }

    // MARK: Against another parser

    /// What this one takes, Python's takes for the same; the other way round it need not be.
    @Test func heldAgainstPython() throws {
        var random = SeededNumbers(state: 11)
        let heads = (0..<3000).map { _ in Self.madeUp(&random) }
        let ours = heads.map { text -> String in
            guard let head = try? parse(text) else { return "refused" }
            let length = head.isChunked ? "chunked" : head.contentLength.map { "\($0)" } ?? "-"
            return "\(head.status) \(length) \(head.keepsAlive)"
        }
        let theirs = try Self.python(heads)
        try #require(theirs.count == heads.count)
        for (index, text) in heads.enumerated() where ours[index] != "refused" {
            #expect(ours[index] == theirs[index], "\(text.debugDescription)")
        }
        #expect(ours.count { $0 != "refused" } > 500, "too few that are taken")
        #expect(ours.count { $0 == "refused" } > 500, "too few that are refused")
    }

    /// A head that is in order, or not quite.
    private static func madeUp(_ random: inout SeededNumbers) -> String {
        func pick(_ texts: [String]) -> String { texts[Int.random(in: 0..<texts.count, using: &random)] }
        var text = pick(["HTTP/1.1 ", "HTTP/1.1 ", "HTTP/1.1 ", "HTTP/1.0 ", "HTTP/1.1  ", "HTTP/11 "])
        text += pick(["200 OK", "206 Partial Content", "404 ", "500", "301 Moved", "99 X", "1000 X"]) + "\r\n"
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            text += pick([
                "Content-Length: 5", "content-length:17", "CONTENT-LENGTH: \t 0 ", "Content-Length: 5x",
                "Transfer-Encoding: chunked", "transfer-encoding:Chunked", "Transfer-Encoding: gzip",
                "Connection: close", "Connection: Keep-Alive", "connection:close", "X-Y: Content-Length: 3", "Date: x",
                "Name : x", " folded", "nothing", "ETag: \"a:b\"", "Server:",
            ])
            text += pick(["\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r\r\n"])
        }
        return text + "\r\n"
    }

    private static let script = """
        import http.client, io, json, sys
        class Socket:
            def __init__(self, data): self.data = data
            def makefile(self, mode): return io.BytesIO(self.data)
        for line in open(sys.argv[1]):
            try:
                answer = http.client.HTTPResponse(Socket(json.loads(line).encode('latin-1')), method='GET')
                answer.begin()
                length = 'chunked' if answer.chunked else '-' if answer.length is None else str(answer.length)
                fields = answer.headers.get_all('connection', [])
                words = [word.strip().lower() for field in fields for word in field.split(',')]
                closes = 'close' in words or answer.version == 10 and 'keep-alive' not in words
                print(answer.status, length, 'false' if closes else 'true')
            except Exception as error:
                print('refused')
        """

    private static func python(_ heads: [String]) throws -> [String] {
        let base = "/tmp/ringfuse-heads-\(UInt32.random(in: 0...UInt32.max))"
        defer { for end in ["py", "txt"] { try? FileManager.default.removeItem(atPath: "\(base).\(end)") } }
        try script.write(toFile: base + ".py", atomically: true, encoding: .utf8)
        let lines = try heads.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
        try lines.joined(separator: "\n").write(toFile: base + ".txt", atomically: true, encoding: .utf8)
        return try Spawn.run(["python3", base + ".py", base + ".txt"]).split(separator: "\n").map(String.init)
    }
}

/// Numbers that are the same in each run.
private struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}
