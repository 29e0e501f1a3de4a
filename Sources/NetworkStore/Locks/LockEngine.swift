internal import FileSystems
internal import RingFUSE
internal import SystemPackage

/// An engine that keeps the locks of programs for all sessions of a volume, so that they exclude each other across mounts.
///
/// What a session holds goes when it ends, whoever ends it. All throw `EIO` where the database fails; whether the change was made is
/// not known then. `ESTALE` where the session has lost the volume, and all its locks with it.
protocol LockEngine: Sendable {
    /// The number of this session, which its owners' locks have.
    var lockSession: Int64 { get }

    /// Sets or releases a lock where nothing stands in its way; otherwise notes that the request waits, if it does. A lock that is
    /// told to be set is on the database's disk: no crash of it gives it to another.
    ///
    /// - Throws: `EDEADLK` where those who hold it wait for the caller; `ENOLCK` for too many locks; `ESTALE` where the file is gone.
    func setLock(_ request: LockRequest) async throws(Errno) -> LockOutcome

    /// A request does not wait any more.
    func endWait(_ ticket: Int64, on node: NodeID) async throws(Errno)

    /// Releases locks of this session on a file.
    func dropLocks(_ selection: LockSelection, on node: NodeID) async throws(Errno)

    /// A lock that stands in the way of another; `nil` for none.
    func conflict(with request: LockRequest) async throws(Errno) -> RangeLocks.Lock?
}

/// A lock that is to be set, or a range that is to be released.
struct LockRequest: Sendable {
    /// The file.
    var node: NodeID
    /// What is asked for; of this session.
    var lock: RangeLocks.Lock
    /// Whether it is a lock of `flock`, which does not see those of `fcntl`.
    var isWholeFile: Bool
    /// The number of a request that waits where it has to; `nil` for one that does not.
    var ticket: Int64?
    /// Whether it lets those go first who have waited for longer.
    var yields = false
}

/// What came of a request.
struct LockOutcome: Sendable {
    /// Whether it is done; `false` where another lock stands in the way.
    var isDone: Bool
    /// Whether its owner holds locks of its kind on the file now.
    var holds: Bool
    /// The file as it was when the lock was given; `nil` where none was.
    var record: NodeRecord?
}

/// Some of the locks of a session on a file.
enum LockSelection: Hashable, Sendable {
    /// Those of `fcntl` that an owner has.
    case owner(UInt64)
    /// All that were asked for through an open file.
    case handle(HandleID)

    /// Whether a lock is among them.
    func contains(_ lock: RangeLocks.Lock, isWholeFile: Bool) -> Bool {
        switch self {
        case .owner(let owner): !isWholeFile && lock.owner == owner
        case .handle(let handle): lock.handle == handle
        }
    }
}
