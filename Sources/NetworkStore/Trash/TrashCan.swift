internal import FileSystems
public import RingFUSE
public import SystemPackage

/// What can be done with the trash of a volume, by whoever has it open.
public struct TrashCan: Sendable {
    /// Entries that are removed in one transaction.
    private static let batch = 100
    /// How often a name is looked for again that somebody else makes at the same time.
    private static let attempts = 5

    private let engine: any MetadataEngine

    /// The trash of a volume.
    public init(_ engine: any MetadataEngine) { self.engine = engine }

    // MARK: Looking

    /// How things are.
    public func state() async throws(Errno) -> TrashState {
        var volume = engine.volume
        do throws(Errno) {
            volume = try await engine.refreshVolume()
        } catch .readOnlyFileSystem {
            // It was looked at when the volume was opened.
        }
        return TrashState(age: volume.trashAge ?? 0, usage: try await engine.trashUsage())
    }

    /// Entries by the time when they were removed, with where they were.
    ///
    /// - Parameters:
    ///   - time: gives later ones only.
    ///   - limit: the most entries.
    /// - Returns: some of those that there are, the first ones; none where there are no others.
    public func items(after time: UInt64, limit: Int = 1000) async throws(Errno) -> [TrashItem] {
        var paths = TrashPaths(engine)
        var items: [TrashItem] = []
        for entry in try await entries(after: time, until: .max, limit: limit) {
            items.append(TrashItem(entry, path: try await paths.path(of: entry)))
        }
        return items
    }

    /// The first entries of a span of time. Those of one moment are given together, so that none is left out by who asks for later ones.
    func entries(after time: UInt64, until end: UInt64, limit: Int) async throws(Errno) -> [TrashEntry] {
        var found = try await engine.trash(after: time, until: end, limit: limit)
        if found.count == limit, let last = found.last?.time, found[0].time != last {
            found.removeAll { $0.time == last }
        }
        return found
    }

    // MARK: Restoring

    /// Gives an entry its name again.
    ///
    /// - Parameters:
    ///   - number: its number.
    ///   - directory: where to; `nil` for where it was. A directory that is gone is restored, too, unless there is another of its name.
    /// - Returns: what others know that is different now.
    /// - Throws: `ENODATA` where there is no such entry; `EEXIST` where something has its name; `ENOENT` where its directory is gone for
    ///   good; `ENOTDIR` where something else has the name of its directory; and as ``TrashEngine/restore(_:to:)``.
    public func restore(_ number: NodeID, to directory: NodeID? = nil) async throws(Errno) -> ForeignChanges {
        guard let entry = try await engine.trashEntry(of: number) else { throw .noData }
        var changes = ForeignChanges()
        let target: NodeID
        if let directory {
            target = directory
        } else {
            target = try await self.directory(entry.place.directory, &changes)
        }
        try await restore(entry, to: NamePlace(directory: target, name: entry.place.name), &changes)
        return changes
    }

    /// Restores an entry, and notes what has changed.
    private func restore(
        _ entry: TrashEntry,
        to place: NamePlace,
        _ changes: inout ForeignChanges
    ) async throws(Errno) {
        _ = try await engine.restore(entry, to: place)
        changes.nodes += [place.directory, entry.id]
        changes.names.append(place)
    }

    /// A directory that something was in: itself, where it is still there; or what has its name now; or itself, restored.
    ///
    /// - Throws: as ``restore(_:to:)``.
    private func directory(_ id: NodeID, _ changes: inout ForeignChanges) async throws(Errno) -> NodeID {
        // Those that are in the trash, from the inside out.
        var removed: [TrashEntry] = []
        var base = id
        while !(try await isThere(base)) {
            guard removed.count < TrashPaths.deepest, let entry = try await engine.trashEntry(of: base) else {
                throw .noSuchFileOrDirectory
            }
            removed.append(entry)
            base = entry.place.directory
        }
        for entry in removed.reversed() { base = try await child(entry, in: base, &changes) }
        return base
    }

    /// What has the name of a removed directory; that itself, restored, where nothing has.
    private func child(
        _ entry: TrashEntry,
        in parent: NodeID,
        _ changes: inout ForeignChanges
    ) async throws(Errno) -> NodeID {
        let name = entry.place.name
        for _ in 0..<Self.attempts {
            if let found = try await engine.lookUp(Name(name.bytes.span), in: parent) {
                guard found.type == .directory else { throw .notDirectory }
                return found.id
            }
            do throws(Errno) {
                try await restore(entry, to: NamePlace(directory: parent, name: name), &changes)
                return entry.id
            } catch {
                // Somebody else has made it, or restored it, meanwhile.
                guard error == .fileExists || error == .noData else { throw error }
            }
        }
        throw .noSuchFileOrDirectory
    }

    /// Whether a directory has a name.
    private func isThere(_ directory: NodeID) async throws(Errno) -> Bool {
        do throws(Errno) {
            return try await engine.node(directory).attributes.linkCount > 0
        } catch .staleNFSFileHandle {
            return false
        }
    }

    // MARK: Removing for good

    /// Removes what was removed before a time. May be stopped at any point, and called again.
    ///
    /// - Parameters:
    ///   - end: in nanoseconds since 1970.
    ///   - limit: about the most entries.
    ///   - progress: told how many are gone, now and then.
    /// - Returns: how many are gone.
    public func discard(
        before end: UInt64,
        limit: Int = .max,
        progress: (Int) -> Void = { _ in }
    ) async throws(Errno) -> Int {
        try await discard(before: end, limit: limit, inUse: { _ in false }, left: { _ in }, progress: progress)
    }

    /// Removes what was removed before a time.
    ///
    /// - Parameters:
    ///   - isInUse: whether somebody of this session has a node open.
    ///   - left: told of such nodes, which have no name from now on.
    func discard(
        before end: UInt64,
        limit: Int,
        inUse isInUse: (NodeID) -> Bool,
        left: (NodeRecord) -> Void,
        progress: (Int) -> Void = { _ in }
    ) async throws(Errno) -> Int {
        var count = 0
        while count < limit, !Task.isCancelled {
            let entries = try await entries(after: 0, until: end, limit: Self.batch)
            guard !entries.isEmpty else { break }
            let inUse = Set(entries.map(\.id).filter(isInUse))
            for record in try await engine.discard(entries, inUse: inUse) { left(record) }
            count += entries.count
            progress(count)
        }
        return count
    }

    /// Up to when what was removed has been kept for long enough by now, in nanoseconds since 1970.
    ///
    /// - Parameter age: seconds.
    public static func end(ofAge age: UInt64) -> UInt64 {
        let now = Timestamp.now.trashTime
        return now - min(now, age.multipliedReportingOverflow(by: 1_000_000_000).overflow ? now : age * 1_000_000_000)
    }
}
