/// The head of a response of HTTP/1.1, as far as it matters to a client of an object store.
///
/// Strict where a lenient reading could make two parties disagree on where a message ends (RFC 9112, 11.2): no line
/// without CR, no folded lines, no second length, no transfer coding but `chunked`.
struct ResponseHead: Sendable, Equatable {
    /// 100 to 599.
    var status = 0
    /// Bytes of the body, where it says.
    var contentLength: UInt64?
    /// Whether the body comes in chunks.
    var isChunked = false
    /// Whether the connection may be used again.
    var keepsAlive = true
    /// Whether any of its fields says that it may not.
    var closes = false
    /// Which part of an object the body is.
    var contentRange: ContentRange?
    /// Seconds since 1970 by the server's clock.
    var date: Int64?
    /// The region of the bucket.
    var region: String?
    /// What the server calls this content of the object, without quotes; where it was wanted.
    var tag: String?
    /// When the object was stored, in seconds since 1970; where ``tag`` was wanted.
    var modified: Int64?
    /// Bytes of the head, with the empty line.
    var byteCount = 0

    /// A part of an object: `bytes 0-99/1234`.
    struct ContentRange: Sendable, Equatable {
        var first: UInt64
        var last: UInt64
        /// Bytes of the object; `nil` where the server does not know.
        var total: UInt64?
    }

    /// Bytes of the longest head that is read.
    static var longest: Int { 16_384 }

    /// Whether a response to `method` has a body.
    func hasBody(to method: HTTPMethod) -> Bool {
        method != .head && status >= 200 && status != 204 && status != 304
    }

    /// Reads a head.
    ///
    /// - Parameters:
    ///   - bytes: begins with it.
    ///   - wantsTag: whether to keep the tag and the time of the object, which costs memory.
    /// - Returns: `nil` where it goes on after these bytes.
    static func parse(_ bytes: Span<UInt8>, wantsTag: Bool = false) throws(ResponseFault) -> ResponseHead? {
        var head = ResponseHead()
        var lines = HeadLines(bytes)
        guard let first = try lines.next() else { return nil }
        try head.readStatus(bytes.extracting(first))
        while let line = try lines.next() {
            if line.isEmpty {
                head.byteCount = line.upperBound + 2
                if head.isChunked && head.contentLength != nil { throw ResponseFault("two lengths") }
                if head.closes { head.keepsAlive = false }
                return head
            }
            try head.readField(bytes.extracting(line), wantsTag: wantsTag)
        }
        return nil
    }

    /// `HTTP/1.1 200 OK`.
    private mutating func readStatus(_ line: Span<UInt8>) throws(ResponseFault) {
        guard line.count >= 12, line.starts(with: "HTTP/1."), line[8] == UInt8(ascii: " ") else {
            throw ResponseFault("no HTTP/1.1")
        }
        switch line[7] {
        case UInt8(ascii: "1"): break
        case UInt8(ascii: "0"): keepsAlive = false
        default: throw ResponseFault("no HTTP/1.1")
        }
        guard let code = line.extracting(9..<12).decimal, (100...599).contains(code) else {
            throw ResponseFault("no status")
        }
        guard line.count == 12 || line[12] == UInt8(ascii: " ") else { throw ResponseFault("no status") }
        status = Int(code)
    }

    /// `Name: value`.
    private mutating func readField(_ line: Span<UInt8>, wantsTag: Bool) throws(ResponseFault) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0 else { throw ResponseFault("no field") }
        for index in 0..<colon where !line[index].isToken { throw ResponseFault("a field whose name is none") }
        let name = line.extracting(0..<colon)
        let value = line.extracting(line.trimmed(from: colon + 1))
        // By the length first: most fields do not matter.
        switch colon {
        case 4 where name.isField("date"): date = HTTPDate.parse(value)
        case 4 where wantsTag && name.isField("etag"): tag = EntityTag.unquoted(value.text)
        case 10 where name.isField("connection"): readConnection(value)
        case 13 where name.isField("content-range"): contentRange = try Self.range(value)
        case 13 where wantsTag && name.isField("last-modified"): modified = HTTPDate.parse(value)
        case 14 where name.isField("content-length"): try readLength(value)
        case 17 where name.isField("transfer-encoding"): try readCoding(value)
        case 19 where name.isField("x-amz-bucket-region"): region = value.text
        default: break
        }
    }

    private mutating func readConnection(_ value: Span<UInt8>) {
        if value.containsToken("close") { closes = true }
        if value.containsToken("keep-alive") { keepsAlive = true }
    }

    private mutating func readLength(_ value: Span<UInt8>) throws(ResponseFault) {
        guard let length = value.decimal else { throw ResponseFault("a length that is no number") }
        guard contentLength == nil || contentLength == length else { throw ResponseFault("two lengths") }
        contentLength = length
    }

    private mutating func readCoding(_ value: Span<UInt8>) throws(ResponseFault) {
        guard value.isField("chunked"), !isChunked else { throw ResponseFault("an unknown transfer coding") }
        isChunked = true
    }

    /// `bytes 0-99/1234`, with `*` where the total is not known; `nil` for `bytes */1234`.
    private static func range(_ value: Span<UInt8>) throws(ResponseFault) -> ContentRange? {
        guard value.starts(with: "bytes "), let slash = value.firstIndex(of: UInt8(ascii: "/")) else {
            throw ResponseFault("a range that is none")
        }
        let size = value.extracting(slash + 1..<value.count)
        let total = size.decimal
        guard total != nil || (size.count == 1 && size[0] == UInt8(ascii: "*")) else {
            throw ResponseFault("a range that is none")
        }
        let part = value.extracting(6..<slash)
        if part.count == 1 && part[0] == UInt8(ascii: "*") { return nil }
        guard let dash = part.firstIndex(of: UInt8(ascii: "-")), let first = part.extracting(0..<dash).decimal,
            let last = part.extracting(dash + 1..<part.count).decimal, first <= last, total.map({ last < $0 }) ?? true
        else { throw ResponseFault("a range that is none") }
        return ContentRange(first: first, last: last, total: total)
    }
}

/// What is wrong with a response.
struct ResponseFault: Error, Hashable, CustomStringConvertible {
    /// A few words.
    let description: String

    init(_ description: String) { self.description = description }
}

/// The lines of a head, one after the other.
struct HeadLines: ~Escapable {
    private let bytes: Span<UInt8>
    private var position = 0

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) { self.bytes = bytes }

    /// Where the next line is, without its CR and LF; `nil` where there is no whole one.
    mutating func next() throws(ResponseFault) -> Range<Int>? {
        var index = position
        while index < bytes.count {
            let byte = bytes[index]
            if byte == 10 || byte == 0 { throw ResponseFault("a line that ends without CR, or has a NUL") }
            if byte == 13 {
                guard index + 1 < bytes.count else { return nil }
                guard bytes[index + 1] == 10 else { throw ResponseFault("a CR within a line") }
                defer { position = index + 2 }
                return position..<index
            }
            index += 1
        }
        return nil
    }
}
