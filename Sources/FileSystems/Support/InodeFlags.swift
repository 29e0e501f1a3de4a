/// The flags of a node that `chattr` sets and `lsattr` tells (`FS_*_FL`).
///
/// Those that file systems here honour are ``immutable``, ``appendOnly`` and ``noAccessTime``; the others are kept, as
/// ext4 keeps them, for the programs that ask for them.
package struct InodeFlags: OptionSet, Sendable {
    /// The bits as `FS_IOC_GETFLAGS` has them.
    package let rawValue: UInt32

    /// To be overwritten when it is removed (`s`).
    package static let secureRemoval = InodeFlags(rawValue: 0x1)
    /// To be kept when it is removed (`u`).
    package static let undelete = InodeFlags(rawValue: 0x2)
    /// To be compressed (`c`).
    package static let compressed = InodeFlags(rawValue: 0x4)
    /// To be written through (`S`), as all is here.
    package static let synchronous = InodeFlags(rawValue: 0x8)
    /// Neither content, nor attributes, nor names change (`i`).
    package static let immutable = InodeFlags(rawValue: 0x10)
    /// Content only grows, names are only added (`a`).
    package static let appendOnly = InodeFlags(rawValue: 0x20)
    /// Left out by `dump` (`d`).
    package static let noDump = InodeFlags(rawValue: 0x40)
    /// The time of the last read stays as it is (`A`).
    package static let noAccessTime = InodeFlags(rawValue: 0x80)
    /// Changes of a directory are to be written through (`D`).
    package static let directorySynchronous = InodeFlags(rawValue: 0x1_0000)
    /// The top of a hierarchy, for those who place directories on a disk (`T`).
    package static let topDirectory = InodeFlags(rawValue: 0x2_0000)

    /// All flags that can be set.
    package static let settable: InodeFlags = [
        .secureRemoval, .undelete, .compressed, .synchronous, .immutable, .appendOnly, .noDump, .noAccessTime,
        .directorySynchronous, .topDirectory,
    ]
    /// What a new file gets from its directory.
    package static let inherited: InodeFlags = [
        .secureRemoval, .undelete, .compressed, .synchronous, .noDump, .noAccessTime, .directorySynchronous,
    ]
    /// What only directories have.
    package static let ofDirectories: InodeFlags = [.directorySynchronous, .topDirectory]
    /// What a new node that is neither file nor directory gets.
    package static let ofOthers: InodeFlags = [.noDump, .noAccessTime]

    /// Whether nothing may be changed, or only be added.
    package var isProtected: Bool { !isDisjoint(with: [.immutable, .appendOnly]) }

    // MARK: As xfs names them

    /// The flags that `FS_IOC_FSGETXATTR` has, too, with their bits there (`FS_XFLAG_*`).
    private static let extendedBits: [(flag: InodeFlags, bit: UInt32)] = [
        (.immutable, 0x8), (.appendOnly, 0x10), (.synchronous, 0x20), (.noAccessTime, 0x40), (.noDump, 0x80),
    ]
    /// All that have a bit there.
    package static let extended: InodeFlags = [.immutable, .appendOnly, .synchronous, .noAccessTime, .noDump]

    /// The bits as `FS_IOC_FSGETXATTR` has them.
    package var extendedFlags: UInt32 {
        Self.extendedBits.reduce(0) { contains($1.flag) ? $0 | $1.bit : $0 }
    }

    /// Wraps bits of `FS_IOC_GETFLAGS`.
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The flags behind bits of `FS_IOC_FSSETXATTR`; `nil` where one is not known here.
    package init?(extendedFlags bits: UInt32) {
        var flags: InodeFlags = []
        var left = bits
        for (flag, bit) in Self.extendedBits where bits & bit != 0 {
            flags.insert(flag)
            left &= ~bit
        }
        guard left == 0 else { return nil }
        self = flags
    }
}
