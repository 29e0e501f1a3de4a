internal import CSQLite
internal import SystemPackage

/// Why SQLite has not done something.
struct SQLiteFailure: Error, Sendable, CustomStringConvertible {
    /// The extended result code.
    let code: Int32
    /// What SQLite says, in one line.
    let description: String

    /// A failure of a code.
    init(code: Int32, description: String) {
        self.code = code
        self.description = description
    }

    /// A failure of our own.
    init(_ description: String) { self.init(code: SQLITE_ERROR, description: description) }

    /// The result code without its extension.
    var primary: Int32 { code & 0xff }

    /// The error that a program sees.
    var errno: Errno {
        switch primary {
        case SQLITE_FULL: .noSpace
        case SQLITE_READONLY: .readOnlyFileSystem
        default: .ioError
        }
    }
}

/// Tells of failures that no caller can do anything about: what SQLite says beside the errno that a program gets.
typealias FailureReport = @Sendable (SQLiteFailure) -> Void
