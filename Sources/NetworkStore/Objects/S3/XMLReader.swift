/// Reads the XML that servers of S3 answer with: elements and text, nothing that could refer to anything else.
///
/// A document type, which could define entities, ends the reading; so does nesting deeper than any answer's. Foundation's
/// parser would bring a library many times the size of all this, and follow what it is not to follow.
struct XMLReader {
    /// What comes next in a document.
    enum Event: Equatable {
        case start(String)
        /// Text of an element that has no other elements, decoded.
        case text(String)
        case end(String)
    }

    private let bytes: [UInt8]
    private var position = 0
    private var open: [String] = []
    /// The end of an element that was written as one tag.
    private var pendingEnd: String?
    private static let deepest = 16

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The next event; `nil` at the end of a whole document.
    ///
    /// - Throws: ``ResponseFault`` for anything that is not well-formed.
    mutating func next() throws(ResponseFault) -> Event? {
        if let name = pendingEnd {
            pendingEnd = nil
            open.removeLast()
            return .end(name)
        }
        while position < bytes.count {
            guard bytes[position] == UInt8(ascii: "<") else {
                let text = try readText()
                if open.isEmpty {
                    guard text.allSatisfy(\.isWhitespace) else { throw ResponseFault("text outside of XML elements") }
                    continue
                }
                return .text(text)
            }
            if try skipMarkup() { continue }
            return try readTag()
        }
        guard open.isEmpty else { throw ResponseFault("XML that ends too early") }
        return nil
    }

    /// Passes over a declaration or a comment.
    private mutating func skipMarkup() throws(ResponseFault) -> Bool {
        if starts(with: "<?") { return try skip(past: "?>") }
        if starts(with: "<!--") { return try skip(past: "-->") }
        if starts(with: "<!") { throw ResponseFault("XML with a document type") }
        return false
    }

    private mutating func readTag() throws(ResponseFault) -> Event {
        position += 1
        let isEnd = position < bytes.count && bytes[position] == UInt8(ascii: "/")
        if isEnd { position += 1 }
        let name = try readName()
        if isEnd {
            skipBlanks()
            guard take(">"), open.popLast() == name else { throw ResponseFault("XML whose tags do not match") }
            return .end(name)
        }
        guard open.count < Self.deepest else { throw ResponseFault("XML that is nested too deep") }
        open.append(name)
        try skipAttributes()
        if take("/") { pendingEnd = name }
        guard take(">") else { throw ResponseFault("an XML tag without an end") }
        return .start(name)
    }

    private mutating func readName() throws(ResponseFault) -> String {
        let start = position
        while position < bytes.count, !Self.endsName(bytes[position]) { position += 1 }
        guard position > start, position - start <= 128 else { throw ResponseFault("an XML tag without a name") }
        guard let name = String(validating: bytes[start..<position], as: UTF8.self) else {
            throw ResponseFault("XML that is not UTF-8")
        }
        // Without the prefix of its name space.
        return name.split(separator: ":").last.map(String.init) ?? name
    }

    private static func endsName(_ byte: UInt8) -> Bool {
        byte <= 32 || [UInt8(ascii: ">"), UInt8(ascii: "/"), UInt8(ascii: "<"), UInt8(ascii: "=")].contains(byte)
    }

    /// Passes over `name="value"` pairs.
    private mutating func skipAttributes() throws(ResponseFault) {
        while true {
            skipBlanks()
            guard position < bytes.count else { throw ResponseFault("XML that ends too early") }
            if bytes[position] == UInt8(ascii: ">") || bytes[position] == UInt8(ascii: "/") { return }
            _ = try readName()
            skipBlanks()
            guard take("=") else { throw ResponseFault("an XML attribute without a value") }
            skipBlanks()
            guard position < bytes.count else { throw ResponseFault("XML that ends too early") }
            let quote = bytes[position]
            guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
                throw ResponseFault("an XML attribute without quotes")
            }
            position += 1
            while position < bytes.count && bytes[position] != quote { position += 1 }
            position += 1
        }
    }

    private mutating func readText() throws(ResponseFault) -> String {
        var text: [UInt8] = []
        while position < bytes.count && bytes[position] != UInt8(ascii: "<") {
            if bytes[position] == UInt8(ascii: "&") {
                text += try readEntity()
            } else {
                text.append(bytes[position])
                position += 1
            }
        }
        guard let decoded = String(validating: text, as: UTF8.self) else {
            throw ResponseFault("XML that is not UTF-8")
        }
        return decoded
    }

    /// `&amp;` and the four others, `&#38;`, `&#x26;`.
    private mutating func readEntity() throws(ResponseFault) -> [UInt8] {
        guard let end = bytes[position..<min(bytes.count, position + 12)].firstIndex(of: UInt8(ascii: ";")) else {
            throw ResponseFault("an XML entity without an end")
        }
        let name = String(decoding: bytes[position + 1..<end], as: UTF8.self)
        position = end + 1
        switch name {
        case "amp": return [UInt8(ascii: "&")]
        case "lt": return [UInt8(ascii: "<")]
        case "gt": return [UInt8(ascii: ">")]
        case "quot": return [UInt8(ascii: "\"")]
        case "apos": return [UInt8(ascii: "'")]
        default: break
        }
        let number =
            name.hasPrefix("#x")
            ? UInt32(name.dropFirst(2), radix: 16) : name.hasPrefix("#") ? UInt32(name.dropFirst()) : nil
        guard let scalar = number.flatMap(Unicode.Scalar.init) else { throw ResponseFault("an unknown XML entity") }
        return Array(String(Character(scalar)).utf8)
    }

    private mutating func skipBlanks() {
        while position < bytes.count && bytes[position] <= 32 { position += 1 }
    }

    private func starts(with text: String) -> Bool { bytes[position...].starts(with: text.utf8) }

    private mutating func take(_ character: Character) -> Bool {
        guard position < bytes.count, bytes[position] == character.asciiValue else { return false }
        position += 1
        return true
    }

    private mutating func skip(past text: String) throws(ResponseFault) -> Bool {
        while position < bytes.count {
            if starts(with: text) {
                position += text.utf8.count
                return true
            }
            position += 1
        }
        throw ResponseFault("XML that ends too early")
    }

    /// The elements without elements in an element of this name, anywhere in a document; none where it is no XML.
    static func fields(of element: String, in body: [UInt8]) -> [String: String] {
        var reader = XMLReader(body)
        var fields: [String: String] = [:]
        var depth = 0
        var text = ""
        while let event = try? reader.next() {
            switch event {
            case .start(let name):
                if depth > 0 || name == element { depth += 1 }
                text = ""
            case .text(let piece):
                text += piece
            case .end(let name):
                if depth == 2 { fields[name] = text }
                if depth > 0 { depth -= 1 }
                text = ""
            }
        }
        return fields
    }
}
