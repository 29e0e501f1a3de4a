/// How a session serves its mount. Every value has a default that suits a server of a whole machine.
public struct SessionConfiguration: Sendable {
    /// Which way requests come.
    public enum Transport: String, Sendable, CaseIterable {
        /// The ring where kernel and privileges allow it, else the device; the session says what it chose and why.
        case auto
        /// FUSE-over-io_uring; the session fails where it cannot be had.
        case ring
        /// Reads and writes on /dev/fuse.
        case device
    }

    /// Which way requests come.
    public var transport: Transport = .auto

    /// Where workers run, and which queues each serves.
    public var placement = Placement.Wishes()

    /// Entries of each queue: requests that it can hold at a time. At least 1; lowered where ``memoryLimit`` demands.
    ///
    /// `nil`: ``standardDepth``, or ``depthAtOnce`` where the backend has ``FileSystemFeatures/answersAtOnce``.
    public var depth: Int?

    /// Entries of a queue where requests may wait.
    public static let standardDepth = 32
    /// Entries of a queue where they do not.
    public static let depthAtOnce = 8

    /// The most memory in bytes that buffers of all queues may map; `nil` for no limit.
    ///
    /// A queue always keeps one entry, also where that exceeds the limit.
    public var memoryLimit: Int?

    /// How long a worker polls for requests before it sleeps. Worth it only on a CPU that callers do not use.
    public var poll: Duration = .zero

    /// Bytes in the largest write and read that the kernel may send; limited by `fs.fuse.max_pages_limit`.
    public var maxWrite = 1 << 20

    /// Bytes that the kernel may read ahead of a sequential reader; `nil` takes what it offers.
    public var maxReadahead: Int?

    /// Asynchronous requests (readahead, writeback, direct I/O) that the kernel may have under way; at most 65,535.
    public var maxBackground = 64

    /// Asynchronous requests at which the kernel calls the mount congested; `nil` for three quarters of
    /// ``maxBackground``.
    public var congestionThreshold: Int?

    /// After how many seconds without an answer the kernel aborts the connection (kernel 6.15); 0 for never, at most
    /// 65,535.
    public var requestTimeout = 0

    /// Whether all pages of the buffers are to be there before the first request, instead of at their first use.
    ///
    /// With it no request waits for memory to be put into; it costs ``SessionStatus/bufferBytes`` of memory.
    public var populatesBuffers = false

    /// After how long without a request a worker's buffers are given back to the kernel, which brings the memory of an idle
    /// mount down to what it was before it was used; zero for never. Not with ``populatesBuffers``.
    public var givesBuffersBackAfter: Duration = .seconds(5)

    /// The share in percent of the machine's limit on dirty memory that this mount may have, from 1 to 100; `nil`
    /// leaves the kernel's default, 1. Setting it takes the right to write to sysfs; see ``DirtyLimit``.
    public var dirtyRatio: Int?

    /// Whether the kernel keeps what is written in its page cache and writes it back later, in larger pieces
    /// (`FUSE_WRITEBACK_CACHE`). Size and times of files are then the kernel's, so it suits file systems that nobody
    /// else changes. Needs a backend with ``FileSystemFeatures/writebackCache``; where it can't be had the session says
    /// so.
    public var usesWritebackCache = false

    /// Whether the kernel may read and write a backend's files in place of the mount's (`FUSE_PASSTHROUGH`, kernel 6.9,
    /// `CAP_SYS_ADMIN`). Needs a backend with ``FileSystemFeatures/passthrough``, and no writeback cache; where it
    /// can't be had the session says so and serves all requests itself.
    public var usesPassthrough = false

    /// How many file systems may be stacked for passthrough, 1 or 2. With 1, files of a stacked file system (overlayfs)
    /// can't be passed through to; with 2 they can, but the mount itself can't be a layer of overlayfs.
    public var passthroughDepth = 1

    /// Whether the mount may be bind-mounted with other owners (`FUSE_ALLOW_IDMAP`, kernel 6.12). The kernel then does
    /// not tell who sends a request, but for those that make something. Needs a backend with
    /// ``FileSystemFeatures/idmappedMounts``.
    public var allowsIDMapping = false

    /// What becomes of the page cache when a file is opened.
    public enum FileCaching: Sendable {
        /// As the backend says for each file.
        case backend
        /// Keep what is cached of every file (`FOPEN_KEEP_CACHE`), as if only this mount ever changed files.
        case keep
        /// Bypass the cache for every file (`FOPEN_DIRECT_IO`): each read and write is a request.
        case bypass
    }

    /// What becomes of the page cache when a file is opened.
    public var fileCaching: FileCaching = .backend

    /// From which age on the log and ``Session/statistics`` tell of an unanswered request, and of a worker that does
    /// not come back from a backend's code; zero for never. Requests that wait for a lock (SETLKW) are not told of.
    public var stuckAfter: Duration = .seconds(30)

    /// Called when the mount is made and INIT is not yet read; for tests of what happens then.
    package var onMounted: (@Sendable () -> Void)?

    /// An entry of the ring that is to be registered with less memory than the kernel demands: how tests have the
    /// kernel refuse one.
    package struct ShortEntry: Sendable {
        let queue: UInt16
        let entry: Int

        package init(queue: UInt16, entry: Int) {
            self.queue = queue
            self.entry = entry
        }
    }

    /// For tests; `nil` registers every entry as it should be.
    package var shortEntry: ShortEntry?

    /// What workers of the ring lend each other (``Loan``), whatever they gain by it; for tests.
    package var loanTerms: LoanTerms?

    /// The defaults.
    public init() {}
}

extension SessionConfiguration {
    /// Refuses values that no session can have, before anything is mounted.
    ///
    /// What depends on the machine or the kernel is lowered, or refused, later.
    ///
    /// - Throws: ``SessionError/configuration(_:)``, which names the value and its range.
    func validate() throws(SessionError) {
        if let depth { try Self.check("depth", depth, 1...65_535) }
        try Self.check("maxWrite", maxWrite, 1...(1 << 30))
        try Self.check("maxBackground", maxBackground, 1...65_535)
        try Self.check("requestTimeout", requestTimeout, 0...65_535)
        try Self.check("passthroughDepth", passthroughDepth, 1...2)
        if let memoryLimit { try Self.check("memoryLimit", memoryLimit, 1...Int.max) }
        if let maxReadahead { try Self.check("maxReadahead", maxReadahead, 0...Int.max) }
        if let congestionThreshold { try Self.check("congestionThreshold", congestionThreshold, 0...65_535) }
        // A worker that polls for longer than a second never sleeps.
        try Self.check("poll", poll, upTo: .seconds(1))
        try Self.check("stuckAfter", stuckAfter, upTo: .seconds(1 << 31))
        try Self.check("givesBuffersBackAfter", givesBuffersBackAfter, upTo: .seconds(1 << 31))
    }

    private static func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws(SessionError) {
        guard !range.contains(value) else { return }
        throw .configuration("\(name) is \(value): must be from \(range.lowerBound) to \(range.upperBound)")
    }

    private static func check(_ name: String, _ value: Duration, upTo limit: Duration) throws(SessionError) {
        guard value < .zero || value > limit else { return }
        throw .configuration("\(name) is \(value): must be from 0 to \(limit)")
    }
}
