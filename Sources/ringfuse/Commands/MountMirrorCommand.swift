import ArgumentParser
import FileSystems
import Glibc
import RingFUSE
import SystemPackage

/// `ringfuse mount mirror`.
struct MountMirrorCommand: ServingCommand {
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

    /// Where locks are kept.
    @Option(
        help: ArgumentHelp(
            "Where locks are kept: by the kernel for this mount alone, or on the source, for those who use it too.",
            valueName: "kernel|source"
        ),
        transform: { try CoreOptions.choice($0) }
    )
    var locks: MirrorFileSystem.Options.Locks = .kernel

    /// Which thread calls the source's file system.
    enum BlockingSource: String, CaseIterable, Sendable {
        case auto
        case yes
        case no
    }

    /// Whether calls may block for long.
    @Option(
        help: ArgumentHelp(
            "Whether the source may keep calls waiting, which then run on threads of their own; auto: on a network or FUSE.",
            valueName: "auto|yes|no"
        ),
        transform: { try CoreOptions.choice($0) }
    )
    var blockingSource: BlockingSource = .auto

    /// Whether O_DIRECT reaches the source.
    @Flag(help: "What programs open with O_DIRECT bypasses the source's page cache too, not only the mount's.")
    var directSource = false

    /// Whether extended attributes are passed through.
    @Flag(
        name: .customLong("no-xattr"),
        help: """
            Pass no extended attributes through, and so no ACLs: with --passthrough the kernel need not ask before each \
            write whether the file has capabilities.
            """)
    var hasNoExtendedAttributes = false

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
        var options = MirrorFileSystem.Options()
        options.locks = locks
        options.passesDirectIO = directSource
        options.extendedAttributes = !hasNoExtendedAttributes
        if let lifetime = cacheTimeout?.lifetime {
            options.nameLifetime = lifetime
            options.attributesLifetime = lifetime
        }
        // Half of a queue stays free for requests that end a waiting.
        let depth = serving.core.depth ?? SessionConfiguration.standardDepth
        options.mostLockWaits = min(options.mostLockWaits, depth / 2)
        let name = "mirror of \(path)"
        let backend = { @Sendable [options] in try Backends.mirror(of: path, options: options) }
        if try isBlocking(path) {
            let backend = { @Sendable in BlockingMirrorFileSystem(try backend()) }
            try await Server(name: name, options: serving, backend: backend).run()
        } else {
            try await Server(name: name, options: serving, backend: backend).run()
        }
    }

    /// Whether the source's calls are to run on threads of their own.
    private func isBlocking(_ path: FilePath) throws -> Bool {
        switch blockingSource {
        case .yes: true
        case .no: false
        case .auto: try BlockingMirrorFileSystem.isAdvised(for: path)
        }
    }
}
