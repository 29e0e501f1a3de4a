internal import Glibc

/// Keeps account of the files whose stamps may rightly lag behind ext4's: what the script has done to each since.
///
/// A file is known by the number of its inode on the reference, which is the side that may be looked at between steps:
/// looking at the tested one would refresh what the kernel has cached of it.
struct StampLedger {
    /// Why a stamp may be missing that ext4 has left.
    enum Reason {
        /// A call that changes content has failed: ext4 may have stamped before it knew. Or a rename that was to leave
        /// a whiteout in a directory, because what it was to replace is a directory that is not empty.
        case failedCall
        /// A file was cut to the size it has.
        case sameSize
    }

    /// A time of a file.
    private struct Stamp: Hashable {
        let inode: UInt64
        let time: Node.Time
    }

    /// Stamps that may have been left out since the last look.
    private var sinceLook: [Stamp: Set<Reason>] = [:]
    /// Stamps that may have been left out since ours has shown another time, or the script has set it.
    private var sinceSet: [Stamp: Set<Reason>] = [:]
    /// The files of shared mappings, by their numbers, and where in them these begin.
    private var mapped: [Int64: (inode: UInt64, offset: Int64)] = [:]
    /// Files that something was stored to through one.
    private var stored: Set<UInt64> = []
    /// Files that something was stored to beyond their end.
    private var storedBeyond: Set<UInt64> = []
    /// Files that an allocation would have made larger than they may be.
    private var tooLarge: Set<UInt64> = []
    /// The sizes before a step of the files that it may cut to the size they have.
    private var sizesBefore: [UInt64: UInt64] = [:]

    /// Calls that ext4 stamps a file for before it knows whether they succeed.
    private static let contentCalls: Set<String> = [
        "write", "pwrite", "writev", "pwritev2", "writebad", "pwriteodd", "fallocate", "copy_file_range", "sendfile",
        "splicein", "truncate", "ftruncate",
    ]

    /// The times that ext4 sets of a file whose content changes.
    private static let changing: [Node.Time] = [.modified, .changed]

    /// Takes down what a step may do, before it is made.
    mutating func prepare(_ line: String, _ executor: Executor) {
        sizesBefore = [:]
        guard ["truncate", "ftruncate"].contains(Script.call(of: line)) else { return }
        for node in Self.files(of: line, executor) { sizesBefore[node.inode] = node.size }
    }

    /// Takes down what a step has done.
    mutating func record(_ line: String, result: Int64, _ executor: Executor) {
        let call = Script.call(of: line)
        if call == "fallocate", result == -Int64(EFBIG) {
            tooLarge.formUnion(Self.files(of: line, executor).map(\.inode))
        }
        switch call {
        case _ where Self.contentCalls.contains(call) && result < 0:
            for node in Self.files(of: line, executor) { add(.failedCall, node.inode) }
        case "renameat2":
            // The directory of the old name, where ext4 puts the entry back. Other failures stamp nothing.
            guard result == -Int64(ENOTEMPTY), line.contains("RENAME_WHITEOUT"), let path = Script.word(2, of: line)
            else { return }
            add(.failedCall, executor.look(named: Script.parent(of: path), follows: true, on: .reference).inode)
        case "truncate", "ftruncate":
            for node in Self.files(of: line, executor) where sizesBefore[node.inode] == node.size {
                add(.sameSize, node.inode)
            }
        case "utimensat", "futimens", "utimesnull":
            if result >= 0 { timesSet(line, executor) }
        case "mmap":
            guard result >= 0, let number = Script.number(1, of: line) else { return }
            let inode = line.contains("MAP_SHARED") ? Self.files(of: line, executor).first?.inode : nil
            mapped[number] = inode.map { ($0, Script.number(3, of: line) ?? 0) }
        case "mstore":
            guard let number = Script.number(1, of: line), let (inode, offset) = mapped[number] else { return }
            stored.insert(inode)
            let length = Script.word(3, of: line).flatMap { Int64($0.prefix { $0.isNumber }) } ?? .max
            let size = Int64(
                (0..<Executor.slots).lazy.map { executor.look(atSlot: $0, on: .reference) }
                    .first { $0.inode == inode }?.size ?? 0)
            if offset + (Script.number(2, of: line) ?? 0) > size - length { storedBeyond.insert(inode) }
        default:
            break
        }
    }

    /// Forgets what a look has compared.
    mutating func looked() { sinceLook = [:] }

    /// Whether a reason is known for a stamp that has been left out since the last look.
    func mayLackSinceLook(_ reason: Reason, _ inode: UInt64, _ time: Node.Time) -> Bool {
        sinceLook[Stamp(inode: inode, time: time)]?.contains(reason) == true
    }

    /// Whether a reason is known for a time that is still what the script has set.
    func mayLackSinceSet(_ reason: Reason, _ inode: UInt64, _ time: Node.Time) -> Bool {
        sinceSet[Stamp(inode: inode, time: time)]?.contains(reason) == true
    }

    /// Whether something was stored to a file through a shared mapping.
    func isStoredTo(_ inode: UInt64) -> Bool { stored.contains(inode) }

    /// Whether something was stored to a file through a shared mapping, beyond its end.
    func isStoredToBeyondItsEnd(_ inode: UInt64) -> Bool { storedBeyond.contains(inode) }

    /// Whether an allocation would have made a file larger than it may be.
    func isTooLargeToAllocate(_ inode: UInt64) -> Bool { tooLarge.contains(inode) }

    /// A look has shown another time than the one before: what was left out before that one does not show any longer.
    mutating func shown(_ inode: UInt64, _ time: Node.Time) {
        let stamp = Stamp(inode: inode, time: time)
        if sinceLook[stamp] == nil { sinceSet[stamp] = nil }
    }

    private mutating func add(_ reason: Reason, _ inode: UInt64) {
        for time in Self.changing {
            sinceLook[Stamp(inode: inode, time: time), default: []].insert(reason)
            sinceSet[Stamp(inode: inode, time: time), default: []].insert(reason)
        }
    }

    /// The script has set times of a file: what was left out before does not show any longer.
    private mutating func timesSet(_ line: String, _ executor: Executor) {
        let words = Array(Script.words(of: line))
        // Behind a path in a directory, or a slot; utimesnull tells none.
        let first = words[0] == "utimensat" ? 3 : 2
        let omits = { (index: Int) in index < words.count && words[index] == "TIME_OMIT" }
        // Linux does nothing at all then.
        if omits(first) && omits(first + 1) { return }
        let set: [Node.Time] = omits(first + 1) ? [.changed] : Self.changing
        for node in Self.files(of: line, executor) {
            for time in set {
                sinceLook[Stamp(inode: node.inode, time: time)] = nil
                sinceSet[Stamp(inode: node.inode, time: time)] = nil
            }
        }
    }

    /// The files of the reference that a line names: those open in its slots and those that its paths lead to.
    private static func files(of line: String, _ executor: Executor) -> [Node] {
        let words = Script.words(of: line)
        guard let call = words.first, let signature = Executor.signatures[String(call)] else { return [] }
        var nodes: [Node] = []
        for (kind, word) in zip(signature, words.dropFirst()) {
            switch kind {
            case "F":
                guard let slot = Int32(word), 0..<Executor.slots ~= slot else { continue }
                nodes.append(executor.look(atSlot: slot, on: .reference))
            case "p":
                nodes.append(
                    executor.look(named: word, follows: !line.hasSuffix("AT_SYMLINK_NOFOLLOW"), on: .reference))
            default:
                continue
            }
        }
        return nodes.filter(\.exists)
    }
}
