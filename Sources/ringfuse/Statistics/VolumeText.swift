import NetworkStore
import RingFUSE

/// What a mount of a volume holds and has done, as people read it.
struct VolumeText: CustomStringConvertible {
    private let now: VolumeReport
    private let before: VolumeReport?

    /// The text of a moment.
    ///
    /// - Parameter before: an earlier moment of the same mount, to tell rates since then.
    init(_ now: VolumeReport, since before: VolumeReport? = nil) {
        self.now = now
        self.before = before
    }

    /// All lines.
    var description: String {
        let wrong = now[.wrongFetches] > 0 ? " (\(now[.wrongFetches]) wrong)" : ""
        var lines = [
            "\(now.mountPoint): server \(now.processID), up \(Int(now.uptime)) s, memory for content "
                + "\(size(.memoryBytes)): \(size(.cachedBytes)) cached, \(size(.unwrittenBytes)) unwritten in "
                + "\(now[.unwrittenFiles]) files",
            "  fetched: \(size(.fetchedBytes)) in \(now[.fetches]) requests, \(now[.failedFetches]) failed"
                + "\(wrong); \(size(.diskCacheBytes)) from the cache on disk",
            "  stored: \(size(.storedBytes)) in \(now[.stores]) objects, \(now[.failedStores]) failed",
            "  committed: \(now[.commits]) changes of content, \(now[.failedCommits]) failed",
            "  moved: \(size(.movedBytes)); collected: \(now[.collectedObjects]) objects",
        ]
        if now[.journalBytes] > 0 {
            lines.append(
                "  journal: \(size(.journalBytes)), \(now[.journalChanges]) changes not known to be in the volume")
        }
        if now[.trashEntries] > 0 || now[.expiredEntries] > 0 {
            lines.append(
                "  trash: \(size(.trashBytes)) of \(now[.trashEntries]) files and directories; "
                    + "\(now[.expiredEntries]) gone for good")
        }
        if let rates { lines.insert(rates, at: 1) }
        return lines.map(\.printable).joined(separator: "\n")
    }

    private var rates: String? {
        guard let before, now.uptime > before.uptime else { return nil }
        func rate(_ statistic: VolumeStatistic) -> Int {
            let difference = Double(now[statistic]) - Double(before[statistic])
            // Servers of other users may tell any number.
            return Int(max(0, min(1e18, difference / (now.uptime - before.uptime))).rounded())
        }
        func size(_ statistic: VolumeStatistic) -> String { ByteSize(bytes: rate(statistic)).rounded }
        return "  per second: \(size(.fetchedBytes)) fetched, \(size(.storedBytes)) stored, \(rate(.commits)) commits"
    }

    private func size(_ statistic: VolumeStatistic) -> String { ByteSize(bytes: Int(clamping: now[statistic])).rounded }
}
