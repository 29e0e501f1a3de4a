internal import CRingFUSE
internal import RingFUSE
internal import Synchronization
internal import SystemPackage

/// Locks of `fcntl(2)` that programs on the mount hold on files of the source.
///
/// Each owner has a descriptor of its own for each file it has locked, and its locks belong to that open file
/// (`F_OFD_SETLK`). So they stand in the way of each other, and of those of programs that use the source itself; and
/// they do not end when the server closes another descriptor of the file, as a process's own locks would.
///
/// What owners hold is noted here as well, for what the kernel does not tell of such locks: whose they are, and
/// whether owners wait for each other in a circle.
///
/// Any thread may call anything. The calls do not wait for locks; the source's file system may take its time.
final class MirrorLocks: Sendable {
    /// Whoever holds locks on a file: the files of a process, or an open file.
    fileprivate struct Holder {
        /// The descriptor that has them.
        let descriptor: CInt
        /// What it has.
        var ranges = LockedRanges()
        /// The process that asked last.
        var processID: UInt32
        /// The open files through which it was asked.
        var handles: Set<HandleID> = []
    }

    /// What an owner waits for.
    fileprivate struct Wait {
        let node: NodeID
        let lock: FileLock
    }

    fileprivate struct State {
        var holders: [NodeID: [UInt64: Holder]] = [:]
        var waits: [UInt64: Wait] = [:]
    }

    private let state = Mutex(State())

    deinit { releaseAll() }

    /// Sets or ends a lock.
    ///
    /// - Parameters:
    ///   - owner: who is to have it.
    ///   - handle: the open file that it was asked through.
    ///   - open: opens the file of the source once more.
    /// - Returns: whether it was set; false where another lock stands in the way.
    /// - Throws: `EDEADLK` where the owner's waiting would make a circle; what opening and locking throw.
    func set(
        _ lock: FileLock,
        on node: NodeID,
        owner: UInt64,
        handle: HandleID,
        open: () throws(Errno) -> CInt
    ) throws(Errno) -> Bool {
        try state.withLock { state throws(Errno) in
            state.waits[owner] = nil
            var holder: Holder
            if let known = state.holders[node]?[owner] {
                holder = known
            } else {
                if lock.kind == .unlock { return true }
                holder = Holder(descriptor: try open(), processID: lock.processID)
            }
            defer { state.keep(holder, owner, node) }
            var native = rfuse_lock(kind: lock.kind.rawValue, process: 0, start: lock.start, end: lock.end)
            let result = unsafe rfuse_set_lock(holder.descriptor, &native)
            if result == -Int(Errno.resourceTemporarilyUnavailable.rawValue) { return false }
            try checked(result)
            holder.ranges.set(lock)
            holder.handles.insert(handle)
            if lock.kind != .unlock { holder.processID = lock.processID }
            return true
        }
    }

    /// Notes that an owner is going to wait for a lock.
    ///
    /// - Throws: `EDEADLK` where somebody who stands in its way waits, perhaps by way of others, for this owner.
    func wait(for lock: FileLock, on node: NodeID, owner: UInt64) throws(Errno) {
        try state.withLock { state throws(Errno) in
            var seen: Set<UInt64> = []
            var next = state.owners(inTheWayOf: lock, on: node, but: owner)
            while let other = next.popLast() {
                if other == owner { throw .deadlock }
                guard seen.insert(other).inserted, let wait = state.waits[other] else { continue }
                next += state.owners(inTheWayOf: wait.lock, on: wait.node, but: other)
            }
            state.waits[owner] = Wait(node: node, lock: lock)
        }
    }

    /// Notes that an owner does not wait any more.
    func endWait(owner: UInt64) { state.withLock { $0.waits[owner] = nil } }

    /// A lock that stands in the way of another; `nil` for none.
    ///
    /// - Parameter descriptor: an open file without locks, for owners that have none.
    func conflict(
        with lock: FileLock,
        on node: NodeID,
        owner: UInt64,
        descriptor: CInt
    ) throws(Errno) -> FileLock? {
        try state.withLock { state throws(Errno) in
            var native = rfuse_lock(kind: lock.kind.rawValue, process: 0, start: lock.start, end: lock.end)
            let own = state.holders[node]?[owner]?.descriptor ?? descriptor
            try checked(unsafe rfuse_get_lock(own, &native))
            guard let kind = FileLock.Kind(rawValue: native.kind), kind != .unlock else { return nil }
            var found = FileLock(kind: kind, start: native.start, end: native.end)
            // A process that locked the source itself is told by the kernel; of open files it tells none.
            let known = state.process(of: found, on: node, but: owner)
            found.processID = native.process > 0 ? UInt32(native.process) : known
            return found
        }
    }

    /// Ends the locks of an owner on a file, as closing any descriptor of the file does.
    func release(_ node: NodeID, owner: UInt64) {
        state.withLock { state in
            guard let holder = state.holders[node]?[owner] else { return }
            state.drop(holder, owner, node)
        }
    }

    /// Ends the locks that were asked for through an open file that is no more, and that are no process's: those
    /// that belong to the open file itself (`F_OFD_SETLK` on the mount).
    func release(_ node: NodeID, handle: HandleID) {
        state.withLock { state in
            for (owner, holder) in state.holders[node] ?? [:] where holder.handles.contains(handle) {
                state.drop(holder, owner, node)
            }
        }
    }

    /// Ends all locks.
    func releaseAll() {
        state.withLock { state in
            for (node, holders) in state.holders {
                for (owner, holder) in holders { state.drop(holder, owner, node) }
            }
        }
    }
}

extension MirrorLocks.State {
    /// Keeps a holder as it is now, or ends it where it holds nothing.
    fileprivate mutating func keep(_ holder: MirrorLocks.Holder, _ owner: UInt64, _ node: NodeID) {
        if holder.ranges.isEmpty { drop(holder, owner, node) } else { holders[node, default: [:]][owner] = holder }
    }

    /// Ends a holder; closing its descriptor ends its locks.
    fileprivate mutating func drop(_ holder: MirrorLocks.Holder, _ owner: UInt64, _ node: NodeID) {
        _ = rfuse_close(holder.descriptor)
        holders[node]?[owner] = nil
        if holders[node]?.isEmpty == true { holders[node] = nil }
    }

    /// Those on the mount who hold what stands in the way of an owner's lock.
    fileprivate func owners(inTheWayOf lock: FileLock, on node: NodeID, but owner: UInt64) -> [UInt64] {
        (holders[node] ?? [:]).compactMap { other, holder in
            other != owner && holder.ranges.conflict(with: lock) != nil ? other : nil
        }
    }

    /// The process that holds a lock; 0 where nobody on the mount does.
    fileprivate func process(of lock: FileLock, on node: NodeID, but owner: UInt64) -> UInt32 {
        let holder = (holders[node] ?? [:]).first { other, holder in
            other != owner && holder.ranges.ranges.contains { $0.start <= lock.end && lock.start <= $0.end }
        }
        return holder?.value.processID ?? 0
    }
}
