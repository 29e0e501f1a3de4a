/// Where a volume is in PostgreSQL: a server, a database, and a schema in it, which is the volume's own.
///
///     postgres://[user@]host[:port]/database[?schema=name&…]
///
/// What else follows the question mark is libpq's (`sslmode=verify-full`, `service=…`, `host=/run/postgresql`). A password is none of
/// it: whoever lists processes would see it.
public struct PostgreSQLLocation: Sendable, Hashable, CustomStringConvertible {
    /// What libpq gets.
    let uri: String
    /// The schema.
    public let schema: String
    /// The URL, without what is secret.
    public let description: String

    /// What schemes there are.
    private static let schemes = ["postgres://", "postgresql://"]
    /// The schema that is meant where none is said.
    private static let usualSchema = "ringfuse"
    /// Characters of a schema's name at the most: PostgreSQL has 63, and would cut what is longer.
    private static let longestSchema = 63
    /// Parameters of libpq's that are secret.
    private static let secrets: Set<Substring> = ["password", "sslpassword"]

    /// Whether text is such a URL.
    public static func isLocation(_ text: String) -> Bool { schemes.contains { text.hasPrefix($0) } }

    /// Reads a URL.
    ///
    /// - Throws: ``VolumeError/database(path:_:)``, which says what is wrong with it.
    public init(_ text: String) throws(VolumeError) {
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let (base, hadPassword) = Self.withoutPassword(parts[0])
        var kept: [Substring] = []
        var schema = Self.usualSchema
        var isSecret = hadPassword
        for item in parts.count > 1 ? parts[1].split(separator: "&") : [] {
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair[0] == "schema" {
                schema = pair.count > 1 ? String(pair[1]) : ""
            } else if Self.secrets.contains(pair[0]) {
                isSecret = true
            } else {
                kept.append(item)
            }
        }
        self.schema = schema
        uri = base + (kept.isEmpty ? "" : "?" + kept.joined(separator: "&"))
        let own = schema == Self.usualSchema ? [] : [Substring("schema=\(schema)")]
        description = base + (kept.isEmpty && own.isEmpty ? "" : "?" + (own + kept).joined(separator: "&"))
        guard Self.isLocation(text) else {
            throw .database(path: description, "not a URL that begins with postgres://")
        }
        guard !isSecret else {
            throw .database(
                path: description,
                "a password in a URL can be seen by everybody; use PGPASSWORD, ~/.pgpass or a service file")
        }
        guard Self.isName(schema) else {
            throw .database(
                path: description, "schema=\(schema): must be up to 63 of a-z, 0-9 and _, and begin with a letter")
        }
    }

    /// The part of a URL before its parameters, without the password.
    private static func withoutPassword(_ base: Substring) -> (String, hadPassword: Bool) {
        guard let scheme = schemes.first(where: { base.hasPrefix($0) }) else { return (String(base), false) }
        let rest = base.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" }
        guard let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":")
        else { return (String(base), false) }
        return (scheme + authority[..<colon] + rest[at...], true)
    }

    /// Whether a schema's name needs no quotes anywhere.
    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= longestSchema else { return false }
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard letters.contains(first), !text.hasPrefix("pg_") else { return false }
        return text.utf8.allSatisfy { letters.contains($0) || digits.contains($0) || $0 == UInt8(ascii: "_") }
    }
}
