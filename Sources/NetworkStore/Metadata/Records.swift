public import RingFUSE

/// The number of an object: never used again.
public typealias ObjectNumber = UInt64

/// A node as the metadata has it.
public struct NodeRecord: Sendable, Hashable {
    /// What `stat` tells; its inode is the node's number.
    public var attributes: Attributes
    /// When it was made.
    public var birthTime: Timestamp
    /// The flags of `chattr` (`FS_*_FL`).
    public var flags: UInt32
    /// Rises whenever the content or the attributes change: whoever has read an older version has read old content.
    public var version: UInt64
    /// Whether it has extended attributes, of whatever name.
    public var hasExtendedAttributes: Bool
    /// The quota that it belongs to (``QuotaRecord``); 0 for none.
    public var quota: NodeID
    /// Whether it has lost its last name and is kept in the trash (``TrashEntry``).
    public var isInTrash: Bool

    /// A node.
    public init(
        attributes: Attributes,
        birthTime: Timestamp,
        flags: UInt32 = 0,
        version: UInt64 = 0,
        hasExtendedAttributes: Bool = true,
        quota: NodeID = NodeID(0),
        isInTrash: Bool = false
    ) {
        self.attributes = attributes
        self.birthTime = birthTime
        self.flags = flags
        self.version = version
        self.hasExtendedAttributes = hasExtendedAttributes
        self.quota = quota
        self.isInTrash = isInTrash
    }

    /// Its number.
    public var id: NodeID { NodeID(attributes.inode) }
    /// Its type.
    public var type: NodeType? { attributes.mode.type }
}

/// A name in a directory.
public struct NameRecord: Sendable {
    /// The name.
    public var name: StoredName
    /// Its place in the listing.
    public var cookie: UInt64
    /// The node that it leads to.
    public var node: NodeRecord

    /// A name.
    public init(name: StoredName, cookie: UInt64, node: NodeRecord) {
        self.name = name
        self.cookie = cookie
        self.node = node
    }
}

/// Who asks for a change.
public struct Caller: Sendable {
    /// The user who owns what is made.
    public var userID: UInt32
    /// The group, likewise.
    public var groupID: UInt32
    /// The groups that the caller is in beside it, as far as a change may depend on them; see ``CallerGroups``.
    public var groups: [UInt32]

    /// A caller.
    public init(userID: UInt32, groupID: UInt32, groups: [UInt32] = []) {
        self.userID = userID
        self.groupID = groupID
        self.groups = groups
    }

    /// Whether the caller is in a group.
    func isMember(of group: UInt32) -> Bool { group == groupID || groups.contains(group) }
}

/// What a new node is to be.
public struct NodeTemplate: Sendable {
    /// Type, permissions, umask, device.
    public var node: NewNode
    /// Who makes it.
    public var caller: Caller
    /// Where a symbolic link leads to.
    public var target: StoredName?

    /// A node to be made.
    public init(_ node: NewNode, by caller: Caller, target: StoredName? = nil) {
        self.node = node
        self.caller = caller
        self.target = target
    }
}

/// What a renaming has done.
public struct RenameOutcome: Sendable {
    /// The node that was replaced, as it is now: with a name less. `nil` where there was none.
    public var replaced: NodeRecord?
    /// The nodes that have another name, as they are now; two where they were exchanged.
    public var moved: [NodeRecord]

    /// An outcome.
    public init(replaced: NodeRecord?, moved: [NodeRecord] = []) {
        self.replaced = replaced
        self.moved = moved
    }
}

/// How much there is in a volume.
public struct VolumeUsage: Sendable {
    /// Bytes of all files, each counted once, holes not counted.
    public var bytes: UInt64
    /// Nodes, the root included.
    public var nodes: UInt64
    /// Bytes of objects that nobody refers to and that are not removed yet.
    public var garbageBytes: UInt64

    /// Usage.
    public init(bytes: UInt64, nodes: UInt64, garbageBytes: UInt64) {
        self.bytes = bytes
        self.nodes = nodes
        self.garbageBytes = garbageBytes
    }
}
