internal import FileSystems
internal import RingFUSE
internal import SystemPackage

extension Transaction<Database> {
    /// Ends all sessions but this one, or this one too: nodes that they leave without names go, and objects that they have
    /// pending are garbage, of which nobody knows how long it is.
    func endSessions(withOwn: Bool) throws(Errno) {
        let kept = withOwn ? -1 : session
        hasEnded = withOwn
        do throws(SQLiteFailure) {
            for node in try numbers("SELECT node FROM unlinked WHERE session <> \(kept)") {
                do throws(Errno) {
                    try dispose(of: NodeID(node))
                } catch {
                    throw SQLiteFailure("a node without a name cannot be disposed of: \(error)")
                }
            }
            try rows.execute(
                """
                INSERT INTO objects (number, length, layout, extents, live, freed)
                    SELECT number, 0, x'', 0, 0, \(Timestamp.now.seconds) FROM pending WHERE session <> \(kept);
                DELETE FROM pending WHERE session <> \(kept);
                DELETE FROM sessions WHERE epoch <> \(kept)
                """)
        } catch {
            throw error.errno
        }
    }

    /// All numbers that a query gives.
    private func numbers(_ text: String) throws(SQLiteFailure) -> [UInt64] {
        let statement = try rows.prepare(text)
        var numbers: [UInt64] = []
        while try statement.next() { numbers.append(statement.uint64(0)) }
        return numbers
    }
}
