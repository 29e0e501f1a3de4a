import ArgumentParser
import FileSystems
import RingFUSE

/// `ringfuse mount memory`.
struct MountMemoryCommand: ServingCommand {
    static let configuration = CommandConfiguration(
        commandName: "memory",
        abstract: "Mount a file system that is kept in memory and gone with its mount."
    )

    /// The most bytes of content.
    @Option(
        help: ArgumentHelp(
            "The most that files may hold (1G, 512M, bytes); default: half of the memory.",
            valueName: "size"
        ),
        transform: { try ByteSize(parsing: $0) }
    )
    var size: ByteSize?

    /// The most files.
    @Option(help: ArgumentHelp("The most files and directories.", valueName: "n"))
    var nodes: Int?

    /// How long names and attributes are believed.
    @Option(
        help: ArgumentHelp(
            "How many seconds the kernel believes names and attributes without asking; default: forever.",
            valueName: "seconds"
        ),
        transform: { try CacheLifetime(parsing: $0) }
    )
    var cacheTimeout: CacheLifetime?

    /// Who keeps locks.
    @Option(
        help: ArgumentHelp(
            "Who keeps the locks of programs: kernel (without a request) or backend.",
            valueName: "keeper"
        ),
        transform: { try CoreOptions.choice($0) }
    )
    var locks: MemoryFileSystem.LockKeeper = .kernel

    /// Where and how.
    @OptionGroup var serving: ServingOptions

    /// Checks ranges.
    func validate() throws {
        if let nodes, nodes < 1 { throw ValidationError("--nodes \(nodes): must be at least 1") }
    }

    /// Serves it.
    func run() async throws {
        let (size, nodes, lifetime, locks) = (size, nodes, cacheTimeout?.lifetime ?? .forever, locks)
        try await Server(
            name: "memory",
            options: serving,
            backend: { Backends.memory(size: size, nodes: nodes, lifetime: lifetime, locks: locks) }
        ).run()
    }
}
