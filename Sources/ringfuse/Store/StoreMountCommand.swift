import ArgumentParser
import NetworkStore
import RingFUSE
import SystemPackage

/// `ringfuse store mount`.
struct StoreMountCommand: ServingCommand {
    static let configuration = CommandConfiguration(
        commandName: "mount",
        abstract: "Mount a volume.",
        discussion: """
            What a program has written is in the store and committed when its close() or fsync() returns; with --writeback, in \
            a journal on a local disk. Serves in the \
            foreground until the mount is gone; SIGINT and SIGTERM unmount, once everything is written out, or saved as \
            --rescue says because the store has not got on for 30 s. With --daemon it returns once the mount answers.
            """
    )

    /// The volume.
    @OptionGroup var volume: VolumeOptions

    /// Memory for content.
    @Option(
        help: ArgumentHelp(
            "The most memory for content: cached, unwritten, and on its way; default: 256M.", valueName: "size"),
        transform: { try ByteSize(parsing: $0) }
    )
    var contentMemory = ByteSize(bytes: 256 << 20)

    /// Where fetched blocks are kept.
    @Option(
        help: ArgumentHelp(
            "A directory on a local disk for what was fetched, which survives the mount; default: none.",
            valueName: "directory"))
    var cacheDirectory: String?

    /// How much of them.
    @Option(
        help: ArgumentHelp(
            "The most that the directory of --cache-directory may hold; default: 10G.", valueName: "size"),
        transform: { try ByteSize(parsing: $0) }
    )
    var cacheSize = ByteSize(bytes: 10 << 30)

    /// Readahead.
    @Option(
        help: ArgumentHelp(
            "How much is fetched ahead of a sequential reader; 0 for nothing; default: 8M.", valueName: "size"),
        transform: { try ByteSize(parsing: $0, allowsZero: true) }
    )
    var readahead = ByteSize(bytes: 8 << 20)

    /// How soon what others do is seen.
    @Option(
        help: ArgumentHelp(
            """
            How soon names that other mounts have changed are seen, in PostgreSQL: strict (at once: they are asked for at \
            each use), close-to-open (when told of, after a second at the latest) or relaxed (a minute); default: \
            close-to-open. Content and size are those of the last close before the open with all of them.
            """,
            valueName: "level"),
        transform: { try CoreOptions.choice($0) }
    )
    var consistency: Consistency?

    /// How long names and attributes are believed.
    @Option(
        help: ArgumentHelp(
            """
            How many seconds the kernel believes names and attributes without asking, instead of what --consistency says; \
            default: forever; in PostgreSQL 1.
            """,
            valueName: "seconds"
        ),
        transform: { try CacheLifetime(parsing: $0) }
    )
    var cacheTimeout: CacheLifetime?

    /// What a close promises.
    @Option(
        help: ArgumentHelp(
            """
            What a close() promises that returns: durable (it survives a crash of the machine that has the metadata) or \
            committed (a crash of the server, and one of the machine a second later); default: committed where the metadata \
            are a file, durable in PostgreSQL.
            """,
            valueName: "promise"),
        transform: { try CoreOptions.choice($0) }
    )
    var close: CloseGuarantee?

    /// Whom locks hold for.
    @Option(
        help: ArgumentHelp(
            """
            Whom locks of programs (fcntl, flock) hold for, in PostgreSQL: shared (the programs on all mounts of the volume; \
            each lock is a transaction) or local (those on this mount, without a request); default: shared. Volumes in a file \
            have one mount, and local locks.
            """,
            valueName: "scope"),
        transform: { try CoreOptions.choice($0) }
    )
    var locks: LockScope?

    /// How long the mount may be silent.
    @Option(
        help: ArgumentHelp(
            """
            After how many seconds without a word from this mount others may take for granted that it is gone, in \
            PostgreSQL; it cannot write after that.
            """,
            valueName: "seconds"))
    var lease = 30

    /// Whether a journal acknowledges.
    @OptionGroup(title: "A journal that acknowledges") var writeback: WritebackOptions

    /// Where what cannot be committed is saved.
    @OptionGroup var rescue: RescueOptions

    /// What it is opened with.
    @OptionGroup(title: "Secrets of encrypted volumes") var secrets: KeyOptions

    /// Take it over.
    @OptionGroup var takeOver: TakeOverOptions

    /// Where and how.
    @OptionGroup var serving: ServingOptions

    /// Checks numbers.
    func validate() throws {
        try writeback.check(against: serving.path)
        try rescue.check(against: serving.path)
        guard (2...3600).contains(lease) else { throw ValidationError("--lease \(lease): must be from 2 to 3600") }
        guard consistency == nil || cacheTimeout == nil else {
            throw ValidationError(
                "--consistency and --cache-timeout both say how long names are believed: give one of them")
        }
        guard locks != .shared || volume.metadata.isShared else {
            throw ValidationError(
                "--locks shared: a volume in a file has one mount only; volumes in PostgreSQL can have several")
        }
    }

    /// Serves it.
    func run() async throws {
        var limits = Volume.Limits()
        limits.memory = contentMemory.bytes
        limits.readahead = UInt64(readahead.bytes)
        let cache = cacheDirectory.map { FilePath($0).absolute }
        let (metadata, cacheSize) = (volume.metadata, UInt64(cacheSize.bytes))
        // Where nobody else can change anything, all is seen at once.
        let usual = metadata.isShared ? (consistency ?? .closeToOpen).lifetime : .forever
        let (force, lease, lifetime) = (takeOver.force, Duration.seconds(lease), cacheTimeout?.lifetime ?? usual)
        let (secrets, writeback, rescue) = (secrets, writeback, rescue)
        let mountPoint = serving.path
        let closing = close ?? (metadata.isShared ? .durable : .committed)
        let lockScope = locks ?? .shared
        try await Server(
            name: "volume \(volume.metadata)",
            options: serving,
            backend: { @Sendable [limits] in
                // A wrong secret is found out before anything is changed.
                let key = try secrets.key(of: try await metadata.volumeDescription())
                let engine = try await metadata.open(takesOver: force, lease: lease) {
                    StandardError.write("ringfuse: \($0)")
                }
                do {
                    let least = ByteSize(bytes: Volume.Limits.leastMemory(for: engine.volume))
                    guard limits.memory >= least.bytes else {
                        throw ValidationError("--content-memory: this volume needs \(least) at least")
                    }
                    let disk = try cache.map { directory in
                        try CacheDirectory.open(directory, cacheSize, for: engine.volume.identifier, "the volume")
                    }
                    let rescue = try rescue.open(of: engine.volume, mountPoint: mountPoint)
                    let journal = try writeback.open(of: engine.volume, key: key)
                    try await writeback.settle(journal, engine)
                    let volume = try Volume(
                        engine: engine, store: try VolumeOptions.store(of: engine.volume),
                        background: try BackgroundWorker(name: "ringfuse-store"), disk: disk, key: key,
                        journal: journal, rescue: rescue, limits: limits)
                    try await Self.startJournal(volume)
                    return NetworkStoreFileSystem(volume, lifetime: lifetime, closing: closing, lockScope: lockScope)
                } catch {
                    await engine.close()
                    throw error
                }
            },
            onLeaving: { $0.limitWaiting() },
            abandon: { await $0.abandon() },
            leftover: { $0.leftover }
        ).run()
    }

    /// Brings in what the journal has from before.
    ///
    /// - Throws: an error of one line.
    private static func startJournal(_ volume: Volume) async throws {
        let progress = ProgressLine()
        defer { progress.close() }
        do {
            try await volume.startJournal { done, count in
                progress.show("bringing in what the journal has: \(done) of \(count) segments")
            }
        } catch {
            throw ValidationError("\(error)")
        }
    }
}
