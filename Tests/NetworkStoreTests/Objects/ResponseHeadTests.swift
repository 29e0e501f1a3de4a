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
            Empty:\r
            \r
            body
            """
        let head = try #require(try parse(text))
        #expect(
            head
                == ResponseHead(
                    status: 206, contentLength: 4096, contentRange: .init(first: 100, last: 4195, total: 5000),
                    date: 784_111_777, region: "eu-central-1", byteCount: text.utf8.count - 4))
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
}
