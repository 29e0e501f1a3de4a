internal import Glibc
internal import RingFUSE
internal import SystemPackage

/// Saves what was written and the volume cannot take as files of a directory: a file for each of the volume's, with the bytes at their
/// places. They are not encrypted.
struct LostContent {
    /// Why something could not be brought in.
    enum Reason: Sendable, Hashable, CustomStringConvertible {
        /// There is no such file any more.
        case gone
        /// Somebody else has changed it.
        case changed
        /// It is in an earlier state than the one in which it was written to.
        case setBack
        /// The volume has given the journal up.
        case givenUp
        /// The volume refuses it.
        case refused(Errno)
        /// It could not be committed before the mount ended.
        case unstored(Errno)
        /// The volume has ended the session of the mount before it was committed.
        case fenced
        /// Somebody has ended the mount before it was committed.
        case aborted

        /// For people.
        var description: String {
            switch self {
            case .gone: "is not in the volume any more"
            case .changed: "was changed meanwhile"
            case .setBack: "has lost what was done before that"
            case .givenUp: "may have been changed since the volume was mounted without this journal"
            case .refused(let error): "cannot take it: \(error)"
            case .unstored(let error): "could not be committed: \(error)"
            case .fenced: "could not be committed before the volume ended this session"
            case .aborted: "was not committed when the mount was aborted"
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

    /// Where.
    let directory: FilePath
    private let time: String
    /// What was saved so far, by its files.
    private(set) var files: [NodeID: Saved] = [:]

    /// Nothing yet.
    ///
    /// - Parameters:
    ///   - directory: made where there is something to be saved.
    ///   - time: names the mount, or the journal's time from one mount to the next; so that what another one has saved stays.
    init(in directory: FilePath, time: String) {
        self.directory = directory
        self.time = time
    }

    /// Where what is of a file is saved.
    func path(of node: NodeID) -> FilePath { directory.appending("inode-\(node)-\(time)") }

    /// Saves a change of a journal. Done again, it does the same.
    mutating func save(_ change: JournalChange, _ content: ArraySlice<UInt8>, _ reason: Reason) throws(Errno) {
        try save(change.node, reason) { (file, saved) throws(Errno) in
            var rest = content
            for range in change.ranges {
                try JournalDirectory.write(rest.prefix(Int(range.length)), to: file, at: range.lowerBound)
                rest = rest.dropFirst(Int(range.length))
                saved.add(range)
            }
        }
    }

    /// Saves what was written to a file, the oldest first: where two have the same byte, the later one has it.
    mutating func save(_ contents: [DirtyMap], of node: NodeID, _ reason: Reason) throws(Errno) {
        try save(node, reason) { (file, saved) throws(Errno) in
            for content in contents {
                for chunk in content.chunks {
                    let start = chunk.index * UInt64(content.blockSize)
                    for range in chunk.ranges {
                        let bytes = chunk.block.bytes(range)
                        try JournalDirectory.write(bytes[...], to: file, at: start + UInt64(range.lowerBound))
                    }
                }
                for range in JournalChange.ranges(of: content) { saved.add(range) }
            }
        }
    }

    /// Saves bytes of a file over what of it is saved already.
    mutating func save(
        _ bytes: ContiguousArray<UInt8>,
        at offset: UInt64,
        of node: NodeID,
        _ reason: Reason
    ) throws(Errno) {
        try save(node, reason) { (file, saved) throws(Errno) in
            try JournalDirectory.write(bytes[...], to: file, at: offset)
            saved.add(offset..<offset + UInt64(bytes.count))
        }
    }

    /// Has a body write to the file that has what is of a node; it is on the disk when this returns.
    private mutating func save(
        _ node: NodeID,
        _ reason: Reason,
        _ body: (FileDescriptor, inout Saved) throws(Errno) -> Void
    ) throws(Errno) {
        var saved = files[node] ?? Saved(path: path(of: node), reason: reason)
        try JournalDirectory.makeDirectories(directory)
        let file = try JournalDirectory.open(saved.path, O_RDWR | O_CREAT)
        defer { try? file.close() }
        try body(file, &saved)
        guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
        try JournalDirectory.synchronize(directory)
        files[node] = saved
    }

    /// What is told of a file, in a line.
    ///
    /// - Parameter what: what is saved of it.
    func line(of node: NodeID, _ saved: Saved, _ what: String = "what was acknowledged of it") -> String {
        "inode \(node) \(saved.reason); \(what), \(Self.text(of: saved.ranges)), is saved in \(saved.path)"
    }

    /// Ranges for people: the first of them.
    static func text(of ranges: [Range<UInt64>]) -> String {
        let told = ranges.prefix(toldRanges).map { "\($0.lowerBound)-\($0.upperBound - 1)" }
        return "bytes \(told.joined(separator: ", "))\(ranges.count > toldRanges ? " and more" : "")"
    }
}

extension LostContent.Saved {
    /// Adds a range.
    mutating func add(_ range: Range<UInt64>) {
        var merged = range
        ranges.removeAll { other in
            guard other.lowerBound <= merged.upperBound, merged.lowerBound <= other.upperBound else { return false }
            merged = min(other.lowerBound, merged.lowerBound)..<max(other.upperBound, merged.upperBound)
            return true
        }
        ranges.insert(merged, at: ranges.firstIndex { $0.lowerBound > merged.lowerBound } ?? ranges.endIndex)
    }
}
