import ArgumentParser
import Glibc
import SystemPackage

/// `ringfuse mount mirror`.
struct MountMirrorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mirror",
        abstract: "Mount a directory, passed through."
    )

    /// The directory that is passed through.
    @Argument(help: "The directory to pass through.")
    var source: String

    /// How long names and attributes are believed.
    @Option(
        help: ArgumentHelp(
            "How many seconds the kernel believes names and attributes without asking; default: 1.",
            valueName: "seconds"
        ),
        transform: { try CacheLifetime(parsing: $0) }
    )
    var cacheTimeout: CacheLifetime?

    /// Where and how.
    @OptionGroup var serving: ServingOptions

    /// Refuses a source that is no directory.
    func validate() throws {
        var status = stat()
        guard unsafe stat(source, &status) == 0 else {
            throw ValidationError("\(source): the source cannot be used: \(Errno(rawValue: errno))")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw ValidationError("\(source): the source is not a directory")
        }
    }

    /// Refuses a mount point below the source: the mirror would meet itself there, and each walk over it would wait for
    /// its own answer. Over the source itself is fine: the source is opened before it is covered.
    static func refuse(_ mountPoint: FilePath, inside source: FilePath) throws {
        // Resolved as a whole: its last component, too, may be a symbolic link that leads into the source.
        guard let target = mountPoint.resolved, let root = source.resolved else { return }
        guard target != root, target.starts(with: root) else { return }
        throw ValidationError("\(mountPoint): the mount point is inside the source \(source); choose one outside")
    }

    /// Serves it.
    func run() async throws {
        let path = FilePath(source).absolute
        try Self.refuse(serving.path, inside: path)
        let lifetime = cacheTimeout?.lifetime
        try await Server(
            name: "mirror of \(path)",
            options: serving,
            backend: { try Backends.mirror(of: path, lifetime: lifetime) }
        ).run()
    }
}
