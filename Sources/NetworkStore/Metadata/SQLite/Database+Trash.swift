internal import RingFUSE
internal import SystemPackage

// The trash: names in a directory that is no node, and what the volume was set to.

extension SQL {
    /// Statements about the trash.
    var trashText: String {
        switch self {
        // The index has all that is asked of a name, in this order, but for the name.
        case .trash:
            """
            SELECT \(Self.nodeColumns), m.name, m.cookie
            FROM names m INDEXED BY names_by_cookie JOIN nodes n ON n.id = m.node
            WHERE m.dir = \(NodeID.trash) AND m.cookie > ?1 AND m.cookie <= ?2 ORDER BY m.cookie LIMIT ?3
            """
        case .trashEntry:
            """
            SELECT \(Self.nodeColumns), m.name, m.cookie FROM names m JOIN nodes n ON n.id = m.node
            WHERE m.dir = \(NodeID.trash) AND m.name >= ?1 AND m.name < ?2 LIMIT 1
            """
        case .trashUsage:
            """
            SELECT count(*), coalesce(sum(n.allocated), 0) FROM names m JOIN nodes n ON n.id = m.node
            WHERE m.dir = \(NodeID.trash)
            """
        case .place:
            """
            SELECT m.dir, m.name FROM nodes n JOIN names m ON m.dir = n.parent AND m.node = n.id
            WHERE n.id = ?1 AND n.parent <> 0 LIMIT 1
            """
        default: preconditionFailure("not about the trash")
        }
    }
}

extension Database {
    /// Entries of the trash: ``TrashEngine/trash(after:until:limit:)``.
    func trash(after time: UInt64, until end: UInt64, limit: Int) throws(Errno) -> [TrashEntry] {
        let row = try statement(.trash)
        defer { row.reset() }
        row.bind(1, Int64(clamping: time))
        row.bind(2, Int64(clamping: end))
        row.bind(3, Int64(max(0, limit)))
        var entries: [TrashEntry] = []
        while try row.step() { entries.append(try entry(row)) }
        return entries
    }

    /// The entry of a node.
    func trashEntry(of node: NodeID) throws(Errno) -> TrashEntry? {
        let row = try statement(.trashEntry)
        defer { row.reset() }
        let names = TrashEntry.hiddenNames(of: node)
        row.bind(1, names.lower)
        row.bind(2, names.upper)
        return try row.step() ? try entry(row) : nil
    }

    /// The entry that a row is.
    ///
    /// - Throws: `EIO` where it is none: the database is damaged.
    private func entry(_ row: Statement) throws(Errno) -> TrashEntry {
        let (name, time) = (row.name(SQL.nodeColumnCount), row.uint64(SQL.nodeColumnCount + 1))
        guard let entry = TrashEntry(NodeRow(row).record, hiddenName: name, time: time) else { throw .ioError }
        return entry
    }

    /// How much there is in the trash.
    func trashUsage() throws(Errno) -> TrashUsage {
        let row = try statement(.trashUsage)
        defer { row.reset() }
        guard try row.step() else { throw .ioError }
        return TrashUsage(entries: row.uint64(0), bytes: row.uint64(1))
    }

    /// Where a directory is: ``TrashEngine/place(of:)``.
    func place(of directory: NodeID) throws(Errno) -> NamePlace? {
        let row = try statement(.place)
        defer { row.reset() }
        row.bind(1, directory)
        return try row.step() ? NamePlace(directory: NodeID(row.uint64(0)), name: row.name(1)) : nil
    }

    // MARK: The volume

    /// What the volume was formatted as, and set to since. Nobody else writes.
    func volumeDescription(isChanged: Bool) throws(Errno) -> VolumeDescription {
        do throws(SQLiteFailure) {
            let text = try prepare("SELECT description FROM volume").firstText()
            if let text, let volume = VolumeDescription(json: text) { return volume }
        } catch {
            throw error.errno
        }
        throw .ioError
    }

    /// Writes that.
    func store(_ volume: VolumeDescription) throws(Errno) {
        guard let text = volume.json else { throw .ioError }
        do throws(SQLiteFailure) {
            let statement = try prepare("UPDATE volume SET description = ?1")
            statement.bind(1, text)
            _ = try statement.next()
        } catch {
            throw error.errno
        }
    }
}
