import ArgumentParser
import Glibc
import NetworkStore
import RingFUSE
import SystemPackage

/// `ringfuse bucket mount`.
struct BucketMountCommand: ServingCommand {
    static let configuration = CommandConfiguration(
        commandName: "mount",
        abstract: "Mount a bucket, or what is below a prefix in it.",
        discussion: """
            Objects are files, and what their keys have before a slash are directories. Files are read in any order, and \
            written from the beginning to the end; when close() or fsync() returns, the object is stored. Keys come from \
            the environment or ~/.aws, never from here. Serves in the foreground until the mount is gone.
            """
    )

    /// The bucket.
    @Argument(
        help: ArgumentHelp(
            "The bucket: s3://bucket/prefix?endpoint=https://host&region=name.", valueName: "url"))
    var bucket: String

    /// Whether objects may be removed.
    @Flag(help: "Let files be removed.")
    var allowDelete = false

    /// Whether objects may be replaced.
    @Flag(help: "Let files be replaced that are there: opened with O_TRUNC, or by a rename.")
    var allowOverwrite = false

    /// Whether files may be renamed.
    @Flag(help: "Let files be renamed, which copies the object and removes the old one.")
    var allowRename = false

    /// How long names and attributes are believed.
    @Option(
        help: ArgumentHelp(
            "How many seconds names and attributes are believed without asking the bucket.", valueName: "seconds"),
        transform: { try CacheLifetime(parsing: $0) }
    )
    var metadataTTL = CacheLifetime(.second)

    /// Memory for content.
    @Option(
        help: ArgumentHelp("The most memory for content: cached, and being written; default: 256M.", valueName: "size"),
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
            "How much is fetched ahead of a sequential reader; 0 for nothing; default: 32M.", valueName: "size"),
        transform: { try ByteSize(parsing: $0, allowsZero: true) }
    )
    var readahead = ByteSize(bytes: 32 << 20)

    /// The first parts.
    @Option(
        help: ArgumentHelp(
            """
            The bytes of the first parts of a large file that is written; parts grow, as there may be 10,000; default: 8M.
            """,
            valueName: "size"),
        transform: { try ByteSize(parsing: $0) }
    )
    var partSize = ByteSize(bytes: 8 << 20)

    /// Where and how.
    @OptionGroup var serving: ServingOptions

    /// Checks sizes.
    func validate() throws {
        let least = ByteSize(bytes: Bucket.Options.leastMemory)
        guard contentMemory.bytes >= least.bytes else {
            throw ValidationError("--content-memory \(contentMemory): a bucket needs \(least) at least")
        }
        guard (5 << 20...5 << 30).contains(partSize.bytes) else {
            throw ValidationError("--part-size \(partSize): must be from 5M to 5G")
        }
        guard !serving.caching.writebackCache else {
            throw ValidationError("--writeback-cache: a bucket is written in order, which the kernel's cache would not")
        }
    }

    /// What the user has chosen.
    private var options: Bucket.Options {
        var options = Bucket.Options()
        options.memory = contentMemory.bytes
        options.readahead = UInt64(readahead.bytes)
        options.lifetime = metadataTTL.duration
        options.allowsRemoving = allowDelete
        options.allowsOverwriting = allowOverwrite
        options.allowsRenaming = allowRename
        options.userID = getuid()
        options.groupID = getgid()
        options.partSize = partSize.bytes
        return options
    }

    /// Serves it.
    func run() async throws {
        guard case .s3(let location) = try StoreURL(bucket, anyPrefix: true) else {
            throw ValidationError("\(bucket): no bucket; write s3://bucket/prefix")
        }
        let cache = cacheDirectory.map { FilePath($0).absolute }
        let (options, cacheSize) = (options, UInt64(cacheSize.bytes))
        try await Server(
            name: "bucket \(location.bucket)",
            options: serving,
            backend: { @Sendable in
                let store = try S3Store(location, environment: Environment.all)
                let disk = try cache.map { directory in
                    try CacheDirectory.open(directory, cacheSize, for: Bucket.cacheName(of: store), "the bucket")
                }
                let worker = try BackgroundWorker(name: "ringfuse-bucket")
                let bucket = try Bucket(store, background: worker, disk: disk, options: options)
                do {
                    try await worker.run { io throws(ObjectStoreError) in try await bucket.check(io) }
                } catch {
                    await worker.shutDown()
                    throw error
                }
                return BucketFileSystem(bucket)
            }
        ).run()
    }
}
