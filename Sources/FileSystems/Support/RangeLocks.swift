package import RingFUSE

/// The locks on one file, by range and owner: the rules of `fcntl(2)`.
///
/// The locks of one owner never overlap, and neighbouring ones of one kind are one lock.
package struct RangeLocks: Sendable {
    /// A lock that somebody holds or asks for.
    package struct Lock: Hashable, Sendable {
        /// Shared, exclusive, or to be released.
        package var kind: FileLock.Kind
        /// First byte.
        package var start: UInt64
        /// Last byte.
        package var end: UInt64
        /// Who holds it: a process (its table of descriptors), or an open file.
        package let owner: UInt64
        /// What is told of the holder.
        package let processID: UInt32
        /// The open file that it was asked for through.
        package let handle: HandleID
        /// The mount whose owner that is, where several share their locks; 0 where one keeps its own.
        package let session: Int64

        /// A lock.
        package init(
            kind: FileLock.Kind,
            start: UInt64,
            end: UInt64,
            owner: UInt64,
            processID: UInt32,
            handle: HandleID,
            session: Int64 = 0
        ) {
            self.kind = kind
            self.start = start
            self.end = end
            self.owner = owner
            self.processID = processID
            self.handle = handle
            self.session = session
        }

        /// Whether two locks share a byte.
        package func overlaps(_ other: Lock) -> Bool { start <= other.end && other.start <= end }

        /// Whether two locks are of the same owner.
        package func isOwned(like other: Lock) -> Bool { owner == other.owner && session == other.session }

        /// Whether two locks of different owners exclude each other.
        package func excludes(_ other: Lock) -> Bool {
            !isOwned(like: other) && overlaps(other) && (kind == .write || other.kind == .write)
        }
    }

    /// All locks, by their first bytes.
    package private(set) var locks: ContiguousArray<Lock> = []

    /// No locks.
    package init() {}

    /// Locks that were kept elsewhere.
    ///
    /// - Parameter locks: of which none of one owner overlap, in any order.
    package init(_ locks: some Sequence<Lock>) {
        self.locks = ContiguousArray(locks)
        sort()
    }

    /// Whether nobody holds a lock.
    package var isEmpty: Bool { locks.isEmpty }

    /// The number of locks.
    package var count: Int { locks.count }

    /// The first lock that stands in the way of another.
    ///
    /// - Complexity: O(locks of the file), as it is in the kernel.
    package func conflict(with lock: Lock) -> Lock? {
        guard lock.kind != .unlock else { return nil }
        return locks.first { $0.excludes(lock) }
    }

    /// Those who hold locks that stand in the way of another.
    func owners(excluding lock: Lock) -> [UInt64] {
        guard lock.kind != .unlock else { return [] }
        return locks.filter { $0.excludes(lock) }.map(\.owner)
    }

    /// Gives a lock to its owner, or takes the range from it; what the owner had of the range is replaced.
    ///
    /// Nothing may stand in its way.
    package mutating func set(_ lock: Lock) {
        var new = lock
        var rest: ContiguousArray<Lock> = []
        rest.reserveCapacity(locks.count + 2)
        for held in locks {
            guard held.isOwned(like: lock) else {
                rest.append(held)
                continue
            }
            // Neighbours of one kind become one lock. `end` is never the largest number, so adding 1 is safe.
            if held.kind == lock.kind, held.start <= new.end + 1, new.start <= held.end + 1 {
                new.start = min(new.start, held.start)
                new.end = max(new.end, held.end)
                continue
            }
            guard held.overlaps(lock) else {
                rest.append(held)
                continue
            }
            if held.start < lock.start {
                var left = held
                left.end = lock.start - 1
                rest.append(left)
            }
            if held.end > lock.end {
                var right = held
                right.start = lock.end + 1
                rest.append(right)
            }
        }
        if lock.kind != .unlock { rest.append(new) }
        locks = rest
        sort()
    }

    private mutating func sort() { locks.sort { ($0.start, $0.end) < ($1.start, $1.end) } }

    /// Takes locks away.
    ///
    /// - Returns: whether there were any.
    package mutating func remove(where isGone: (Lock) -> Bool) -> Bool {
        let before = locks.count
        locks.removeAll(where: isGone)
        return locks.count != before
    }
}
