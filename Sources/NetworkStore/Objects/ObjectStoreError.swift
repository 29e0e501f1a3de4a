public import SystemPackage

/// Why an object store has not done what it was asked.
public enum ObjectStoreError: Error, Sendable, Hashable, CustomStringConvertible {
    /// There is no such object.
    case missing(ObjectKey)
    /// It refuses: wrong keys, no such bucket, not allowed. Asking again does not help.
    case denied(String)
    /// It cannot be reached, or fails, and did so until patience ended. It may come back.
    case unavailable(String)
    /// What it gave is not what it should be.
    case damaged(String)
    /// It is full.
    case full(String)
    /// The task was cancelled.
    case cancelled

    /// The error that a program sees.
    public var errno: Errno {
        switch self {
        case .missing, .damaged, .unavailable, .denied: .ioError
        case .full: .noSpace
        case .cancelled: .interrupted
        }
    }

    /// One line.
    public var description: String {
        switch self {
        case .missing(let key): "there is no object \(key)"
        case .denied(let text), .unavailable(let text), .damaged(let text), .full(let text): text
        case .cancelled: "cancelled"
        }
    }
}
