internal import RingFUSE
public import SystemPackage

// Which of several mounts moves bytes: a note in the volume's description of the session that does. It is worth as much as that session:
// one that is killed or cut off is ended when its lease is over, and then the note is nobody's.

extension PostgreSQLEngine {
    /// Sees to it that this session has the claim.
    public func claimCompaction() async throws(Errno) -> Bool {
        try await write(.none) { (transaction) throws(Errno) in try transaction.claimCompaction() }
    }

    /// A claim gets free a lease after the last word of who had it, at the earliest; and nobody waits for what is moved.
    public var compactionClaimRest: Duration { session.lease * 10 }
}

extension Transaction<RowCache> {
    /// Takes the claim, unless a session that lives has it: ``CompactionEngine/claimCompaction()``.
    func claimCompaction() throws(Errno) -> Bool {
        // The row is that of whoever moves a directory, too: it is locked only where there is something to be had.
        for isToBeHad in [false, true] {
            var description = try rows.volumeDescription(isChanged: isToBeHad)
            if let owner = description.compactor {
                if owner == session { return true }
                if try isOpen(session: owner) { return false }
            }
            guard isToBeHad else { continue }
            description.compactor = session
            try rows.store(description)
        }
        return true
    }

    /// Whether a session has not been ended.
    private func isOpen(session: Int64) throws(Errno) -> Bool {
        let found = try rows.ask { () throws(PostgreSQLFailure) in
            try rows.connection.run(text: "SELECT 1 FROM sessions WHERE epoch = \(session)")
        }
        return found.count > 0
    }
}
