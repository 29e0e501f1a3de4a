internal import FileSystems
internal import Glibc
internal import RingFUSE
internal import Synchronization
public import SystemPackage

/// Where a mount saves aside what programs have written to a volume and cannot be committed any more, and how much that was.
///
/// Files are made when there is something to save, as ``LostContent`` makes them.
public final class Rescue: Sendable {
    /// How much could not be committed.
    struct Outcome: Sendable, Equatable {
        /// Files of which something was saved.
        var saved: Set<NodeID> = []
        /// Files of which something was not saved, either.
        var lost: Set<NodeID> = []
    }

    private struct State {
        var files: LostContent
        var outcome = Outcome()
        /// Whose fault it is, for people.
        var culprit: String?
        /// Files of which something came late.
        var late: Set<NodeID> = []
    }

    /// Where; `nil` where nothing is saved.
    let directory: FilePath?
    /// Lets one task save at a time.
    let gate = Gate()
    private let state: Mutex<State>

    /// Nothing saved yet.
    ///
    /// - Parameter directory: made where there is something to save; `nil` for one that saves nothing.
    public init(in directory: FilePath?) {
        self.directory = directory
        // Mounts of one machine differ in one of both.
        let time = "\(Timestamp.now.seconds)-\(getpid())"
        state = Mutex(State(files: LostContent(in: directory ?? FilePath(""), time: time)))
    }

    /// Nothing saved yet, in a directory in which that can be done.
    ///
    /// - Parameter directory: made where there is none.
    /// - Throws: what making it, or a file in it, fails with.
    public convenience init(making directory: FilePath) throws(Errno) {
        try JournalDirectory.makeDirectories(directory)
        let probe = directory.appending("probe-\(getpid())")
        let file = try JournalDirectory.open(probe, O_RDWR | O_CREAT)
        unsafe _ = unlink(probe.string)
        try? file.close()
        self.init(in: directory)
    }

    /// What has become of it so far.
    var outcome: Outcome { state.withLock { $0.outcome } }

    /// In a sentence for people; `nil` where all was committed.
    var summary: String? {
        let (outcome, culprit) = state.withLock { ($0.outcome, $0.culprit) }
        var parts: [String] = []
        if !outcome.saved.isEmpty {
            parts.append("of \(Self.text(of: outcome.saved.count)) it is saved in \(directory?.string ?? "")")
        }
        if !outcome.lost.isEmpty { parts.append("of \(Self.text(of: outcome.lost.count)) it is lost") }
        guard !parts.isEmpty else { return nil }
        let cause = culprit.map { "; \($0)" } ?? ""
        return "what programs had written could not be committed: \(parts.joined(separator: ", "))\(cause)"
    }

    /// How many files, for people.
    static func text(of count: Int) -> String { count == 1 ? "1 file" : "\(count) files" }

    /// Notes that something of a file came after it had been given up.
    ///
    /// - Returns: whether that is the first of it.
    func noteLate(_ node: NodeID) -> Bool { state.withLock { $0.late.insert(node).inserted } }

    /// Notes whose fault it is.
    func blame(_ culprit: String?) { state.withLock { $0.culprit = culprit } }

    // MARK: Saving

    /// Saves what was written to a file, the oldest first.
    ///
    /// - Returns: what is told of it, in a line.
    func save(_ contents: [DirtyMap], of node: NodeID, _ reason: LostContent.Reason) async -> Result<String, Errno> {
        let ranges = contents.reduce(into: LostContent.Saved(path: "", reason: reason)) { sum, content in
            for range in JournalChange.ranges(of: content) { sum.add(range) }
        }.ranges
        return await save(node, ranges, reason) { files throws(Errno) in try files.save(contents, of: node, reason) }
    }

    /// Saves bytes of a file that came when it had been given up, over what of it is saved already.
    ///
    /// - Returns: what is told of it, in a line.
    func save(
        _ bytes: ContiguousArray<UInt8>,
        at offset: UInt64,
        of node: NodeID,
        _ reason: LostContent.Reason
    ) async -> Result<String, Errno> {
        let range = offset..<offset + UInt64(bytes.count)
        return await save(node, [range], reason) { files throws(Errno) in
            try files.save(bytes, at: offset, of: node, reason)
        }
    }

    /// Saves something on a thread of its own: the disk may be slow.
    private func save(
        _ node: NodeID,
        _ ranges: [Range<UInt64>],
        _ reason: LostContent.Reason,
        _ body: @escaping @Sendable (inout LostContent) throws(Errno) -> Void
    ) async -> Result<String, Errno> {
        let what = "what was written to it, \(LostContent.text(of: ranges)),"
        guard directory != nil else {
            state.withLock { _ = $0.outcome.lost.insert(node) }
            return .success("inode \(node) \(reason); \(what) is lost")
        }
        let work: @Sendable () -> Result<String, Errno> = {
            self.state.withLock { state in
                do throws(Errno) {
                    try body(&state.files)
                } catch {
                    state.outcome.lost.insert(node)
                    return .failure(error)
                }
                state.outcome.lost.remove(node)
                state.outcome.saved.insert(node)
                return .success("inode \(node) \(reason); \(what) is saved in \(state.files.path(of: node))")
            }
        }
        do throws(Errno) {
            return try await DedicatedThread.run(name: "ringfuse-rescue", work)
        } catch {
            return work()
        }
    }
}
