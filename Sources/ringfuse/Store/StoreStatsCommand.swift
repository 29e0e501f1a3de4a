import ArgumentParser
import RingFUSE

/// `ringfuse store stats`.
struct StoreStatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Tell what mounts of volumes hold in memory, and what they have fetched and stored.",
        discussion: """
            Asks the servers, which tell root and the user who runs them; the mounts are not touched, so that it works \
            while the store is away and everything hangs. `ringfuse stats` tells of the requests of the same mounts. With \
            --watch and --json there is one line for each mount and look.
            """
    )

    /// Which, and how.
    @OptionGroup var look: StatisticsLook

    /// Asks and tells.
    func run() throws {
        try look.run(
            text: { statistics, before in
                try report(of: statistics).map { "\(VolumeText($0, since: before.flatMap(VolumeReport.init)))" }
            },
            object: { try report(of: $0) })
    }

    /// What a mount tells of its volume; `nil` where it has none and nobody has said that it had.
    private func report(of statistics: SessionStatistics) throws -> VolumeReport? {
        if let report = VolumeReport(statistics) { return report }
        guard let mountPoint = look.mountPoint else { return nil }
        throw ValidationError(
            "\(mountPoint): no volume is mounted there but something else, of which `ringfuse stats` tells")
    }
}
