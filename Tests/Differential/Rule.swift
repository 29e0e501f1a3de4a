/// A difference that is none of ours to mend. Each has its reason here, and nothing is excused anywhere else.
enum Rule: String, CaseIterable {
    /// A read that the kernel answers from its page cache never reaches the server, and one that does may set the time.
    /// So may ours be of the clock where ext4 (mounted `noatime`) still has what a script set.
    case accessTimesOfReads

    /// With the writeback cache the kernel stamps files itself, and its clock ticks every few milliseconds: two changes
    /// within a tick have one time. ext4 gives the second one a finer time since Linux 6.13.
    case ticksOfTheWritebackCache

    /// Where in a directory one can seek to is its file system's own affair: offsets are cookies, and ext4 refuses those
    /// behind its last.
    case offsetsInDirectories

    /// The kernel cuts pieces out of files (FALLOC_FL_COLLAPSE_RANGE, _INSERT_RANGE, _UNSHARE_RANGE) of no FUSE server: it
    /// refuses before it asks (`fuse_file_fallocate`).
    case rangesThatTheKernelRefuses

    /// With FUSE_HANDLE_KILLPRIV_V2 a server is told to clear S_ISGID where the group may execute, and else to leave it.
    /// ext4 clears it in the other case too, where the writer is not in the group; a server does not know all its groups.
    case groupBitWithoutExecution

    /// POSIX lets times wait for msync(2) after a store to a shared mapping. The server hears of it when the kernel writes
    /// the page back, ext4 at the first store.
    case timesOfMappedStores

    /// Whether the rule excuses a difference.
    func excuses(_ difference: Difference, _ context: Context) -> Bool {
        switch self {
        case .accessTimesOfReads:
            return difference.kind == .time && difference.field == Node.Time.accessed.rawValue
                && difference.tested == Context.ofTheClock
        case .ticksOfTheWritebackCache:
            return context.conditions.writeback && difference.kind == .time
                && difference.field != Node.Time.accessed.rawValue && difference.tested == Context.unchanged
                && context.isWithinTick
        case .offsetsInDirectories:
            return difference.kind == .result && difference.call == "lseek" && context.isDirectory
        case .rangesThatTheKernelRefuses:
            return difference.kind == .result && difference.call == "fallocate" && difference.tested == "EOPNOTSUPP"
                && ["COLLAPSE", "INSERT", "UNSHARE"].contains { difference.line.contains($0) }
        case .groupBitWithoutExecution:
            guard difference.kind == .attribute, difference.field == "mode",
                let tested = UInt32(difference.tested, radix: 8), let reference = UInt32(difference.reference, radix: 8)
            else { return false }
            return tested == reference | 0o2000 && reference & 0o2010 == 0
        case .timesOfMappedStores:
            return context.hasMappedStores && difference.kind == .time
                && difference.field != Node.Time.accessed.rawValue
        }
    }

    /// What is known where a difference was seen.
    struct Context {
        /// What is tested, and how.
        let conditions: Conditions
        /// Whether ours is as late as the step, but for a tick of the kernel's clock.
        var isWithinTick = false
        /// Whether the step was made on an open directory.
        var isDirectory = false
        /// Whether the script has stored to a mapping.
        var hasMappedStores = false

        /// A time that no script has set.
        static let ofTheClock = "of the clock"
        /// A time that a step has not changed.
        static let unchanged = "unchanged"
    }

    /// The rule that excuses a difference.
    static func excusing(_ difference: Difference, _ context: Context) -> Rule? {
        allCases.first { $0.excuses(difference, context) }
    }
}

/// What is tested, and how.
public struct Conditions: Sendable {
    /// Whether the kernel's writeback cache is on.
    public var writeback: Bool

    /// The file system that is tested.
    public var backend: String

    /// Conditions.
    public init(backend: String, writeback: Bool) {
        self.backend = backend
        self.writeback = writeback
    }
}
