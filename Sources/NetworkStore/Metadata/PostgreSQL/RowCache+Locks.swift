internal import FileSystems
internal import RingFUSE
internal import SystemPackage

// Locks of programs. Those on a file, and who waits for them, belong to whoever has the row of its node.

extension RowCache {
    /// The locks on a file.
    func locks(on node: NodeID) throws(Errno) -> CachedLocks {
        if let known = locks[node] { return known }
        let results = try ask { () throws(PostgreSQLFailure) in
            try sendQuestionForLocks(on: [node])
            return try connection.exchange()
        }
        keepLocks(results[0], results[1], on: [node])
        return locks[node] ?? CachedLocks()
    }

    /// Changes the locks on a file, which were read.
    func store(_ changed: CachedLocks, on node: NodeID) {
        note(.locks(node, locks[node]))
        locks[node] = changed
    }

    /// Asks for the locks on files: two results.
    func sendQuestionForLocks(on nodes: [NodeID]) throws(PostgreSQLFailure) {
        try connection.send(.locks, Self.numbers(nodes))
        try connection.send(.lockWaits, Self.numbers(nodes))
    }

    /// Keeps locks that were read.
    func keepLocks(_ rows: PostgreSQLRows, _ waitRows: PostgreSQLRows, on nodes: [NodeID]) {
        var (ranges, whole) = ([NodeID: [RangeLocks.Lock]](), [NodeID: [RangeLocks.Lock]]())
        for index in 0..<rows.count {
            let row = rows[index]
            let lock = Self.lock(row, processID: row.uint32(7), handle: HandleID(row.uint64(8)))
            if row.int64(1) == 0 {
                ranges[NodeID(row.uint64(0)), default: []].append(lock)
            } else {
                whole[NodeID(row.uint64(0)), default: []].append(lock)
            }
        }
        var waits: [NodeID: [LockWait]] = [:]
        for index in 0..<waitRows.count {
            let row = waitRows[index]
            waits[NodeID(row.uint64(0)), default: []].append(
                LockWait(
                    lock: Self.lock(row, processID: 0, handle: .none), isWholeFile: row.int64(1) != 0,
                    ticket: row.int64(7), isFresh: row.int64(8) != 0))
        }
        for node in nodes where locks[node] == nil {
            locks[node] = CachedLocks(
                ranges: ranges[node] ?? [], whole: whole[node] ?? [], waits: waits[node] ?? [])
        }
    }

    /// A lock out of a row's session, owner, first and last byte, and kind, which come third to seventh.
    private static func lock(_ row: PostgreSQLRows.Row, processID: UInt32, handle: HandleID) -> RangeLocks.Lock {
        RangeLocks.Lock(
            kind: row.int64(6) == 1 ? .write : .read, start: row.uint64(4), end: row.uint64(5), owner: row.uint64(3),
            processID: processID, handle: handle, session: row.int64(2))
    }

    // MARK: Circles

    /// Whether those who hold what a request needs wait, by whatever detours and on whatever mounts, for its owner.
    func wouldDeadlock(_ lock: RangeLocks.Lock, on node: NodeID) throws(Errno) -> Bool {
        let edges = try edges()
        var seen: Set<LockHolder> = []
        var holders = try locks(on: node).ranges.locks.filter { $0.excludes(lock) }.map(LockHolder.init)
        while let holder = holders.popLast() {
            if holder == LockHolder(lock) { return true }
            guard seen.insert(holder).inserted else { continue }
            // Of the files at hand this transaction knows more than the database.
            for edge in edges where edge.waiter == holder && locks[edge.node] == nil { holders.append(edge.holder) }
            for known in locks.values {
                for wait in known.waits where wait.isFresh && !wait.isWholeFile && LockHolder(wait.lock) == holder {
                    holders += known.ranges.locks.filter { $0.excludes(wait.lock) }.map(LockHolder.init)
                }
            }
        }
        return false
    }

    /// Who waits for whom, as the database has it: asked for once in a transaction.
    private func edges() throws(Errno) -> [LockEdge] {
        if let lockEdges { return lockEdges }
        let rows = try ask { () throws(PostgreSQLFailure) in try connection.run(.lockGraph) }
        let edges = (0..<rows.count).map { index in
            let row = rows[index]
            return LockEdge(
                node: NodeID(row.uint64(0)), waiter: LockHolder(session: row.int64(1), owner: row.uint64(2)),
                holder: LockHolder(session: row.int64(3), owner: row.uint64(4)))
        }
        lockEdges = edges
        return edges
    }

    // MARK: Writing

    /// Sends what has changed of locks.
    func sendLocks() throws(PostgreSQLFailure) {
        var (gone, new) = (LockColumns(), LockColumns())
        var (sessions, tickets) = ([UInt64](), [UInt64]())
        for (node, set) in locks {
            for isWholeFile in [false, true] {
                let difference = set.difference(isWholeFile)
                for lock in difference.gone { gone.add(lock, isWholeFile, on: node) }
                for lock in difference.new { new.add(lock, isWholeFile, on: node) }
            }
            for wait in set.endedWaits {
                sessions.append(UInt64(bitPattern: wait.session))
                tickets.append(UInt64(bitPattern: wait.ticket))
            }
        }
        if !gone.isEmpty { try connection.send(.deleteLocks, gone.parameters(count: 5)) }
        if !new.isEmpty { try connection.send(.insertLocks, new.parameters(count: 9)) }
        if !tickets.isEmpty {
            var parameters = PostgreSQLParameters()
            parameters.add(sessions)
            parameters.add(tickets)
            try connection.send(.deleteLockWaits, parameters)
        }
        for (node, set) in locks {
            for wait in set.waits where wait.isTouched { try send(wait, on: node) }
        }
    }

    private func send(_ wait: LockWait, on node: NodeID) throws(PostgreSQLFailure) {
        var columns = LockColumns()
        columns.add(wait.lock, wait.isWholeFile, on: node)
        var parameters = PostgreSQLParameters()
        for value in columns.firstRow(count: 7) { parameters.add(value) }
        parameters.add(wait.ticket)
        try connection.send(.setLockWait, parameters)
    }
}

/// Locks by the columns of their table, in the order in which it has them.
private struct LockColumns {
    private var columns = [[UInt64]](repeating: [], count: 9)

    /// Whether there are none.
    var isEmpty: Bool { columns[0].isEmpty }

    /// Adds a lock.
    mutating func add(_ lock: RangeLocks.Lock, _ isWholeFile: Bool, on node: NodeID) {
        let values: [UInt64] = [
            node.rawValue, isWholeFile ? 1 : 0, UInt64(bitPattern: lock.session), lock.owner, lock.start, lock.end,
            UInt64(lock.kind.rawValue), UInt64(lock.processID), lock.handle.rawValue,
        ]
        for (index, value) in values.enumerated() { columns[index].append(value) }
    }

    /// The first columns, as arrays.
    func parameters(count: Int) -> PostgreSQLParameters {
        var parameters = PostgreSQLParameters()
        for column in columns.prefix(count) { parameters.add(column) }
        return parameters
    }

    /// The first columns of the lock that was added first.
    func firstRow(count: Int) -> [UInt64] { columns.prefix(count).map { $0[0] } }
}
