import ArgumentParser

/// `ringfuse mount null`.
struct MountNullCommand: ServingCommand {
    static let configuration = CommandConfiguration(
        commandName: "null",
        abstract: "Mount a file system that swallows writes and reads zeros, to measure the transport."
    )

    /// Where and how.
    @OptionGroup var serving: ServingOptions

    /// Serves it.
    func run() async throws {
        try await Server(name: "null", options: serving, backend: { Backends.null() }).run()
    }
}
