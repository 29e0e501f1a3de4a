internal import RingFUSE
internal import SystemPackage

/// Brings into a volume what a journal has and the volume has not, before anybody sees the volume.
///
/// In the order in which it was written, and each change in a transaction that notes it, so that this may be interrupted and done again.
/// A change that is in the volume already is known by its note, or by the journal. What comes too late is saved aside (``LostContent``):
/// where the file is gone, unless its mount has removed it, and where somebody has changed its content since.
struct JournalReplay {
    /// What came of it.
    struct Outcome: Hashable, Sendable {
        /// Changes that were brought in.
        var changes = 0
        /// Bytes of them.
        var bytes: UInt64 = 0
        /// Files of which something was saved aside.
        var saved = 0
        /// Places in the journal that could not be read.
        var damaged = 0
        /// The number of the last segment; 0 for none.
        var lastSegment: UInt64 = 0
    }

    private let journal: Journal
    let volume: Volume
    /// Whether the volume knows that the journal may have something: if not, somebody has given it up.
    private let isKnown: Bool
    /// The changes that are noted in the volume, and the versions of the files then.
    private let noted: [JournalTag: UInt64]
    /// Those of which the journal says that they are in the volume.
    private var done: [JournalTag: JournalLanding?] = [:]
    /// The last change of each file before its mount has removed it.
    private var removed: [FileKey: UInt64] = [:]
    /// The state in which changes have left files.
    private var left: [NodeID: JournalRevision] = [:]
    private var lost: [UInt64: LostContent] = [:]
    /// The changes in all segments.
    private var changes: Set<JournalTag> = []
    private var outcome = Outcome()

    /// A file in the time of a mount.
    private struct FileKey: Hashable {
        var generation: UInt64
        var node: NodeID
    }

    /// Asks the volume what it knows.
    init(_ journal: Journal, into volume: Volume) async throws(Errno) {
        self.journal = journal
        self.volume = volume
        isKnown = volume.description.journals?[journal.identifier] != nil
        noted = try await volume.engine.changesMade(by: journal.identifier)
    }

    /// Does it.
    ///
    /// - Parameter progress: told how many segments are done, and how many there are.
    mutating func run(
        _ io: borrowing AsyncIO,
        progress: (Int, Int) -> Void
    ) async throws(JournalFailure) -> Outcome {
        let numbers = try journal.directory.segments()
        outcome.lastSegment = numbers.last ?? 0
        for number in numbers { try note(try segment(number, tells: true)) }
        noteWhatIsGone()
        // The store may be away: who waits should know for what.
        if hasWork {
            journal.say("bringing in what the journal in \(journal.directory.path) has and the volume has not")
        }
        for (index, number) in numbers.enumerated() {
            progress(index, numbers.count)
            guard let segment = try segment(number, tells: false) else { continue }
            for (sequence, record) in segment.records {
                guard case .change(let change, let content) = record else { continue }
                let tag = JournalTag(
                    journal: journal.identifier, generation: segment.header.generation, sequence: sequence)
                try await bring(change, content, tag, io)
            }
        }
        for lost in lost.values {
            for (node, saved) in lost.files { journal.say(lost.line(of: node, saved)) }
            outcome.saved += lost.files.count
        }
        try await finish(numbers)
        return outcome
    }

    /// All of it is in the volume, or saved: the journal is empty.
    private func finish(_ numbers: [UInt64]) async throws(JournalFailure) {
        do throws(Errno) {
            try await volume.engine.synchronize()
        } catch {
            throw .notReplayed(journal.directory.path, .engine(error))
        }
        for number in numbers { try journal.directory.remove(segment: number) }
        do throws(Errno) {
            let tags = try await volume.engine.changesMade(by: journal.identifier)
            // The numbers of changes begin anew with another generation; so this need not be known to be on the disk.
            if !tags.isEmpty { try await volume.engine.forgetChanges(Array(tags.keys), durably: false) }
        } catch {
            throw .notReplayed(journal.directory.path, .engine(error))
        }
    }

    // MARK: Reading

    /// A segment; `nil` where it is none of this journal's.
    ///
    /// - Parameter tells: whether what is wrong with it is told.
    private mutating func segment(_ number: UInt64, tells: Bool) throws(JournalFailure) -> JournalSegment? {
        let path = journal.directory.path(ofSegment: number)
        let bytes = try journal.directory.bytes(ofSegment: number)
        guard let segment = JournalSegment(bytes, key: journal.key) else {
            // Of one that was being made the header may not be there.
            if tells, bytes.count > JournalSegment.Header.size { tell("\(path) cannot be read: its header is damaged") }
            return nil
        }
        guard segment.header.journal == journal.identifier, segment.header.volume == journal.directory.volume else {
            throw .foreign(path, volume: segment.header.volume)
        }
        guard segment.header.isKnown else { throw .newer(path, format: UInt64(segment.header.version)) }
        guard tells else { return segment }
        if segment.header.number != number {
            tell("\(path) is a copy of segment \(segment.header.number): what it had of its own is lost")
        }
        for range in segment.damage {
            tell(
                "\(path) is damaged from \(range.lowerBound) to \(range.upperBound - 1): what was acknowledged there is lost"
            )
        }
        return segment
    }

    private mutating func tell(_ line: String) {
        journal.say(line)
        outcome.damaged += 1
    }

    /// Whether there are changes that are not known to be in the volume.
    private var hasWork: Bool { changes.contains { done[$0] == nil && noted[$0] == nil } }

    /// Notes what a segment says of changes.
    private mutating func note(_ segment: JournalSegment?) throws(JournalFailure) {
        guard let segment else { return }
        let generation = segment.header.generation
        for (sequence, record) in segment.records {
            let tag = JournalTag(journal: journal.identifier, generation: generation, sequence: sequence)
            switch record {
            case .change: changes.insert(tag)
            case .done(let landing): done[tag] = .some(landing)
            case .removed(let node): removed[FileKey(generation: generation, node: node)] = sequence
            }
        }
    }

    /// Notes the states in which changes have left files that are in the volume, and whose segments are gone. Later changes of these
    /// files may have been written when it was not known yet that those were going to be committed.
    private mutating func noteWhatIsGone() {
        for (tag, landing) in done where !changes.contains(tag) {
            guard let landing, let node = landing.node else { continue }
            if (left[node]?.version ?? 0) < landing.revision.version { left[node] = landing.revision }
        }
    }

    // MARK: Bringing in

    /// Brings a change in, or saves it aside, unless it is in the volume.
    private mutating func bring(
        _ change: JournalChange,
        _ content: ArraySlice<UInt8>,
        _ tag: JournalTag,
        _ io: borrowing AsyncIO
    ) async throws(JournalFailure) {
        if let landing = done[tag] {
            if let landing { left[change.node] = landing.revision }
            return
        }
        if let version = noted[tag] {
            let modified = change.modified ?? (left[change.node] ?? change.base).modified
            left[change.node] = JournalRevision(version: version, modified: modified)
            return
        }
        let reason: LostContent.Reason?
        do throws(VolumeFailure) {
            reason = isKnown ? try await attempt(change, content, tag, io) : .givenUp
        } catch {
            switch error.errno {
            // Nobody could make room before the volume is mounted.
            case .noSpace, .diskQuotaExceeded, .fileTooLarge, .isDirectory, .invalidArgument:
                reason = .refused(error.errno)
            default: throw .notReplayed(journal.directory.path, error)
            }
        }
        if let reason { try save(change, content, tag, reason) }
    }

    /// Brings a change in that is not in the volume.
    ///
    /// - Returns: why not; `nil` where it is in, or nobody misses it.
    private mutating func attempt(
        _ change: JournalChange,
        _ content: ArraySlice<UInt8>,
        _ tag: JournalTag,
        _ io: borrowing AsyncIO
    ) async throws(VolumeFailure) -> LostContent.Reason? {
        guard let node = try await node(change.node) else {
            // What its mount has removed itself.
            let last = removed[FileKey(generation: tag.generation, node: change.node)] ?? 0
            return last >= tag.sequence ? nil : .gone
        }
        var expected = change.base
        if let left = left[change.node], left.version > expected.version { expected = left }
        guard !expected.differs(from: JournalRevision(node)) else {
            return node.version < expected.version ? .setBack : .changed
        }
        left[change.node] = JournalRevision(try await commit(change, content, tag, io))
        outcome.changes += 1
        outcome.bytes += UInt64(content.count)
        return nil
    }

    /// A node; `nil` where it is gone.
    private func node(_ id: NodeID) async throws(VolumeFailure) -> NodeRecord? {
        do throws(Errno) {
            return try await volume.engine.node(id)
        } catch {
            guard error == .staleNFSFileHandle else { throw .engine(error) }
        }
        do throws(Errno) {
            // It may be the session that is over.
            _ = try await volume.engine.node(.root)
        } catch {
            throw .engine(error)
        }
        return nil
    }

    /// Saves a change aside.
    private mutating func save(
        _ change: JournalChange,
        _ content: ArraySlice<UInt8>,
        _ tag: JournalTag,
        _ reason: LostContent.Reason
    ) throws(JournalFailure) {
        let directory = journal.directory.lostAndFound
        var files = lost[tag.generation] ?? LostContent(in: directory, time: String(tag.generation, radix: 16))
        do throws(Errno) {
            try files.save(change, content, reason)
        } catch {
            throw .system(directory, error)
        }
        lost[tag.generation] = files
    }
}
