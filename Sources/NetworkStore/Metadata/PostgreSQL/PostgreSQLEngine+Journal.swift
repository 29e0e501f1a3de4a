internal import RingFUSE
public import SystemPackage

extension PostgreSQLEngine {
    /// Notes that this session has a journal.
    public func setJournal(_ identifier: String, _ mark: JournalMark?) async throws(Errno) {
        try await write(.none, durably: true) { (transaction) throws(Errno) in
            try transaction.setJournal(identifier, mark)
        }
    }

    /// The changes of a journal that were made and not forgotten.
    public func changesMade(by journal: String) async throws(Errno) -> [JournalTag: UInt64] {
        let names = JournalTag.names(of: journal)
        var parameters = PostgreSQLParameters()
        parameters.add(names.lower)
        parameters.add(names.upper)
        let rows = try await readers.read(.tags, parameters)
        var changes: [JournalTag: UInt64] = [:]
        for index in 0..<rows.count {
            if let tag = JournalTag(rows[index].name(0)) { changes[tag] = rows[index].uint64(1) }
        }
        return changes
    }

    /// Forgets that changes were made.
    public func forgetChanges(_ tags: [JournalTag], durably: Bool) async throws(Errno) {
        let names = tags.map(\.name)
        var needs = RowNeeds.none
        needs.names = names.map { NamePlace(directory: .journal, name: $0) }
        try await write(needs, durably: durably) { (transaction) throws(Errno) in
            try transaction.forgetChanges(names)
        }
    }

    /// Whether a session has the volume open.
    public func isOpen(session: Int64) async throws(Errno) -> Bool {
        try await readers.read(.session, PostgreSQLParameters(session)).count > 0
    }
}

extension PostgreSQLStatement {
    /// Statements about journals: names in a directory that is no node, and who has one.
    var journalText: String {
        switch self {
        case .tags:
            """
            SELECT name, cookie FROM names
            WHERE dir = \(NodeID.journal) AND name >= $1::bytea AND name < $2::bytea
            """
        case .session: "SELECT 1 FROM sessions WHERE epoch = $1::bigint"
        default: preconditionFailure("not about journals")
        }
    }
}
