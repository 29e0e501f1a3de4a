public import RingFUSE

/// What is told of a mounted volume in the statistics of its session (``ReportingFileSystem/report``), by these names.
public enum VolumeStatistic: String, Sendable, CaseIterable {
    /// Bytes of memory for content.
    case memoryBytes = "memory.bytes"
    /// Bytes of it that hold blocks of objects; others may have them when they need them.
    case cachedBytes = "cache.bytes"
    /// Bytes of it that hold what is not committed yet.
    case unwrittenBytes = "unwritten.bytes"
    /// Files with something that is not committed yet.
    case unwrittenFiles = "unwritten.files"
    /// Ranges of objects that the store was asked for.
    case fetches = "fetched.requests"
    /// Bytes that it gave.
    case fetchedBytes = "fetched.bytes"
    /// Requests that it did not answer, or with bytes that were not what was stored.
    case failedFetches = "fetched.failed"
    /// Those of them with bytes that were not what was stored: it is asked once more for these.
    case wrongFetches = "fetched.wrong"
    /// Bytes that the cache on the disk had instead.
    case diskCacheBytes = "disk-cache.bytes"
    /// Objects that were stored.
    case stores = "stored.objects"
    /// Bytes of them, compressed.
    case storedBytes = "stored.bytes"
    /// Objects that could not be stored; what they hold stays, and is tried again.
    case failedStores = "stored.failed"
    /// Changes of content that were committed.
    case commits = "committed.changes"
    /// Changes that could not be committed.
    case failedCommits = "committed.failed"
    /// Bytes that the journal takes on the disk.
    case journalBytes = "journal.bytes"
    /// Changes in it that are not known to be in the volume.
    case journalChanges = "journal.changes"
    /// Bytes that were moved to where they lie better.
    case movedBytes = "moved.bytes"
    /// Objects that nobody referred to any more, and were removed.
    case collectedObjects = "collected.objects"
    /// Files, links and directories in the trash, as of the last five minutes.
    case trashEntries = "trash.entries"
    /// Bytes of them.
    case trashBytes = "trash.bytes"
    /// Those that have been there for long enough, and were removed for good.
    case expiredEntries = "trash.expired"
}

extension Volume {
    /// How things are.
    func value(of statistic: VolumeStatistic) -> UInt64 {
        switch statistic {
        case .memoryBytes: UInt64(clamping: cache.slotCount * blockSize)
        case .cachedBytes: UInt64(clamping: cache.count * blockSize)
        case .unwrittenBytes: UInt64(clamping: dirtyBudget.used * blockSize)
        case .unwrittenFiles: UInt64(clamping: dirtyFiles.count)
        case .fetches: counters.fetches.now
        case .fetchedBytes: counters.fetchedBytes.now
        case .failedFetches: counters.failedFetches.now
        case .wrongFetches: counters.wrongFetches.now
        case .diskCacheBytes: counters.diskCacheBytes.now
        case .stores: counters.stores.now
        case .storedBytes: counters.storedBytes.now
        case .failedStores: counters.failedStores.now
        case .commits: counters.commits.now
        case .failedCommits: counters.failedCommits.now
        case .journalBytes: journal?.byteCount ?? 0
        case .journalChanges: UInt64(clamping: journal?.changeCount ?? 0)
        case .movedBytes: counters.movedBytes.now
        case .collectedObjects: counters.collectedObjects.now
        case .trashEntries: counters.trashEntries.now
        case .trashBytes: counters.trashBytes.now
        case .expiredEntries: counters.expiredEntries.now
        }
    }
}

extension NetworkStoreFileSystem: ReportingFileSystem {
    /// What ``VolumeStatistic`` names.
    public var report: [String: UInt64] {
        Dictionary(uniqueKeysWithValues: VolumeStatistic.allCases.map { ($0.rawValue, volume.value(of: $0)) })
    }
}
