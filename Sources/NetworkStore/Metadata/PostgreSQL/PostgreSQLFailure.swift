internal import SystemPackage

/// Why PostgreSQL has not done something.
struct PostgreSQLFailure: Error, Sendable, CustomStringConvertible {
    /// The kind of the error, five characters (`SQLSTATE`); empty where the connection broke.
    let state: String
    /// What the server or the library says, in one line.
    let description: String

    /// A failure of a kind.
    init(state: String, _ description: String) {
        self.state = state
        self.description = description
    }

    /// The connection is of no use any more.
    static func broken(_ text: String) -> Self { Self(state: "", text) }

    /// Whether the connection is of no use any more: it broke, the server shuts down, starts up, or has ended the session.
    var isBroken: Bool {
        state.isEmpty || state.hasPrefix("08") || state.hasPrefix("57P") || state == "25P03"
            || state == "53300"
    }

    /// Whether the same transaction may succeed when it is done again: it met another one.
    var isTransient: Bool { state.hasPrefix("40") || state == "55P03" }

    /// The error that a program sees.
    var errno: Errno {
        switch state {
        case "53100": .noSpace
        case "25006": .readOnlyFileSystem
        default: .ioError
        }
    }
}
