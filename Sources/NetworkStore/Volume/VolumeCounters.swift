internal import Synchronization

/// What a mount of a volume has done so far. Counted for each request to the store and each commit, never for a read that
/// memory answers.
final class VolumeCounters: Sendable {
    let fetches = Atomic<UInt64>(0)
    let fetchedBytes = Atomic<UInt64>(0)
    let failedFetches = Atomic<UInt64>(0)
    let wrongFetches = Atomic<UInt64>(0)
    let diskCacheBytes = Atomic<UInt64>(0)
    let stores = Atomic<UInt64>(0)
    let storedBytes = Atomic<UInt64>(0)
    let failedStores = Atomic<UInt64>(0)
    let commits = Atomic<UInt64>(0)
    let failedCommits = Atomic<UInt64>(0)
    let movedBytes = Atomic<UInt64>(0)
    let collectedObjects = Atomic<UInt64>(0)
    let trashEntries = Atomic<UInt64>(0)
    let trashBytes = Atomic<UInt64>(0)
    let expiredEntries = Atomic<UInt64>(0)
}

extension Atomic<UInt64> {
    /// Counts.
    borrowing func count(_ number: Int = 1) { wrappingAdd(UInt64(clamping: number), ordering: .relaxed) }

    /// The number so far.
    var now: UInt64 { load(ordering: .relaxed) }
}
