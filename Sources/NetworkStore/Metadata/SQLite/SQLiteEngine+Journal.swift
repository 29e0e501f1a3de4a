internal import RingFUSE
public import SystemPackage

extension SQLiteEngine {
    /// Notes that this session has a journal.
    public func setJournal(_ identifier: String, _ mark: JournalMark?) async throws(Errno) {
        try await write(durably: true) { (transaction) throws(Errno) in try transaction.setJournal(identifier, mark) }
    }

    /// The changes of a journal that were made and not forgotten.
    public func changesMade(by journal: String) throws(Errno) -> [JournalTag: UInt64] {
        let names = JournalTag.names(of: journal)
        return try read { (database) throws(Errno) in
            let row = try database.statement(.tags)
            defer { row.reset() }
            row.bind(1, names.lower)
            row.bind(2, names.upper)
            var changes: [JournalTag: UInt64] = [:]
            while try row.step() {
                if let tag = JournalTag(row.name(0)) { changes[tag] = row.uint64(1) }
            }
            return changes
        }
    }

    /// Forgets that changes were made.
    public func forgetChanges(_ tags: [JournalTag], durably: Bool) async throws(Errno) {
        let names = tags.map(\.name)
        try await write(durably: durably, isLong: names.count > 100) { (transaction) throws(Errno) in
            try transaction.forgetChanges(names)
        }
    }

    /// Whether a session has the volume open: there is this one, or none.
    public func isOpen(session: Int64) -> Bool { false }
}

extension SQL {
    /// What was noted for a journal: names in a directory that is no node.
    static let tagsText = "SELECT name, cookie FROM names WHERE dir = \(NodeID.journal) AND name >= ?1 AND name < ?2"
}
