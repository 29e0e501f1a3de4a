internal import RingFUSE

/// What a transaction has changed, as one notification tells other sessions: words, of which the first is the session, and the others
/// are numbers of nodes, and names as `directory:bytes`, both in hexadecimal digits. `l` before a node says that locks on it have been
/// given up.
enum ChangeNotice {
    /// Bytes of a notification at the most: PostgreSQL has 8000.
    private static let limit = 7900

    /// The text for more than can be said.
    static func everything(by session: Int64) -> String { "\(String(session, radix: 16)) *" }

    /// The text for what has changed; `nil` for nothing that others may know.
    static func text(of changes: ForeignChanges, by session: Int64) -> String? {
        guard !changes.nodes.isEmpty || !changes.names.isEmpty || !changes.locks.isEmpty else { return nil }
        var text = String(session, radix: 16)
        for node in changes.nodes {
            text += " " + String(node.rawValue, radix: 16)
            guard text.utf8.count <= limit else { return everything(by: session) }
        }
        for place in changes.names {
            text += " " + String(place.directory.rawValue, radix: 16) + ":"
            for byte in place.name.bytes { text += (byte < 16 ? "0" : "") + String(byte, radix: 16) }
            guard text.utf8.count <= limit else { return everything(by: session) }
        }
        for node in changes.locks {
            text += " l" + String(node.rawValue, radix: 16)
            guard text.utf8.count <= limit else { return everything(by: session) }
        }
        return text
    }

    /// What a text says; `nil` where it is this session's own.
    static func changes(in text: String, for session: Int64) -> ForeignChanges? {
        let words = text.split(separator: " ")
        guard let first = words.first, let author = Int64(first, radix: 16) else { return .everything }
        guard author != session else { return nil }
        var changes = ForeignChanges()
        for word in words.dropFirst() {
            if word.first == "l", let number = UInt64(word.dropFirst(), radix: 16) {
                changes.locks.append(NodeID(number))
                continue
            }
            let parts = word.split(separator: ":", omittingEmptySubsequences: false)
            guard let number = UInt64(parts[0], radix: 16), parts.count <= 2 else { return .everything }
            guard parts.count == 2 else {
                changes.nodes.append(NodeID(number))
                continue
            }
            guard let name = bytes(parts[1]) else { return .everything }
            changes.names.append(NamePlace(directory: NodeID(number), name: StoredName(Name(name.span))))
        }
        return changes
    }

    /// Bytes out of pairs of digits; `nil` for what is none.
    private static func bytes(_ text: Substring) -> ContiguousArray<UInt8>? {
        let digits = Array(text)
        guard digits.count.isMultiple(of: 2), !digits.isEmpty else { return nil }
        var bytes = ContiguousArray<UInt8>()
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let byte = UInt8(String(digits[index...index + 1]), radix: 16) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }
}
