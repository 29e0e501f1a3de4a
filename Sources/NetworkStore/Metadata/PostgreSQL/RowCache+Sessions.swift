internal import FileSystems
internal import RingFUSE
internal import SystemPackage

extension RowCache {
    /// Sends what ends a session whose nodes without names are disposed of: what it has pending becomes garbage, of which nobody
    /// knows how long it is, its locks are free, and what it has counted becomes the volume's.
    func sendEnd(of session: Int64) throws(PostgreSQLFailure) {
        try connection.send(.freePending, PostgreSQLParameters(session, Timestamp.now.seconds))
        for statement in [PostgreSQLStatement.sessionPending, .endLocks, .endLockWaits, .foldSession, .deleteSession] {
            try connection.send(statement, PostgreSQLParameters(session))
        }
    }
}

extension Transaction<RowCache> {
    /// Ends a session: nodes that it leaves without names go, and the rest when the transaction is committed.
    func endSession(_ ended: Int64) throws(Errno) {
        let unlinked = try rows.ask { () throws(PostgreSQLFailure) in
            try rows.connection.run(.sessionUnlinked, PostgreSQLParameters(ended))
        }
        for index in 0..<unlinked.count { try dispose(of: NodeID(unlinked[index].uint64(0))) }
        let waited = try rows.ask { () throws(PostgreSQLFailure) in
            try rows.connection.run(.sessionLocks, PostgreSQLParameters(ended))
        }
        rows.freedLocks += (0..<waited.count).map { NodeID(waited[$0].uint64(0)) }
        rows.endedSessions.append(ended)
        if ended == session { hasEnded = true }
    }

    /// Ends sessions that have been silent for longer than they said they would be, one at a time.
    ///
    /// - Parameter watch: knows since when each has been seen so.
    func endExpiredSessions(_ watch: ExpiryWatch) throws(Errno) {
        let expired = try rows.ask { () throws(PostgreSQLFailure) in
            try rows.connection.run(.expiredSessions, PostgreSQLParameters(session))
        }
        let seen = (0..<expired.count).map { expired[$0].int64(0) }
        guard let overdue = watch.overdue(among: seen) else { return }
        // It may have come back meanwhile, or be about to: then there is none to be had without waiting.
        let locked = try rows.ask { () throws(PostgreSQLFailure) in
            try rows.connection.run(.lockExpired, PostgreSQLParameters(overdue))
        }
        if locked.count == 1 { try endSession(overdue) }
    }
}

/// Since when sessions of others have been seen to be over their time. One that has only just been seen so may be about to say
/// that it lives: the server, or the way to it, may have been away for all. Belongs to the writer's thread.
final class ExpiryWatch: @unchecked Sendable {
    private var firstSeen: [Int64: ContinuousClock.Instant] = [:]
    /// How long one has to be seen so.
    private let patience: Duration

    /// A watch.
    init(patience: Duration) { self.patience = patience }

    /// One of those seen now that has been seen for long enough.
    func overdue(among seen: [Int64]) -> Int64? {
        firstSeen = firstSeen.filter { seen.contains($0.key) }
        let now = ContinuousClock.now
        for epoch in seen where firstSeen[epoch] == nil { firstSeen[epoch] = now }
        return seen.first { epoch in firstSeen[epoch].map { now - $0 >= patience } ?? false }
    }
}
