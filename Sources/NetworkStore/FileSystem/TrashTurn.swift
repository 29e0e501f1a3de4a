internal import RingFUSE
internal import Synchronization
internal import SystemPackage

/// What a mount does about the trash now and then: what has been there for long enough goes.
struct TrashTurn {
    /// Entries that go at one turn, at the most: about.
    private static let limit = 2000
    /// Turns from one count of all that is there to the next: it looks at each entry.
    private static let turnsPerCount = 10
    /// How long before it is time a mount looks after what it has open itself, in seconds; so has each of several mounts had a turn
    /// before another removes it.
    private static let margin: UInt64 = 60

    private var turns = 0
    private var isCounted = false

    /// Nothing yet.
    init() {}

    /// Learns what others have set, and removes what is old.
    mutating func run(_ fileSystem: NetworkStoreFileSystem) async {
        let (volume, counters) = (fileSystem.volume, fileSystem.volume.counters)
        let can = TrashCan(volume.engine)
        do throws(Errno) {
            let age = try await volume.engine.refreshVolume().trashAge ?? 0
            let end = TrashCan.end(ofAge: age)
            if fileSystem.isShared, age > 0 { try await release(until: end, age, can, fileSystem) }
            let count = try await can.discard(
                before: end, limit: Self.limit, inUse: { fileSystem.nodes.isInUse($0) },
                left: { fileSystem.leave($0) })
            counters.expiredEntries.count(count)
            defer { turns += 1 }
            guard turns % Self.turnsPerCount == 0, age > 0 || isCounted else { return }
            let usage = try await volume.engine.trashUsage()
            isCounted = age > 0 || usage.entries > 0
            counters.trashEntries.store(usage.entries, ordering: .relaxed)
            counters.trashBytes.store(usage.bytes, ordering: .relaxed)
        } catch {
            // Tried again the next time, by the next mount where this one ends.
            if volume.isOpen { fileSystem.warn("the trash was not looked after: \(error)") }
        }
    }

    /// Takes what programs of this mount have open out of the trash shortly before it is time: from then on it is theirs alone, and no
    /// other mount's to remove.
    private func release(
        until end: UInt64,
        _ age: UInt64,
        _ can: TrashCan,
        _ fileSystem: NetworkStoreFileSystem
    ) async throws(Errno) {
        let soon = end + min(Self.margin, age / 2) * 1_000_000_000
        let open = try await can.entries(after: end, until: soon, limit: Self.limit)
            .filter { fileSystem.nodes.isInUse($0.id) }
        guard !open.isEmpty else { return }
        for record in try await fileSystem.volume.engine.discard(open, inUse: Set(open.map(\.id))) {
            fileSystem.leave(record)
        }
    }
}
