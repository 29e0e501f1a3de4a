/// A pair of keys. Their text tells nothing: it may get into a log.
struct Credentials: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The key that may be seen.
    var keyID: String
    /// The one that may not.
    var secret: String
    /// What goes with keys that are lent for a time.
    var sessionToken: String?
    /// When they end, in seconds since 1970; `nil` where they do not.
    var expiration: Int64?

    init(keyID: String, secret: String, sessionToken: String? = nil, expiration: Int64? = nil) {
        self.keyID = keyID
        self.secret = secret
        self.sessionToken = sessionToken
        self.expiration = expiration
    }

    var description: String { "keys of \(keyID)" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: ["keyID": keyID]) }

    /// Whether a header field can hold them.
    var isUsable: Bool {
        [keyID, secret, sessionToken ?? "-"].allSatisfy { text in
            !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
        }
    }
}
