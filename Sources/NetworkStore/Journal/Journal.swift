internal import DequeModule
internal import Glibc
internal import RingFUSE
internal import Synchronization
public import SystemPackage

/// A journal on a local disk, from which `fsync` and `close` are acknowledged before the store has what was written (`--writeback`).
///
/// What a file has to be committed is appended as a record (``JournalRecord``), in the order in which it was written; many files' records
/// go to the disk with one `fdatasync`. They are stored and committed as ever, and each commit notes in its transaction, by its
/// ``JournalTag``, that it was made; once that is durable the journal says so, too, and the note goes. Segments of which all records are
/// in the volume are removed. After a crash ``JournalReplay`` brings in the rest.
///
/// Thread-safe. What is written is written by one task on a worker of its own.
public final class Journal: Sendable {
    /// What is to be appended.
    enum Item {
        case change(JournalChange, DirtyMap)
        case done(sequence: UInt64, JournalLanding?)
        case removed(NodeID)
    }

    /// A task that waits until all up to a number is written, or on the disk.
    struct Waiting {
        let number: UInt64
        let durably: Bool
        let waiter: Waiter<Bool>
    }

    /// A segment.
    struct Segment {
        let number: UInt64
        var bytes: UInt64
        /// Changes in it that are not known to be in the volume.
        var undone = 0
    }

    /// All that changes.
    struct State {
        /// Whether changes are taken.
        var isOpen = false
        /// The number of the last thing that was appended; each has one.
        var last: UInt64 = 0
        /// All up to this is in the file.
        var written: UInt64 = 0
        /// All up to this is on the disk.
        var synchronized: UInt64 = 0
        /// All up to this somebody wants to be on the disk.
        var wanted: UInt64 = 0
        /// What waits to be written.
        var queue: Deque<(number: UInt64, item: Item)> = []
        /// Bytes of it.
        var queuedBytes: UInt64 = 0
        /// Whether a task writes.
        var isWriting = false
        var waiting: [Waiting] = []
        /// In order; the last is written to.
        var segments: Deque<Segment> = []
        /// Changes that are not known to be in the volume, by their numbers: the segments that they are in, 0 before they are written.
        var undone: [UInt64: UInt64] = [:]
        /// Changes that are in the volume, which nobody has made durable; `nil` for files that are gone.
        var landed: [(sequence: UInt64, landing: JournalLanding?)] = []
        /// Whether it was said that uploads do not work.
        var isTroubled = false
    }

    /// Where it is.
    let directory: JournalDirectory
    /// The time from this mount to its end.
    let generation: UInt64
    /// What content is encrypted with.
    let key: VolumeKey?
    /// Writes.
    let worker: BackgroundWorker
    /// All that changes.
    let state = Mutex(State())
    private let limit: UInt64
    /// Passed by what notes that changes are in the volume.
    let gate = Gate()
    /// The segment that is written to; the task's that writes.
    let file = Mutex<FileDescriptor?>(nil)
    /// Told what people should know.
    let say: @Sendable (String) -> Void

    /// Opens the journal of a volume, which is its only one that this process has; it takes nothing before ``Volume/startJournal(_:)``.
    ///
    /// - Parameters:
    ///   - path: a directory on a local disk; made where there is none.
    ///   - limit: about the most bytes that it takes on the disk. Beyond, programs wait for the store.
    ///   - key: an encrypted volume's.
    ///   - say: told what people should know, in one line each, on any thread.
    public init(
        in path: FilePath,
        of volume: VolumeDescription,
        key: VolumeKey?,
        limit: UInt64,
        say: @escaping @Sendable (String) -> Void
    ) throws(JournalFailure) {
        directory = try JournalDirectory(path, volume: volume.identifier)
        self.key = key
        self.limit = limit
        self.say = say
        generation = UInt64.random(in: 1...UInt64.max)
        do throws(Errno) {
            worker = try BackgroundWorker(name: "ringfuse-journ")
        } catch {
            throw .system(path, error)
        }
    }

    /// Its identifier: what ``VolumeDescription/journals`` knows it by.
    public var identifier: String { directory.identifier }

    /// Where it is, for others.
    var mark: JournalMark {
        var name = [CChar](repeating: 0, count: 256)
        unsafe gethostname(&name, 255)
        let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return JournalMark(host: host, directory: directory.path.string)
    }

    /// Bytes that it takes on the disk, and soon will.
    var byteCount: UInt64 { state.withLock { $0.byteCount } }

    /// Changes that are not known to be in the volume.
    var changeCount: Int { state.withLock { $0.undone.count } }

    /// The tag of a change.
    func tag(of sequence: UInt64) -> JournalTag {
        JournalTag(journal: identifier, generation: generation, sequence: sequence)
    }

    // MARK: Appending

    /// Whether there is room for so many bytes more.
    func takes(_ bytes: Int) -> Bool {
        state.withLock { $0.isOpen && $0.byteCount + UInt64(bytes) <= limit }
    }

    /// Appends a change, which nobody changes any more; in the order of these calls they get to the disk.
    ///
    /// - Parameter durably: whether it is going to be waited for until it is on the disk.
    /// - Returns: its number.
    func append(_ change: JournalChange, _ content: DirtyMap, durably: Bool) -> UInt64 {
        let number = state.withLock { state in
            state.undone[state.last + 1] = 0
            return state.append(.change(change, content), durably: durably)
        }
        wake()
        return number
    }

    /// Notes that a file has lost its last name.
    func noteRemoval(of node: NodeID) {
        let isOpen = state.withLock { state in
            if state.isOpen { _ = state.append(.removed(node), durably: false) }
            return state.isOpen
        }
        if isOpen { wake() }
    }

    /// Waits until all up to a number is written.
    ///
    /// - Parameter durably: or on the disk.
    /// - Returns: whether it is. If not, the journal takes nothing more.
    func wait(for number: UInt64, durably: Bool) async -> Bool {
        if durably {
            state.withLock { $0.wanted = max($0.wanted, number) }
            wake()
        }
        return await Waiter.wait { waiter in
            let result: Bool? = state.withLock { state in
                if number <= (durably ? state.synchronized : state.written) { return true }
                guard state.isOpen else { return false }
                state.waiting.append(Waiting(number: number, durably: durably, waiter: waiter))
                return nil
            }
            if let result { waiter.resume(returning: result) }
        }
    }

    /// Has all that was appended be on the disk.
    func synchronize() async {
        let last = state.withLock { $0.isOpen && $0.last > $0.synchronized ? $0.last : nil }
        if let last { _ = await wait(for: last, durably: true) }
    }

    /// Has somebody write what is to be written.
    func wake() {
        let isNeeded = state.withLock { state in
            guard state.isOpen, !state.isWriting, state.hasWork else { return false }
            state.isWriting = true
            return true
        }
        if isNeeded { worker.start { io in await self.write(io) } }
    }

    // MARK: What becomes of changes

    /// A change has been committed, not durably.
    func noteCommit(of sequence: UInt64, _ record: NodeRecord) {
        let wasTroubled = state.withLock { state in
            state.landed.append((sequence, JournalLanding(node: record.id, revision: JournalRevision(record))))
            defer { state.isTroubled = false }
            return state.isTroubled
        }
        if wasTroubled { say("what was acknowledged from the journal is being stored again") }
    }

    /// A change was of a file that is gone; or this session has lost the volume, which is found out.
    func noteLoss(of sequence: UInt64) {
        state.withLock { $0.landed.append((sequence, nil)) }
    }

    /// A change could not be stored or committed, and is tried again.
    func noteFailure(_ error: Errno) {
        let isNew = state.withLock { state in
            defer { state.isTroubled = true }
            return !state.isTroubled
        }
        guard isNew else { return }
        say(
            "what was acknowledged from the journal cannot be stored: \(error); it stays in \(directory.path), and is tried again"
        )
    }
}

extension Journal.State {
    /// Bytes on the disk, and those that will be.
    var byteCount: UInt64 { segments.reduce(queuedBytes) { $0 + $1.bytes } }

    /// Whether there is something to be done.
    var hasWork: Bool { !queue.isEmpty || wanted > synchronized }

    /// Appends something.
    mutating func append(_ item: Journal.Item, durably: Bool) -> UInt64 {
        last += 1
        queue.append((last, item))
        queuedBytes += item.byteCount
        if durably { wanted = last }
        return last
    }
}

extension Journal.Item {
    /// Bytes that it has on the disk, about.
    var byteCount: UInt64 {
        guard case .change(let change, let content) = self else { return 64 }
        return UInt64(content.byteCount + 16 * change.ranges.count + 160)
    }
}
