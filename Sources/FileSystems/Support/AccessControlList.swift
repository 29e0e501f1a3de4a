public import SystemPackage

/// A POSIX access control list: who may do what with a file, beyond owner, group and others (`acl(5)`).
///
/// It is read from and written to the bytes of the extended attributes `system.posix_acl_access` and
/// `system.posix_acl_default`. The bytes come from programs: all of them are checked, by the rules of Linux.
public struct AccessControlList: Hashable, Sendable {
    /// Whom an entry is for, by its number in the attribute.
    public enum Subject: Hashable, Sendable {
        /// The file's owner.
        case owner
        /// A user by number.
        case user(UInt32)
        /// The file's group.
        case owningGroup
        /// A group by number.
        case group(UInt32)
        /// Bounds what users, groups and the file's group may.
        case mask
        /// Everybody else.
        case others
    }

    /// What somebody may.
    public struct Entry: Hashable, Sendable {
        /// Whom it is for.
        public let subject: Subject
        /// Read 4, write 2, execute 1.
        public fileprivate(set) var permissions: UInt32
    }

    /// The name of the extended attribute that says who may do what with a file.
    public static let accessAttribute = "system.posix_acl_access"
    /// The name of the extended attribute that says what new files in a directory get.
    public static let defaultAttribute = "system.posix_acl_default"
    /// Bytes of an attribute at the most: the kernel's FUSE takes no larger ones (a page).
    public static let largestAttribute = 4096

    /// The entries: the owner, users, the owning group, groups, perhaps the mask, others.
    public private(set) var entries: ContiguousArray<Entry>

    /// The list that says the same as permission bits.
    public init(mode: UInt32) {
        entries = [
            Entry(subject: .owner, permissions: mode >> 6 & 7),
            Entry(subject: .owningGroup, permissions: mode >> 3 & 7),
            Entry(subject: .others, permissions: mode & 7),
        ]
    }

    // MARK: Permission bits

    /// The nine permission bits of a file that has this list; the mask stands for the group where there is one.
    public var mode: UInt32 {
        var mode: UInt32 = 0
        for entry in entries {
            switch entry.subject {
            case .owner: mode |= entry.permissions << 6
            case .owningGroup where !hasMask: mode |= entry.permissions << 3
            case .mask: mode |= entry.permissions << 3
            case .others: mode |= entry.permissions
            case .user, .group, .owningGroup: break
            }
        }
        return mode
    }

    /// Whether permission bits say all that the list says.
    public var isMinimal: Bool { entries.count == 3 }

    /// Whether there is a mask.
    private var hasMask: Bool { entries.contains { $0.subject == .mask } }

    /// Takes permissions over from the bits that `chmod` sets.
    public mutating func change(toMode mode: UInt32) {
        restrict(owner: mode >> 6 & 7, group: mode >> 3 & 7, others: mode & 7) { _, new in new }
    }

    /// What a new file gets of a default list: no more than it was asked to be made with.
    ///
    /// - Parameter mode: the permission bits that the program asked for, without its umask.
    public func inherited(mode: UInt32) -> AccessControlList {
        var list = self
        list.restrict(owner: mode >> 6 & 7, group: mode >> 3 & 7, others: mode & 7) { old, new in old & new }
        return list
    }

    /// Changes the three entries that permission bits stand for.
    private mutating func restrict(
        owner: UInt32,
        group: UInt32,
        others: UInt32,
        _ change: (UInt32, UInt32) -> UInt32
    ) {
        let hasMask = hasMask
        for index in entries.indices {
            let old = entries[index].permissions
            switch entries[index].subject {
            case .owner: entries[index].permissions = change(old, owner)
            case .owningGroup where !hasMask: entries[index].permissions = change(old, group)
            case .mask: entries[index].permissions = change(old, group)
            case .others: entries[index].permissions = change(old, others)
            case .user, .group, .owningGroup: break
            }
        }
    }

    // MARK: Bytes

    /// Bytes before the entries: the version.
    private static let headSize = 4
    /// Bytes of an entry: tag 2, permissions 2, number 4.
    private static let entrySize = 8
    /// The one version there is.
    private static let version: UInt32 = 2
    /// The number in entries that have none.
    private static let noNumber = UInt32.max

    /// Reads the bytes of an extended attribute.
    ///
    /// - Returns: `nil` where there are no entries, which takes the list away.
    /// - Throws: `EINVAL` for what is no list, or one whose entries are not in order, not complete, or for nobody;
    ///   `EOPNOTSUPP` for another version; `E2BIG`.
    public init?(extendedAttribute bytes: RawSpan) throws(Errno) {
        guard bytes.byteCount > 0 else { return nil }
        guard bytes.byteCount >= Self.headSize else { throw .invalidArgument }
        guard Self.number(bytes, at: 0, size: 4) == Self.version else { throw .notSupported }
        guard (bytes.byteCount - Self.headSize) % Self.entrySize == 0 else { throw .invalidArgument }
        guard bytes.byteCount <= Self.largestAttribute else { throw .argListTooLong }
        entries = []
        for offset in stride(from: Self.headSize, to: bytes.byteCount, by: Self.entrySize) {
            entries.append(try Self.entry(bytes, at: offset))
        }
        guard !entries.isEmpty else { return nil }
        try checkOrder()
    }

    /// The bytes of the extended attribute.
    public var extendedAttribute: ContiguousArray<UInt8> {
        var bytes = ContiguousArray<UInt8>()
        bytes.reserveCapacity(Self.headSize + entries.count * Self.entrySize)
        Self.append(Self.version, size: 4, to: &bytes)
        for entry in entries {
            let (tag, number) = Self.code(of: entry.subject)
            Self.append(tag, size: 2, to: &bytes)
            Self.append(entry.permissions, size: 2, to: &bytes)
            Self.append(number, size: 4, to: &bytes)
        }
        return bytes
    }

    /// Reads an entry.
    ///
    /// - Throws: `EINVAL`.
    private static func entry(_ bytes: RawSpan, at offset: Int) throws(Errno) -> Entry {
        let tag = number(bytes, at: offset, size: 2)
        let permissions = number(bytes, at: offset + 2, size: 2)
        let number = number(bytes, at: offset + 4, size: 4)
        guard permissions <= 7, let subject = subject(tag, number) else { throw .invalidArgument }
        return Entry(subject: subject, permissions: permissions)
    }

    /// Whom a tag and a number stand for; `nil` for nobody.
    private static func subject(_ tag: UInt32, _ number: UInt32) -> Subject? {
        switch tag {
        case 0x01: .owner
        case 0x02: number == noNumber ? nil : .user(number)
        case 0x04: .owningGroup
        case 0x08: number == noNumber ? nil : .group(number)
        case 0x10: .mask
        case 0x20: .others
        default: nil
        }
    }

    /// Tag and number of a subject.
    private static func code(of subject: Subject) -> (tag: UInt32, number: UInt32) {
        switch subject {
        case .owner: (0x01, noNumber)
        case .user(let number): (0x02, number)
        case .owningGroup: (0x04, noNumber)
        case .group(let number): (0x08, number)
        case .mask: (0x10, noNumber)
        case .others: (0x20, noNumber)
        }
    }

    /// Checks the order of entries: each of the three that must be there once, and a mask where somebody is named.
    ///
    /// - Throws: `EINVAL`.
    private func checkOrder() throws(Errno) {
        var previous = 0
        var needsMask = false
        for entry in entries {
            let place: Int
            switch entry.subject {
            case .owner: place = 1
            case .user: place = 2
            case .owningGroup: place = 3
            case .group: place = 4
            case .mask: place = 5
            case .others: place = 6
            }
            let mayRepeat = place == 2 || place == 4
            // After the owner come users or the group; nothing comes before the owner, and the group is never left out.
            guard place > previous || (mayRepeat && place == previous), previous != 0 || place == 1,
                previous >= 3 || place <= 3
            else { throw .invalidArgument }
            if mayRepeat { needsMask = true }
            guard place != 6 || !needsMask || previous == 5 else { throw .invalidArgument }
            previous = place
        }
        guard previous == 6 else { throw .invalidArgument }
    }

    /// Reads a little-endian number; the caller has checked that it is there.
    private static func number(_ bytes: RawSpan, at offset: Int, size: Int) -> UInt32 {
        var number: UInt32 = 0
        for index in 0..<size {
            number |= UInt32(unsafe bytes.unsafeLoad(fromByteOffset: offset + index, as: UInt8.self)) << (8 * index)
        }
        return number
    }

    /// Appends a little-endian number.
    private static func append(_ number: UInt32, size: Int, to bytes: inout ContiguousArray<UInt8>) {
        for index in 0..<size { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * index))) }
    }
}
