internal import FileSystems
internal import RingFUSE
internal import SystemPackage

// Locks of programs.

extension PostgreSQLEngine: LockEngine {
    /// The number of this session.
    var lockSession: Int64 { session.epoch }

    /// Sets or releases a lock.
    func setLock(_ request: LockRequest) async throws(Errno) -> LockOutcome {
        try await write(.locks(on: request.node)) { (transaction) throws(Errno) in try transaction.setLock(request) }
    }

    /// A request does not wait any more.
    func endWait(_ ticket: Int64, on node: NodeID) async throws(Errno) {
        try await write(.locks(on: node)) { (transaction) throws(Errno) in
            var locks = try transaction.rows.locks(on: node)
            locks.endWait(ticket, of: transaction.session)
            transaction.rows.store(locks, on: node)
        }
    }

    /// Releases locks.
    func dropLocks(_ selection: LockSelection, on node: NodeID) async throws(Errno) {
        try await write(.locks(on: node)) { (transaction) throws(Errno) in
            try transaction.dropLocks(selection, on: node)
        }
    }

    /// A lock that stands in the way.
    func conflict(with request: LockRequest) async throws(Errno) -> RangeLocks.Lock? {
        let lock = request.lock
        var parameters = PostgreSQLParameters(Int64(bitPattern: request.node.rawValue), request.isWholeFile ? 1 : 0)
        parameters.add(lock.session)
        for value in [lock.owner, lock.start, lock.end, lock.kind == .write ? 1 : 0] { parameters.add(value) }
        let rows = try await readers.read(.lockConflict, parameters)
        guard rows.count > 0 else { return nil }
        return RangeLocks.Lock(
            kind: rows[0].int64(0) == 1 ? .write : .read, start: rows[0].uint64(1), end: rows[0].uint64(2), owner: 0,
            processID: rows[0].uint32(3), handle: .none, session: rows[0].int64(4))
    }
}

extension Transaction<RowCache> {
    /// Locks on a file at the most: each request reads all of them.
    private static var lockLimit: Int { 1 << 16 }

    /// Sets or releases a lock where nothing stands in its way; otherwise notes that the request waits, if it does.
    ///
    /// - Throws: `EDEADLK`, `ENOLCK`, `ESTALE`.
    func setLock(_ request: LockRequest) throws(Errno) -> LockOutcome {
        let (wanted, isWholeFile) = (request.lock, request.isWholeFile)
        // Of a file that is gone what was locked can still be released.
        let record = wanted.kind == .unlock ? nil : try node(request.node).record
        let before = try rows.locks(on: request.node)
        var locks = before
        // `flock` gives up what it has before it takes another kind, as flock(2) says.
        if isWholeFile { _ = locks.whole.remove { $0.isOwned(like: wanted) && $0.kind != wanted.kind } }
        // Whoever holds something of the file is waited for, and may have more: otherwise both would wait for ever.
        let letsOthersFirst =
            request.yields && !before.holdsAny(wanted, isWholeFile)
            && before.isAwaited(wanted, isWholeFile, ticket: request.ticket)
        let isFree = locks[isWholeFile].conflict(with: wanted) == nil
        let isDone = isFree && !letsOthersFirst
        if isDone {
            // One that splits another makes two more.
            guard wanted.kind == .unlock || locks.count + 2 <= Self.lockLimit else { throw .noLocks }
            locks[isWholeFile].set(wanted)
            if let ticket = request.ticket { locks.endWait(ticket, of: session) }
        } else if let ticket = request.ticket {
            if !isFree, !isWholeFile, try rows.wouldDeadlock(wanted, on: request.node) { throw .deadlock }
            locks.wait(for: wanted, isWholeFile, ticket: ticket)
        }
        store(locks, on: request.node)
        return LockOutcome(
            isDone: isDone, holds: locks.holdsAny(wanted, false) || locks.holdsAny(wanted, true),
            record: isDone ? record : nil)
    }

    /// Releases locks of this session.
    func dropLocks(_ selection: LockSelection, on node: NodeID) throws(Errno) {
        var locks = try rows.locks(on: node)
        for isWholeFile in [false, true] {
            _ = locks[isWholeFile].remove {
                $0.session == session && selection.contains($0, isWholeFile: isWholeFile)
            }
        }
        store(locks, on: node)
    }

    /// Changes the locks on a file.
    private func store(_ locks: CachedLocks, on node: NodeID) {
        rows.store(locks, on: node)
        // A lock that a crash of the server gave to another, or kept from all, would do harm for as long as the session lives.
        if locks.hasChanged { rows.mustBeDurable = true }
    }
}
