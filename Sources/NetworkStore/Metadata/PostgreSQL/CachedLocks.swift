internal import FileSystems
internal import RingFUSE

/// The locks that programs hold on a file, and the requests that wait for some: as the database has them, and as they are to be.
struct CachedLocks {
    /// The locks of `fcntl(2)`.
    var ranges: RangeLocks
    /// The locks of `flock(2)`, which do not see the others.
    var whole: RangeLocks
    /// Requests that wait, in the order in which they came.
    private(set) var waits: [LockWait]
    /// What the database has.
    private let stored: (ranges: Set<RangeLocks.Lock>, whole: Set<RangeLocks.Lock>, waits: Set<LockWait.Key>)

    /// What was read.
    init(ranges: [RangeLocks.Lock] = [], whole: [RangeLocks.Lock] = [], waits: [LockWait] = []) {
        self.ranges = RangeLocks(ranges)
        self.whole = RangeLocks(whole)
        self.waits = waits
        stored = (Set(ranges), Set(whole), Set(waits.map(\.key)))
    }

    /// The locks of one family.
    subscript(isWholeFile: Bool) -> RangeLocks {
        get { isWholeFile ? whole : ranges }
        set { if isWholeFile { whole = newValue } else { ranges = newValue } }
    }

    /// How many there are.
    var count: Int { ranges.count + whole.count }

    /// Whether an owner holds any of a family.
    func holdsAny(_ owner: RangeLocks.Lock, _ isWholeFile: Bool) -> Bool {
        self[isWholeFile].locks.contains { $0.isOwned(like: owner) }
    }

    // MARK: Waiting

    /// Whether somebody else has waited for longer for what a request would keep from it.
    func isAwaited(_ lock: RangeLocks.Lock, _ isWholeFile: Bool, ticket: Int64?) -> Bool {
        for wait in waits {
            if wait.lock.session == lock.session, wait.ticket == ticket { return false }
            if wait.isFresh, wait.isWholeFile == isWholeFile, wait.lock.excludes(lock) { return true }
        }
        return false
    }

    /// A request waits, or goes on waiting in its place.
    mutating func wait(for lock: RangeLocks.Lock, _ isWholeFile: Bool, ticket: Int64) {
        let wait = LockWait(lock: lock, isWholeFile: isWholeFile, ticket: ticket, isFresh: true, isTouched: true)
        if let place = waits.firstIndex(where: { $0.key == wait.key }) {
            waits[place] = wait
        } else {
            waits.append(wait)
        }
    }

    /// A request waits no longer.
    mutating func endWait(_ ticket: Int64, of session: Int64) {
        waits.removeAll { $0.ticket == ticket && $0.lock.session == session }
    }

    // MARK: What has changed

    /// Locks that the database has and is not to have, or has not and is to have.
    func difference(_ isWholeFile: Bool) -> (gone: Set<RangeLocks.Lock>, new: Set<RangeLocks.Lock>) {
        let (before, now) = (isWholeFile ? stored.whole : stored.ranges, Set(self[isWholeFile].locks))
        return (before.subtracting(now), now.subtracting(before))
    }

    /// Whether the database has other locks.
    var hasChanged: Bool {
        [false, true].contains { isWholeFile in
            let difference = difference(isWholeFile)
            return !difference.gone.isEmpty || !difference.new.isEmpty
        }
    }

    /// Requests that wait no longer.
    var endedWaits: Set<LockWait.Key> { stored.waits.subtracting(waits.map(\.key)) }

    /// Whether locks have been given up that another session waits for.
    var concernsOthers: Bool {
        guard !waits.isEmpty else { return false }
        return [false, true].contains { isWholeFile in
            guard let gone = difference(isWholeFile).gone.first else { return false }
            return waits.contains { wait in
                wait.isWholeFile == isWholeFile && wait.lock.session != gone.session
                    && self[isWholeFile].conflict(with: wait.lock) == nil
            }
        }
    }
}

/// A request that waits for a lock.
struct LockWait {
    /// What it is known by.
    struct Key: Hashable {
        /// The session that asks.
        let session: Int64
        /// Its number among those of the session.
        let ticket: Int64
    }

    /// What it asks for.
    let lock: RangeLocks.Lock
    /// Whether it is a lock of `flock`.
    let isWholeFile: Bool
    /// Its number among those of its session.
    let ticket: Int64
    /// Whether its session has lately looked whether it can be had.
    let isFresh: Bool
    /// Whether this transaction has looked.
    var isTouched = false

    /// What it is known by.
    var key: Key { Key(session: lock.session, ticket: ticket) }
}

/// Somebody waits for somebody else.
struct LockEdge {
    /// On which file.
    let node: NodeID
    /// Who waits.
    let waiter: LockHolder
    /// Who holds what stands in the way.
    let holder: LockHolder
}

/// Whoever holds locks: an owner of a session's.
struct LockHolder: Hashable {
    /// The session.
    let session: Int64
    /// The owner, as its kernel calls it.
    let owner: UInt64

    /// A holder by its parts.
    init(session: Int64, owner: UInt64) {
        self.session = session
        self.owner = owner
    }

    /// The holder of a lock.
    init(_ lock: RangeLocks.Lock) {
        session = lock.session
        owner = lock.owner
    }
}
