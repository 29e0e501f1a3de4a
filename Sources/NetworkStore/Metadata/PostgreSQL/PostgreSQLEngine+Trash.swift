public import RingFUSE
public import SystemPackage

// The trash.

extension PostgreSQLEngine {
    /// Entries of the trash.
    public func trash(after time: UInt64, until end: UInt64, limit: Int) async throws(Errno) -> [TrashEntry] {
        let parameters = PostgreSQLParameters(Int64(clamping: time), Int64(clamping: end), Int64(max(0, limit)))
        return try Self.entries(try await readers.read(.trash, parameters))
    }

    /// The entry of a node.
    public func trashEntry(of node: NodeID) async throws(Errno) -> TrashEntry? {
        let names = TrashEntry.hiddenNames(of: node)
        var parameters = PostgreSQLParameters()
        parameters.add(names.lower)
        parameters.add(names.upper)
        return try Self.entries(try await readers.read(.trashEntry, parameters)).first
    }

    /// The entries that rows are.
    ///
    /// - Throws: `EIO` where one is none: the database is damaged.
    private static func entries(_ rows: PostgreSQLRows) throws(Errno) -> [TrashEntry] {
        var entries: [TrashEntry] = []
        for index in 0..<rows.count {
            let (row, column) = (rows[index], SQL.nodeColumnCount)
            let (name, time) = (row.name(column), row.uint64(column + 1))
            guard let entry = TrashEntry(row.node().record, hiddenName: name, time: time) else { throw .ioError }
            entries.append(entry)
        }
        return entries
    }

    /// How much there is in the trash.
    public func trashUsage() async throws(Errno) -> TrashUsage {
        let rows = try await readers.read(.trashUsage)
        guard rows.count == 1 else { throw .ioError }
        return TrashUsage(entries: rows[0].uint64(0), bytes: rows[0].uint64(1))
    }

    /// Where a directory is.
    public func place(of directory: NodeID) async throws(Errno) -> NamePlace? {
        let rows = try await readers.read(.place, PostgreSQLParameters(Int64(bitPattern: directory.rawValue)))
        guard rows.count == 1 else { return nil }
        return NamePlace(directory: NodeID(rows[0].uint64(0)), name: rows[0].name(1))
    }

    /// Gives a node of the trash a name again.
    public func restore(_ entry: TrashEntry, to place: NamePlace) async throws(Errno) -> NodeRecord {
        var needs = RowNeeds.nodes(entry.id, place.directory)
        needs.names = [NamePlace(directory: .trash, name: entry.hiddenName), place]
        return try await write(needs) { (transaction) throws(Errno) in try transaction.restore(entry, to: place) }
    }

    /// Removes nodes of the trash for good.
    public func discard(_ entries: [TrashEntry], inUse: Set<NodeID>) async throws(Errno) -> [NodeRecord] {
        var needs = RowNeeds.none
        needs.nodes = entries.map(\.id)
        needs.names = entries.map { NamePlace(directory: .trash, name: $0.hiddenName) }
        needs.extents = entries.filter { $0.node.attributes.blocks > 0 }.map { ($0.id, 0..<NodeRow.largestSize) }
        return try await write(needs) { (transaction) throws(Errno) in
            try transaction.discard(entries, inUse: inUse)
        }
    }

    /// Sets for how long removed files are kept.
    public func setTrashAge(_ seconds: UInt64) async throws(Errno) {
        try await write(.none, durably: true) { (transaction) throws(Errno) in try transaction.setTrashAge(seconds) }
        _ = try await refreshVolume()
    }

    /// Looks what was set since the volume was opened.
    public func refreshVolume() async throws(Errno) -> VolumeDescription {
        try await write(.none) { (transaction) throws(Errno) in try transaction.refreshVolume() }
    }
}
