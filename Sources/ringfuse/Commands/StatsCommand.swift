import ArgumentParser
import Glibc
import RingFUSE
import SystemPackage

/// `ringfuse stats`.
struct StatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Tell what the servers of mounts do, and what is stuck.",
        discussion: """
            Asks the servers, which tell root and the user who runs them; the mounts are not touched, so that it works \
            while everything that uses them hangs. With --watch and --json there is one line for each mount and look.
            """
    )

    /// Where it is mounted.
    @Argument(help: "Where it is mounted; default: every mount of this tool.")
    var mountPoint: String?

    /// Whether programs read it.
    @Flag(help: "Print JSON.")
    var json = false

    /// How often to look.
    @Option(help: ArgumentHelp("Look again after so many seconds, until interrupted.", valueName: "seconds"))
    var watch: Int?

    /// Checks ranges.
    func validate() throws {
        if let watch, !(1...86_400).contains(watch) {
            throw ValidationError("--watch \(watch): must be from 1 to 86400")
        }
    }

    /// Asks and tells.
    func run() throws {
        guard let watch else { return try tell(look()) }
        var before: [SessionStatistics] = []
        while true {
            let now = try look()
            try tell(now, since: before)
            before = now
            sleep(UInt32(watch))
        }
    }

    /// The statistics of all mounts that are meant.
    ///
    /// - Throws: why the one that is named does not answer; of all, those that do not are left out with a line.
    private func look() throws -> [SessionStatistics] {
        if let mountPoint { return [try StatisticsClient.statistics(of: .fuse(at: FilePath(mountPoint)))] }
        return try MountTable.read().own.compactMap { entry in
            do {
                return try StatisticsClient.statistics(of: entry)
            } catch {
                StandardError.write("ringfuse: \(error)")
                return nil
            }
        }
    }

    private func tell(_ all: [SessionStatistics], since before: [SessionStatistics] = []) throws {
        if json && watch == nil {
            return print(try mountPoint == nil ? JSONText.encode(all) : JSONText.encode(all[0]))
        }
        for statistics in all {
            let earlier = before.first {
                $0.processID == statistics.processID && $0.mountPoint == statistics.mountPoint
            }
            let text = json ? try JSONText.line(statistics) : "\(StatisticsText(statistics, since: earlier))"
            // Not `print`, which would keep it back where the output is a pipe; one that is closed ends the watching.
            _ = try FileDescriptor.standardOutput.writeAll("\(text)\n".utf8)
        }
    }
}
