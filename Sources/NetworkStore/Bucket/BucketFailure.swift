internal import SystemPackage

/// Why a bucket has not done what it was asked.
enum BucketFailure: Error, Sendable {
    /// There is no such object.
    case missing
    /// The object is not what it was when it was looked at.
    case changed
    /// The keys do not allow it: one line.
    case forbidden(String)
    /// Anything else.
    case failed(ObjectStoreError)

    /// What a program sees.
    var errno: Errno {
        switch self {
        case .missing: .noSuchFileOrDirectory
        case .changed: .staleNFSFileHandle
        case .forbidden: .permissionDenied
        case .failed(let error): error.errno
        }
    }

    /// One line for the log; `nil` for what is nobody's fault.
    var line: String? {
        switch self {
        case .missing, .changed, .failed(.cancelled): nil
        case .forbidden(let line): line
        case .failed(let error): "\(error)"
        }
    }
}
