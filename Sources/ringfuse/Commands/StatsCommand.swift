import ArgumentParser
import RingFUSE

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

    /// Which, and how.
    @OptionGroup var look: StatisticsLook

    /// Asks and tells.
    func run() throws {
        try look.run(text: { "\(StatisticsText($0, since: $1))" }, object: { $0 })
    }
}
