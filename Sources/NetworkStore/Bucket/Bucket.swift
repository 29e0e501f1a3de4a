public import RingFUSE
internal import Synchronization
public import SystemPackage

/// A bucket that is open to be mounted as it is: client, caches, memory.
public final class Bucket: Sendable {
    /// What whoever mounts a bucket chooses.
    public struct Options: Sendable {
        /// Bytes of memory for content: what is cached, and what is written.
        public var memory = 256 << 20
        /// Bytes that are fetched ahead of a sequential reader.
        public var readahead: UInt64 = 32 << 20
        /// How long names and attributes are believed.
        public var lifetime = Duration.seconds(1)
        /// Whether objects may be removed.
        public var allowsRemoving = false
        /// Whether objects may be replaced, by files that are opened to be cut.
        public var allowsOverwriting = false
        /// Whether files may be renamed, which copies and removes objects.
        public var allowsRenaming = false
        /// Who owns everything.
        public var userID: UInt32 = 0
        /// The group of everything.
        public var groupID: UInt32 = 0
        /// Permissions of files.
        public var fileMode: UInt32 = 0o644
        /// Permissions of directories.
        public var directoryMode: UInt32 = 0o755
        /// Bytes of the first parts of an object that is written in parts.
        public var partSize = 8 << 20

        /// The usual ones.
        public init() {}

        /// The least memory that a bucket can do with.
        public static let leastMemory = 64 << 20
    }

    let client: BucketClient
    let options: Options
    /// Works outside of requests.
    let background: BackgroundWorker
    let cache: BlockCache
    let reader: BucketReader
    /// Bounds what is written and not yet stored.
    let writing: DirtyBudget
    let partSizes: PartSizes
    /// Bytes that are fetched ahead of a sequential reader: not more than the cache can hold.
    let readahead: UInt64
    /// What is said in the session's log; nowhere before there is one.
    private let connection = Mutex<Connection?>(nil)
    /// Lines that were said.
    private let said = Mutex<Set<String>>([])
    /// Rises with each piece of memory that somebody has written to.
    private let progress = Atomic<UInt64>(0)

    /// Bytes of a block of the cache.
    static let blockSize = 128 << 10
    /// Bytes that are fetched with one request.
    static let fetchSize = 4 << 20

    /// Opens a bucket; nothing is asked of it yet.
    ///
    /// - Throws: `ENOMEM`, and `EINVAL` for less memory than ``Options/leastMemory``.
    public init(
        _ store: S3Store,
        background: BackgroundWorker,
        disk: DiskCache? = nil,
        options: Options = Options()
    ) throws(Errno) {
        guard options.memory >= Options.leastMemory else { throw .invalidArgument }
        self.options = options
        self.background = background
        client = BucketClient(store)
        let staging = StagingBuffers(byteCount: Self.fetchSize, memory: options.memory / 4)
        let written = options.memory / 2 - staging.limit / 2
        let memory = try BlockMemory(
            byteCount: options.memory - written - staging.limit, blockSize: Self.blockSize)
        cache = BlockCache(memory)
        readahead = min(options.readahead, UInt64(memory.slotCount * Self.blockSize) / 2)
        reader = BucketReader(client, cache: cache, disk: disk, staging: staging)
        writing = DirtyBudget(limit: written / PartBuffer.unit)
        // Two parts of one object fit at least.
        partSizes = PartSizes(first: min(options.partSize, written / 2), largest: written / 2)
    }

    /// The name that caches of this bucket have on disk.
    public static func cacheName(of store: S3Store) -> String {
        let place = "\(store.location.endpoint)/\(store.location.bucket)"
        return "bucket-" + BucketSource(BucketKey(place), BucketObject(size: 0, tag: "", modified: 0)).name
    }

    /// Asks for the first object, so that wrong keys and names show before anything is mounted.
    public func check(_ io: borrowing AsyncIO) async throws(ObjectStoreError) {
        var request = S3ListRequest(prefix: client.location.prefix)
        request.limit = 1
        _ = try await client.client.list(request, io)
    }

    /// What is there under the key of a file: a directory where any key goes on after it with a `/`, for directories go
    /// before files.
    func find(_ key: BucketKey, _ io: borrowing AsyncIO) async throws(BucketFailure) -> BucketEntry? {
        let (client, engine) = (client, io.retained)
        // Both are asked for at the same time: a missing name is as frequent as one that is there.
        async let directory = Outcome { () async throws(BucketFailure) in
            try await client.hasDirectory(key.directory, AsyncIO(engine))
        }
        let file = await Outcome { () async throws(BucketFailure) in try await client.look(at: key, AsyncIO(engine)) }
        if try await directory.result.get() { return .directory }
        return try file.result.get().map { .file($0) }
    }

    /// What a child task comes to.
    private struct Outcome<Value: Sendable>: Sendable {
        let result: Result<Value, BucketFailure>

        init(_ body: () async throws(BucketFailure) -> Value) async {
            do throws(BucketFailure) {
                result = .success(try await body())
            } catch {
                result = .failure(error)
            }
        }
    }

    // MARK: Memory

    /// Somebody has written.
    func noteProgress() { progress.add(1, ordering: .relaxed) }

    /// Waits until there may be memory for what is written.
    ///
    /// - Throws: `ENOMEM` where nobody has got any for ten seconds: all of it is held by files that are open and that
    ///   nobody goes on writing to. `EINTR`.
    func waitForMemory(_ io: borrowing AsyncIO) async throws(Errno) {
        let before = progress.load(ordering: .relaxed)
        let used = writing.used
        for _ in 0..<500 {
            do throws(Errno) { try await io.sleep(for: .milliseconds(20)) } catch { throw .interrupted }
            if progress.load(ordering: .relaxed) != before || writing.used < used { return }
        }
        warnOnce("--content-memory is held by files that are open and that nobody goes on writing to; raise it")
        throw .noMemory
    }

    // MARK: Log

    /// The session has begun.
    func connected(_ connection: Connection) { self.connection.withLock { $0 = connection } }

    /// Says something to the operator.
    func warn(_ line: String) { connection.withLock { $0 }?.warn(line) }

    /// Says something to the operator, the first time.
    func warnOnce(_ line: String) {
        if said.withLock({ $0.count < 1000 && $0.insert(line).inserted }) { warn(line) }
    }

    /// Finds out what the server does with checksums, the first time something is written.
    func probe(_ key: BucketKey, _ io: borrowing AsyncIO) async {
        if let line = await client.probeChecksums(key, io) { connection.withLock { $0 }?.note(line) }
    }

    /// What a program sees of a failure, which the log tells, too.
    func errno(_ failure: BucketFailure) -> Errno {
        if let line = failure.line { warnOnce(line) }
        return failure.errno
    }
}

/// What a name in a bucket stands for.
enum BucketEntry: Sendable, Hashable {
    case directory
    case file(BucketObject)
}
