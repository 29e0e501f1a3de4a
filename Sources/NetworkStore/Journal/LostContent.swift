internal import Glibc
internal import RingFUSE
internal import SystemPackage

/// Saves what a journal has and the volume cannot take as files in the journal's directory: a file for each of the volume's, with the
/// bytes at their places. They are not encrypted.
struct LostContent {
    /// Why something could not be brought in.
    enum Reason: Sendable, Hashable, CustomStringConvertible {
        /// There is no such file any more.
        case gone
        /// Somebody else has changed it.
        case changed
        /// The volume has given the journal up.
        case givenUp
        /// The volume refuses it.
        case refused(Errno)

        /// For people.
        var description: String {
            switch self {
            case .gone: "is not in the volume any more"
            case .changed: "was changed meanwhile"
            case .givenUp: "may have been changed since the volume was mounted without this journal"
            case .refused(let error): "cannot take it: \(error)"
            }
        }
    }

    /// What was saved of a file.
    struct Saved: Sendable, Hashable {
        /// Where.
        var path: FilePath
        /// Why.
        var reason: Reason
        /// What of it, in order.
        var ranges: [Range<UInt64>] = []
    }

    /// Ranges that are told of one file.
    private static let toldRanges = 4

    private let directory: FilePath
    private let generation: UInt64
    /// What was saved so far, by its files.
    private(set) var files: [NodeID: Saved] = [:]

    /// Nothing yet.
    ///
    /// - Parameters:
    ///   - directory: made where there is something to be saved.
    ///   - generation: the time that the journal was in use; so that what another one has saved stays.
    init(in directory: FilePath, generation: UInt64) {
        self.directory = directory
        self.generation = generation
    }

    /// Saves a change. Done again, it does the same.
    mutating func save(_ change: JournalChange, _ content: ArraySlice<UInt8>, _ reason: Reason) throws(Errno) {
        let name = "inode-\(change.node)-\(String(generation, radix: 16))"
        var saved = files[change.node] ?? Saved(path: directory.appending(name), reason: reason)
        try JournalDirectory.makeDirectories(directory)
        let file = try JournalDirectory.open(saved.path, O_RDWR | O_CREAT)
        defer { try? file.close() }
        var rest = content
        for range in change.ranges {
            try JournalDirectory.write(rest.prefix(Int(range.length)), to: file, at: range.lowerBound)
            rest = rest.dropFirst(Int(range.length))
            saved.add(range)
        }
        guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
        try JournalDirectory.synchronize(directory)
        files[change.node] = saved
    }

    /// What is told of a file, in a line.
    func line(of node: NodeID, _ saved: Saved) -> String {
        let ranges = saved.ranges.prefix(Self.toldRanges).map { "\($0.lowerBound)-\($0.upperBound - 1)" }
        let more = saved.ranges.count > Self.toldRanges ? " and more" : ""
        return
            "inode \(node) \(saved.reason); what was acknowledged of it, bytes \(ranges.joined(separator: ", "))\(more), "
            + "is saved in \(saved.path)"
    }
}

extension LostContent.Saved {
    /// Adds a range.
    fileprivate mutating func add(_ range: Range<UInt64>) {
        var merged = range
        ranges.removeAll { other in
            guard other.lowerBound <= merged.upperBound, merged.lowerBound <= other.upperBound else { return false }
            merged = min(other.lowerBound, merged.lowerBound)..<max(other.upperBound, merged.upperBound)
            return true
        }
        ranges.insert(merged, at: ranges.firstIndex { $0.lowerBound > merged.lowerBound } ?? ranges.endIndex)
    }
}
