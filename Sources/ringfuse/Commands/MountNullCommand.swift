import ArgumentParser
import FileSystems

/// `ringfuse mount null`.
struct MountNullCommand: ServingCommand {
    static let configuration = CommandConfiguration(
        commandName: "null",
        abstract: "Mount a file system that swallows writes and reads zeros, to measure the transport."
    )

    /// How long the answers to look-ups, reads and writes take.
    @Option(
        help: ArgumentHelp(
            "How long look-ups, reads and writes take, as on a slow store: 1ms, 200us; others are served meanwhile. "
                + "With 0 they are answered by tasks all the same.",
            valueName: "duration"
        ),
        transform: { try PollDuration(parsing: $0) }
    )
    var delay: PollDuration?

    /// Where and how.
    @OptionGroup var serving: ServingOptions

    /// Serves it.
    func run() async throws {
        if let delay = delay?.duration {
            let backend = { @Sendable in DelayFileSystem(Backends.null(), delay: delay) }
            return try await Server(name: "null, delayed by \(delay)", options: serving, backend: backend).run()
        }
        try await Server(name: "null", options: serving, backend: { Backends.null() }).run()
    }
}
