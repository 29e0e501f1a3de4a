internal import FileSystems
internal import RingFUSE
internal import SystemPackage

/// A node as an engine keeps it in one row: what ``NodeRecord`` tells, and what changing it takes.
///
/// What POSIX wants of a change is done here, on values, for every engine; an engine reads rows, has them changed, and
/// writes them.
struct NodeRow: Sendable {
    /// What else there is of a node, so that it need not be looked for in vain.
    struct Marks: OptionSet, Sendable, Hashable {
        /// The bits as the row has them.
        let rawValue: UInt32

        /// It has extended attributes, of whatever name.
        static let attributes = Marks(rawValue: 1)
        /// It has a list that says who may do what.
        static let accessList = Marks(rawValue: 2)
        /// It has a list for new nodes.
        static let defaultList = Marks(rawValue: 4)
        /// It has capabilities.
        static let capability = Marks(rawValue: 8)
        /// All that stand for extended attributes.
        static let allAttributes: Marks = [.attributes, .accessList, .defaultList, .capability]
        /// It has lost its last name and is in the trash.
        static let inTrash = Marks(rawValue: 16)
        /// It is a directory that something in the trash was in: removed, it gets there, too.
        static let hasTrash = Marks(rawValue: 32)

        /// The mark that stands for an attribute of a name alone.
        init?(of name: StoredName) {
            switch name {
            case ExtendedAttributeRules.accessList: self = .accessList
            case ExtendedAttributeRules.defaultList: self = .defaultList
            case ExtendedAttributeRules.capability: self = .capability
            default: return nil
            }
        }

        /// Wraps the bits.
        init(rawValue: UInt32) { self.rawValue = rawValue }
    }

    /// The cookie of a directory's first name: 1 and 2 are left to `.` and `..`.
    static let firstCookie: UInt64 = 3
    /// Bytes of a name at the most (`NAME_MAX`).
    static let longestName = 255
    /// Names of a node at the most, as ext4 has it; a directory may hold more directories.
    static let largestLinkCount: UInt32 = 65_000
    /// The largest size, and the end of the largest offset (`MAX_LFS_FILESIZE`).
    static let largestSize = UInt64(Int64.max)

    /// What `stat` tells, but for ``Attributes/blocks``.
    var attributes: Attributes
    /// When it was made.
    var birthTime: Timestamp
    /// The flags of `chattr`.
    var flags: InodeFlags = []
    /// Rises with each change of content, attributes or names in it.
    var version: UInt64 = 1
    /// Bytes of all extents.
    var allocated: UInt64 = 0
    /// The directory that a directory is in, itself for the root, and 0 once its name is gone; 0 for other nodes.
    var parent = NodeID(0)
    /// The cookie of the next name that is made in a directory.
    var nextCookie = NodeRow.firstCookie
    /// What else there is of it.
    var marks: Marks = []
    /// The quota that it belongs to: the number of that one's directory, 0 for none.
    var quota = NodeID(0)

    /// What others get to know of it.
    var record: NodeRecord {
        var told = attributes
        told.blocks = (allocated + 511) / 512
        return NodeRecord(
            attributes: told, birthTime: birthTime, flags: flags.rawValue, version: version,
            hasExtendedAttributes: marks.contains(.attributes), quota: quota, isInTrash: marks.contains(.inTrash))
    }

    /// Its number.
    var id: NodeID { NodeID(attributes.inode) }
    /// Its type.
    var type: NodeType? { attributes.mode.type }
    /// Whether it is a directory.
    var isDirectory: Bool { type == .directory }
    /// Whether it is a directory whose name is gone.
    var isRemoved: Bool { isDirectory && parent.rawValue == 0 }

    // MARK: Making

    /// A new node with one name, or the two that a directory has.
    ///
    /// - Parameters:
    ///   - inheritance: what its directory passes on.
    ///   - parent: the directory.
    init(
        _ id: NodeID,
        _ type: NodeType,
        _ template: NodeTemplate,
        _ inheritance: Inheritance,
        in parent: NodeID,
        at time: Timestamp
    ) {
        attributes = Attributes(
            node: id,
            mode: NodeMode(type, permissions: inheritance.permissions),
            size: type == .symbolicLink ? UInt64(template.target?.bytes.count ?? 0) : 0,
            linkCount: type == .directory ? 2 : 1,
            userID: template.caller.userID,
            groupID: inheritance.groupID ?? template.caller.groupID
        )
        attributes.accessTime = time
        attributes.modificationTime = time
        attributes.changeTime = time
        if type == .characterDevice || type == .blockDevice { attributes.device = template.node.device }
        birthTime = time
        flags = inheritance.flags
        if type == .directory { self.parent = parent }
    }

    /// A node out of its parts.
    init(attributes: Attributes, birthTime: Timestamp) {
        self.attributes = attributes
        self.birthTime = birthTime
    }

    // MARK: Changing

    /// Notes a change of attributes.
    mutating func changed(at time: Timestamp) {
        attributes.changeTime = time
        version += 1
    }

    /// Notes that names in a directory have changed.
    ///
    /// - Parameter links: how many more directories are in it.
    mutating func namesChanged(links: Int = 0, at time: Timestamp) {
        attributes.linkCount = UInt32(clamping: Int(attributes.linkCount) + links)
        attributes.modified(at: time)
        version += 1
    }

    /// Changes the number of names.
    mutating func addLinks(_ change: Int, at time: Timestamp) {
        attributes.linkCount = UInt32(clamping: Int(attributes.linkCount) + change)
        changed(at: time)
    }

    /// Takes a cookie for a new name.
    mutating func takeCookie() -> UInt64 {
        defer { nextCookie += 1 }
        return nextCookie
    }

    // MARK: Checking

    /// Checks that it is a directory.
    ///
    /// - Throws: `ENOTDIR`.
    func checkIsDirectory() throws(Errno) {
        guard isDirectory else { throw .notDirectory }
    }

    /// Checks that it has content.
    ///
    /// - Throws: `EISDIR`; `EINVAL` for other nodes, which the kernel handles itself.
    func checkIsFile() throws(Errno) {
        guard !isDirectory else { throw .isDirectory }
        guard type == .regular else { throw .invalidArgument }
    }

    /// Checks that a name can be made in this directory.
    ///
    /// - Throws: `ENOENT` where it has been removed, `EPERM` where it is immutable.
    func checkTakesNames() throws(Errno) {
        guard !isRemoved else { throw .noSuchFileOrDirectory }
        guard !flags.contains(.immutable) else { throw .notPermitted }
    }

    /// Checks that neither names may be taken from it, as a directory, nor its own name.
    ///
    /// - Throws: `EPERM`.
    func checkIsUnprotected() throws(Errno) {
        guard !flags.isProtected else { throw .notPermitted }
    }

    /// Checks that it may take the place of another node's name; whether that is an empty directory is looked at by
    /// whoever knows.
    ///
    /// - Throws: `EISDIR`, `ENOTDIR`.
    func check(mayReplace replaced: NodeRow) throws(Errno) {
        guard replaced.isDirectory != isDirectory else { return }
        throw replaced.isDirectory ? .isDirectory : .notDirectory
    }

    /// Checks that it may get another name.
    ///
    /// - Parameter isLinkable: whether it may get one where it has none.
    /// - Throws: `EPERM`, `ENOENT`, `EMLINK`.
    func checkTakesName(isLinkable: @autoclosure () throws(Errno) -> Bool) throws(Errno) {
        guard !isDirectory else { throw .notPermitted }
        try checkIsUnprotected()
        if attributes.linkCount == 0 {
            guard try isLinkable() else { throw .noSuchFileOrDirectory }
        }
        guard attributes.linkCount < Self.largestLinkCount else { throw .tooManyLinks }
    }
}

extension RenameFlags {
    /// Checks that flags are known and do not exclude each other.
    ///
    /// - Throws: `EINVAL`.
    func check() throws(Errno) {
        guard isSubset(of: [.noReplace, .exchange, .whiteout]), !contains(.exchange) || self == .exchange
        else { throw .invalidArgument }
    }
}
