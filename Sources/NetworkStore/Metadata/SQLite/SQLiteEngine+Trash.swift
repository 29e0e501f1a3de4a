public import RingFUSE
public import SystemPackage

// The trash.

extension SQLiteEngine {
    /// Entries of the trash.
    public func trash(after time: UInt64, until end: UInt64, limit: Int) throws(Errno) -> [TrashEntry] {
        try readers.read { (database) throws(Errno) in try database.trash(after: time, until: end, limit: limit) }
    }

    /// The entry of a node.
    public func trashEntry(of node: NodeID) throws(Errno) -> TrashEntry? {
        try readers.read { (database) throws(Errno) in try database.trashEntry(of: node) }
    }

    /// How much there is in the trash. Looks at all of it, so it is no work for a thread that serves others.
    public func trashUsage() async throws(Errno) -> TrashUsage {
        let readers = readers
        let result: Result<TrashUsage, Errno>
        result = try await DedicatedThread.run(name: "ringfuse-count") {
            do throws(Errno) {
                return .success(try readers.read { (database) throws(Errno) in try database.trashUsage() })
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Where a directory is.
    public func place(of directory: NodeID) throws(Errno) -> NamePlace? {
        try readers.read { (database) throws(Errno) in try database.place(of: directory) }
    }

    /// Gives a node of the trash a name again.
    public func restore(_ entry: TrashEntry, to place: NamePlace) async throws(Errno) -> NodeRecord {
        try await write { (transaction) throws(Errno) in try transaction.restore(entry, to: place) }
    }

    /// Removes nodes of the trash for good.
    public func discard(_ entries: [TrashEntry], inUse: Set<NodeID>) async throws(Errno) -> [NodeRecord] {
        try await write(isLong: true) { (transaction) throws(Errno) in
            try transaction.discard(entries, inUse: inUse)
        }
    }

    /// Sets for how long removed files are kept.
    public func setTrashAge(_ seconds: UInt64) async throws(Errno) {
        try await write(durably: true) { (transaction) throws(Errno) in try transaction.setTrashAge(seconds) }
        _ = try await refreshVolume()
    }

    /// Looks what was set since the volume was opened.
    public func refreshVolume() async throws(Errno) -> VolumeDescription {
        try await write { (transaction) throws(Errno) in try transaction.refreshVolume() }
    }
}
