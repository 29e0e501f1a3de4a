/// A difference that is none of ours to mend. Each has its reason here, and nothing is excused anywhere else.
enum Rule: String, CaseIterable {
    /// A read that the kernel answers from its page cache never reaches the server, and one that does may set the time.
    /// So may ours be of the clock where ext4 (mounted `noatime`) still has what a script set.
    case accessTimesOfReads

    /// With the writeback cache the kernel stamps files itself, and its clock ticks every few milliseconds: two changes
    /// within a tick have one time. ext4 gives the second one a finer time since Linux 6.13.
    case ticksOfTheWritebackCache

    /// Before Linux 6.13 so does ext4, and of two changes within a tick either side may show one time where the other,
    /// whose changes came a moment sooner or later, shows two.
    case ticksOfTheClock

    /// With the writeback cache the kernel stamps a file whenever a call on its extended attributes has succeeded
    /// (`fuse_update_ctime`); ext4 does only where the call has changed something.
    case stampsOfTheWritebackCache

    /// With the writeback cache the kernel stamps a file that is cut to another size only (`fuse_do_setattr`); ext4
    /// also one that is cut to the size it has, as POSIX allows. Until the script sets the time, or the next look where
    /// it has not.
    case sameSizeWithTheWritebackCache

    /// Where in a directory one can seek to is its file system's own affair: offsets are cookies. ext4 refuses those
    /// behind its last, and where it stands at its last, read(2) finds the offset too large before it finds a
    /// directory.
    case offsetsInDirectories

    /// The kernel cuts pieces out of files (FALLOC_FL_COLLAPSE_RANGE, _INSERT_RANGE, _UNSHARE_RANGE) of no FUSE server:
    /// it refuses before it asks (`fuse_file_fallocate`).
    case rangesThatTheKernelRefuses

    /// With FUSE_HANDLE_KILLPRIV_V2 a server is told to clear S_ISGID where the group may execute, and else to leave
    /// it. ext4 clears it in the other case too, where the writer is not in the group; a server does not know all its
    /// groups.
    case groupBitWithoutExecution

    /// POSIX lets times wait for msync(2) after a store to a shared mapping. The server hears of it when the kernel
    /// writes the page back, ext4 at the first store. Of that file only.
    case timesOfMappedStores

    /// The kernel stamps pipes and devices for a file system, but not for a FUSE server, which hears nothing of reads
    /// and writes to them.
    case timesOfSpecialFiles

    /// ext4 stamps a file before it knows that a write or an allocation will fail (EFAULT, EFBIG, ENOSPC); POSIX asks
    /// for times of what succeeds only. And a RENAME_WHITEOUT that fails because the directory to be replaced is not
    /// empty stamps the directory of the old name, where ext4 then puts the entry back that was to make room for the
    /// whiteout (`ext4_resetent`). Of nine ways to fail, each with the flag and without, this is the only one that
    /// stamps anything, and that directory is all that it stamps (tried on ext4 itself, Linux 6.18). So does the source
    /// of a mirror, but the kernel asks for new attributes only after what has succeeded, and shows the stamp when it
    /// asks next. Until the script sets the time, or the next look where it has not.
    case timesOfFailedCalls

    /// After FS_IOC_SETFLAGS the kernel believes the attributes it had (`fuse_fileattr_set`), and shows the old ctime.
    case timesOfFileFlags

    /// chown(2) with neither owner nor group reaches a server as a SETATTR without anything to set, after the kernel
    /// has found nothing to refuse. ext4 refuses it to others than the owner where set-ID bits would have to go.
    case emptyChangeOfOwner

    /// A file system may tell holes as data: with the writeback cache a server does not know what the kernel still has,
    /// and ext4 tells room that was allocated and never written as a hole.
    case holesToldAsData

    /// The kernel asks for data and holes without having written back what was stored to a shared mapping
    /// (`fuse_file_llseek`): a server takes for a hole what it has not heard of.
    case storesToldAsHoles

    /// What is stored to a shared mapping beyond the end of a file must be gone when the file grows (POSIX, mmap). The kernel
    /// clears it for ext4, but not in the page cache of a FUSE server's file, and writes it back as if it belonged there.
    case storesBeyondTheEnd

    /// The kernel refuses calls that must not wait (RWF_NOWAIT) on files of a FUSE server, of which it cannot know
    /// whether they would (`kiocb_set_rw_flags` wants FMODE_NOWAIT).
    case callsThatMustNotWait

    /// The kernel tells no server that a write is not to append to a file that is open with O_APPEND (RWF_NOAPPEND, Linux
    /// 6.9): it comes as one that is.
    case writesThatDoNotAppend

    /// ext4 wants direct access in whole blocks of its device and at such offsets; a FUSE server hears of bytes, and
    /// has no device. So with addresses in memory: older kernels (6.1) look how they lie before they find nothing there.
    case blocksOfDirectAccess

    /// A volume of the network store keeps holes to the byte, ext4 in blocks: what lies in a block with data is a hole
    /// there, and a file that ends in such a hole has no blocks.
    case holesOfAVolume

    /// The kernel refuses an allocation beyond the largest size that the process or the mount may have (EFBIG) before
    /// it asks a FUSE server, and before it clears set-ID bits (`fuse_file_fallocate`). ext4 clears them first. So with
    /// both file systems, both transports, and with the writeback cache or without.
    case setIDBitsOfRefusedAllocations

    /// The answer to an open with O_TRUNC tells no mode: the kernel goes on believing in set-ID bits that are gone until it
    /// asks again, and does not ask when it protects hard links (`may_linkat`), if the name is one in `/proc`.
    case linksOfFilesThatWereCut

    /// Before Linux 6.14 ext4 stamps no file that a hole is made in beyond its end. A FUSE server, which hears of all
    /// holes, does as newer ones do.
    case stampsOfHolesBeyondTheEnd

    /// Whether the rule excuses a difference.
    func excuses(_ difference: Difference, _ context: Context) -> Bool {
        switch self {
        case .accessTimesOfReads:
            return difference.kind == .time && difference.field == Node.Time.accessed.rawValue
                && difference.tested == Context.ofTheClock
        case .ticksOfTheWritebackCache:
            return context.conditions.writeback && isStamp(difference) && difference.tested == Context.unchanged
                && context.isWithinTick
        case .ticksOfTheClock:
            return context.conditions.stampsByTheTick && isStamp(difference) && context.isWithinTick
                && [difference.tested, difference.reference].contains(Context.unchanged)
        case .stampsOfTheWritebackCache:
            return context.conditions.writeback && difference.kind == .time
                && difference.field == Node.Time.changed.rawValue && difference.reference == Context.unchanged
                && ["xattr", "acl"].contains { suffix in
                    // Where not every step is looked at, it shows after a later one.
                    (difference.isLate ? context.lines.map(Script.call) : [difference.call])
                        .contains { $0.hasSuffix(suffix) }
                }
        case .sameSizeWithTheWritebackCache:
            return context.conditions.writeback && isStampLeftOut(difference, .sameSize, context)
        case .offsetsInDirectories:
            return difference.kind == .result && ["lseek", "read", "readv"].contains(difference.call)
                && context.isOnDirectory
        case .rangesThatTheKernelRefuses:
            return difference.kind == .result && difference.call == "fallocate" && difference.tested == "EOPNOTSUPP"
                && ["COLLAPSE", "INSERT", "UNSHARE"].contains { difference.line.contains($0) }
        case .groupBitWithoutExecution:
            guard difference.kind == .attribute, difference.field == "mode",
                let tested = UInt32(difference.tested, radix: 8), let reference = UInt32(difference.reference, radix: 8)
            else { return false }
            return tested == reference | 0o2000 && reference & 0o2010 == 0
        case .setIDBitsOfRefusedAllocations:
            guard difference.kind == .attribute, difference.field == "mode", let node = context.node,
                context.ledger.isTooLargeToAllocate(node.inode), let tested = UInt32(difference.tested, radix: 8),
                let reference = UInt32(difference.reference, radix: 8)
            else { return false }
            return tested & ~0o6000 == reference & ~0o6000 && tested & reference == reference
        case .timesOfMappedStores:
            return isStamp(difference) && context.node.map { context.ledger.isStoredTo($0.inode) } ?? false
        case .timesOfSpecialFiles:
            return context.node?.isSpecial == true && isStamp(difference)
        case .timesOfFailedCalls:
            return isStampLeftOut(difference, .failedCall, context)
                || context.conditions.backend == "mirror" && isStampShownLate(difference, .failedCall, context)
        case .timesOfFileFlags:
            return context.hasCalled("setflags") && isStamp(difference)
        case .emptyChangeOfOwner:
            return difference.kind == .result && difference.call.contains("chown")
                && difference.line.hasSuffix(" -1 -1") && difference.tested == "0" && difference.reference == "EPERM"
        case .holesToldAsData:
            return difference.kind == .result && difference.call == "lseek"
                && (context.conditions.writeback || context.hasCalled("fallocate"))
                && tellsHolesAsData(difference)
        case .storesBeyondTheEnd:
            return difference.kind == .content
                && context.node.map { context.ledger.isStoredToBeyondItsEnd($0.inode) } ?? false
        case .storesToldAsHoles:
            return difference.kind == .result && difference.call == "lseek" && context.hasCalled("mstore")
                && ["SEEK_DATA", "SEEK_HOLE"].contains { difference.line.hasSuffix($0) }
        case .callsThatMustNotWait:
            return difference.kind == .result && ["preadv2", "pwritev2"].contains(difference.call)
                && difference.line.contains("RWF_NOWAIT") && difference.tested == "EOPNOTSUPP"
        case .writesThatDoNotAppend:
            return difference.kind == .attribute && difference.field == "size" && difference.call == "pwritev2"
                && difference.line.contains("RWF_NOAPPEND")
        case .blocksOfDirectAccess:
            return difference.kind == .result && context.isOnDirect && difference.reference == "EINVAL"
                && (Int64(difference.tested) != nil || difference.call == "readbad" && difference.tested == "EFAULT")
        case .linksOfFilesThatWereCut:
            return difference.kind == .result && difference.call == "linkat" && difference.line.contains("@fd")
                && difference.tested == "EPERM" && difference.isLate
                && context.lines.contains { $0.contains("O_TRUNC") }
        case .stampsOfHolesBeyondTheEnd:
            return !context.conditions.stampsHolesBeyondTheEnd && isStamp(difference)
                && difference.reference == Context.unchanged
                && (difference.isLate ? context.lines : [difference.line])
                    .contains { $0.contains("FALLOC_FL_PUNCH_HOLE") }
        case .holesOfAVolume:
            guard context.conditions.backend == "store" else { return false }
            if difference.kind == .attribute { return difference.field == "blocks" && difference.tested == "0" }
            return difference.kind == .result && difference.call == "lseek"
                && (difference.line.hasSuffix("SEEK_DATA") || difference.line.hasSuffix("SEEK_HOLE"))
        }
    }

    /// Whether a difference is one of the times that changes leave.
    private func isStamp(_ difference: Difference) -> Bool {
        difference.kind == .time && difference.field != Node.Time.accessed.rawValue
    }

    /// Whether ext4 stamped, for a reason that counts, what ours left as it was: as it was looked at last, or as the
    /// script has set it.
    private func isStampLeftOut(_ difference: Difference, _ reason: StampLedger.Reason, _ context: Context) -> Bool {
        guard isStamp(difference), let time = Node.Time(rawValue: difference.field), let inode = context.node?.inode
        else { return false }
        if difference.tested == Context.unchanged { return context.ledger.mayLackSinceLook(reason, inode, time) }
        return difference.reference == Context.ofTheClock && difference.tested != Context.ofTheClock
            && context.ledger.mayLackSinceSet(reason, inode, time)
    }

    /// Whether ours shows what ext4 has stamped, for a reason that counts, before the last look.
    private func isStampShownLate(_ difference: Difference, _ reason: StampLedger.Reason, _ context: Context) -> Bool {
        guard isStamp(difference), let time = Node.Time(rawValue: difference.field), let inode = context.node?.inode
        else { return false }
        return difference.reference == Context.unchanged && context.ledger.mayLackSinceSet(reason, inode, time)
    }

    /// Whether ours sees data where ext4 sees a hole, and not the other way round.
    private func tellsHolesAsData(_ difference: Difference) -> Bool {
        guard let tested = Int64(difference.tested) else { return false }
        if difference.line.hasSuffix("SEEK_HOLE") { return Int64(difference.reference).map { tested >= $0 } ?? false }
        guard difference.line.hasSuffix("SEEK_DATA") else { return false }
        return Int64(difference.reference).map { tested <= $0 } ?? (difference.reference == "ENXIO")
    }

    /// What is known where a difference was seen.
    struct Context {
        /// What is tested, and how.
        let conditions: Conditions
        /// Whether the time that has not changed is as late as the step, but for a tick of the kernel's clock.
        var isWithinTick = false
        /// Whether the step was made on an open directory.
        var isOnDirectory = false
        /// Whether the step was made on a file that is open for direct access.
        var isOnDirect = false
        /// What the reference has where it was seen; nil for what the step itself gave.
        var node: Node?
        /// What the script has done to stamps of files.
        var ledger = StampLedger()
        /// The lines up to the step.
        var lines: ArraySlice<String> = []

        /// Whether the script has made a call by now.
        func hasCalled(_ call: String) -> Bool { lines.contains { Script.call(of: $0) == call } }

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

    /// Whether the kernel's own file systems give two changes within a tick of its clock one time.
    let stampsByTheTick = Kernel.stampsByTheTick

    /// Whether the reference stamps a file that a hole is made in beyond its end.
    let stampsHolesBeyondTheEnd = Kernel.stampsHolesBeyondTheEnd

    /// Conditions.
    public init(backend: String, writeback: Bool) {
        self.backend = backend
        self.writeback = writeback
    }
}
