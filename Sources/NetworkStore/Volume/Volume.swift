internal import Glibc
public import RingFUSE
internal import Synchronization
public import SystemPackage

/// A volume that is open: its two engines, the memory that they share, and the worker that writes and fetches in the
/// background.
public final class Volume: Sendable {
    /// Limits that whoever mounts a volume chooses.
    public struct Limits: Sendable {
        /// Bytes of memory for content: cache, unwritten data, and what is on its way.
        public var memory = 256 << 20
        /// Bytes that are fetched ahead of a sequential reader.
        public var readahead: UInt64 = 8 << 20
        /// How long what was written may wait to be committed when nobody asks.
        public var flushDelay = Duration.seconds(5)
        /// Bytes of a change that go into the metadata instead of an object.
        public var inlineBytes = 32 << 10
        /// How long the store may stand still at the end before it is not waited for any more: as long as S3 may leave a request
        /// unanswered.
        public var endingPatience = Duration.seconds(30)

        /// The usual limits.
        public init() {}

        /// The least memory that a volume can work with: two objects that are put together, a few blocks of each kind.
        public static func leastMemory(for volume: VolumeDescription) -> Int {
            max(16 << 20, 2 * Int(volume.objectSize) + 32 * Int(volume.blockSize))
        }
    }

    /// Names, attributes, places.
    let engine: any MetadataEngine
    /// Bytes.
    let store: any ObjectStore
    /// Works outside of requests.
    let background: BackgroundWorker
    /// What it does that nobody waits for.
    let tasks: BackgroundTasks
    /// What it was formatted as.
    let description: VolumeDescription
    /// The limits.
    let limits: Limits
    /// Memory for content.
    let cache: BlockCache
    /// Fetches blocks.
    let reader: ObjectReader
    /// Bounds what is not committed.
    let dirtyBudget: DirtyBudget
    /// How much may be written.
    let room: RoomLedger
    /// Nodes that are about to go, and to leave room.
    let departures = Departures()
    /// Puts objects.
    let writer: ObjectWriter
    /// Files with something that is not committed.
    let dirtyFiles = FileSet()
    /// From where `fsync` and `close` are acknowledged, where that is not left to the store.
    let journal: Journal?
    /// Where what cannot be committed any more is saved.
    let rescue: Rescue
    /// What was done so far.
    let counters: VolumeCounters
    private let isClosing = Atomic(false)
    private let hasGivenUp = Atomic(false)

    /// Opens a volume.
    ///
    /// - Parameters:
    ///   - key: an encrypted volume's.
    ///   - journal: takes nothing before ``startJournal(_:)``.
    ///   - rescue: takes what cannot be committed any more.
    /// - Throws: `ENOMEM`, and `EINVAL` for less memory than ``Limits/leastMemory(for:)``; `ENOKEY` for an encrypted volume
    ///   without a key.
    public init(
        engine: any MetadataEngine,
        store: any ObjectStore,
        background: BackgroundWorker,
        disk: DiskCache? = nil,
        key: VolumeKey? = nil,
        journal: Journal? = nil,
        rescue: Rescue = Rescue(in: nil),
        limits: Limits = Limits()
    ) throws(Errno) {
        guard (engine.volume.wrappedKey != nil) == (key != nil) else { throw .keyMissing }
        guard limits.memory >= Limits.leastMemory(for: engine.volume) else { throw .invalidArgument }
        self.engine = engine
        self.store = store
        self.background = background
        tasks = BackgroundTasks(background)
        self.limits = limits
        self.journal = journal
        self.rescue = rescue
        if let key { engine.encryptInline(with: key) }
        description = engine.volume
        let blockSize = Int(description.blockSize)
        let staging = StagingBuffers(byteCount: Int(description.objectSize), memory: limits.memory / 4)
        let memory = try BlockMemory(byteCount: limits.memory - staging.limit, blockSize: blockSize)
        cache = BlockCache(memory)
        dirtyBudget = DirtyBudget(limit: memory.slotCount / 2)
        room = RoomLedger(limit: description.byteLimit)
        let keys = ObjectKeys(volume: description.identifier)
        let counters = VolumeCounters()
        self.counters = counters
        reader = ObjectReader(
            engine: engine, store: store, keys: keys, cache: cache, disk: disk, staging: staging, key: key,
            counters: counters)
        writer = ObjectWriter(
            engine: engine, store: store, keys: keys, staging: staging, key: key, counters: counters)
    }

    /// Bytes of a block.
    var blockSize: Int { Int(description.blockSize) }

    /// Starts work of its own on the background worker; nobody waits for it.
    func start(_ body: @escaping @Sendable (borrowing AsyncIO) async -> Void) { tasks.start(body) }

    /// Waits, but not for longer than the volume is open.
    ///
    /// - Returns: whether it is open.
    func pause(for duration: Duration, _ io: borrowing AsyncIO) async -> Bool {
        let end = ContinuousClock.now + duration
        while !isClosing.load(ordering: .relaxed) {
            let left = end - ContinuousClock.now
            guard left > .zero else { return true }
            try? await io.sleep(for: min(left, .milliseconds(100)))
        }
        return false
    }

    /// Whether nobody has begun to close it.
    var isOpen: Bool { !isClosing.load(ordering: .relaxed) }

    /// Whether what is unwritten is given up: this session has lost the volume, or is being aborted. Nothing is written or committed any
    /// more.
    var isGivenUp: Bool { hasGivenUp.load(ordering: .relaxed) }

    /// What is unwritten is given up, for good.
    func giveUp() {
        hasGivenUp.store(true, ordering: .relaxed)
        // Writers that wait for memory look again, and are refused.
        dirtyBudget.refuse(with: .staleNFSFileHandle)
    }

    /// What waits in the background goes on, and ends.
    func stopWaiting() { isClosing.store(true, ordering: .relaxed) }

    /// Ends the session. Everything must have been committed, or given up: what is still asked of the store is cancelled.
    func close() async {
        stopWaiting()
        tasks.cancel()
        await engine.close()
        await background.shutDown()
    }
}

extension Errno {
    /// There is no key for what is encrypted (`ENOKEY`).
    static let keyMissing = Errno(rawValue: ENOKEY)
}

/// The keys of a volume's objects.
struct ObjectKeys: Sendable {
    /// What the keys of a volume begin with.
    let prefix: String

    /// The keys of a volume.
    init(volume identifier: String) {
        prefix = "\(identifier)/objects/"
    }

    /// The key of an object. Numbers that follow each other lie apart: stores split their work by the first characters, and
    /// directories should not grow without end.
    subscript(number: ObjectNumber) -> ObjectKey {
        let digits = String(number, radix: 16)
        let padded = String(repeating: "0", count: 16 - digits.count) + digits
        return ObjectKey("\(prefix)\(padded.suffix(2))/\(padded)")
    }
}
