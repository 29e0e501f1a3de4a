internal import RingFUSE
internal import SystemPackage

// What journals are told: names in a directory without a node (``NodeID/journal``), as the trash is one, so that volumes stay what they
// are. The cookie is the version that the file had then.

extension Transaction {
    /// Notes where a journal is: ``JournalEngine/setJournal(_:_:)``.
    func setJournal(_ identifier: String, _ mark: JournalMark?) throws(Errno) {
        var description = try rows.volumeDescription(isChanged: true)
        var journals = description.journals ?? [:]
        var mark = mark
        mark?.session = session
        journals[identifier] = mark
        description.journals = journals.isEmpty ? nil : journals
        try rows.store(description)
    }

    /// Forgets changes: ``JournalEngine/forgetChanges(_:durably:)``.
    func forgetChanges(_ names: [StoredName]) throws(Errno) {
        for name in names where try rows.child(name, in: .journal) != nil {
            try rows.deleteName(name, in: .journal)
        }
    }
}

extension NodeID {
    /// The directory that has the names of changes which were made: no node has this number.
    static let journal = NodeID(UInt64(Int64.max))
    /// No node.
    static let none = NodeID(0)
}
