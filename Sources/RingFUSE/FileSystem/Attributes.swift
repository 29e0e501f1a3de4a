/// The type of a file: the upper bits of its mode.
@frozen
public enum NodeType: UInt32, Sendable, CaseIterable {
    /// A FIFO (`S_IFIFO`).
    case fifo = 0o010000
    /// A character device (`S_IFCHR`).
    case characterDevice = 0o020000
    /// A directory (`S_IFDIR`).
    case directory = 0o040000
    /// A block device (`S_IFBLK`).
    case blockDevice = 0o060000
    /// A regular file (`S_IFREG`).
    case regular = 0o100000
    /// A symbolic link (`S_IFLNK`).
    case symbolicLink = 0o120000
    /// A socket (`S_IFSOCK`).
    case socket = 0o140000
}

/// Type and permissions of a file (`st_mode`).
@frozen
public struct NodeMode: RawRepresentable, Hashable, Sendable {
    /// The bits as in `st_mode`.
    public var rawValue: UInt32

    /// Wraps the bits of `st_mode`.
    @inlinable
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// A mode of a type and permissions.
    ///
    /// - Parameter permissions: the lower twelve bits; others are dropped.
    @inlinable
    public init(_ type: NodeType, permissions: UInt32) {
        rawValue = type.rawValue | (permissions & 0o7777)
    }

    /// The file type; `nil` where the bits name none.
    @inlinable
    public var type: NodeType? { NodeType(rawValue: rawValue & 0o170000) }

    /// The lower twelve bits: permissions, set-user-ID, set-group-ID and sticky.
    @inlinable
    public var permissions: UInt32 {
        get { rawValue & 0o7777 }
        set { rawValue = (rawValue & ~0o7777) | (newValue & 0o7777) }
    }

    /// The permissions of a directory that everyone may read: `drwxr-xr-x`.
    @inlinable
    public static var directory: NodeMode { NodeMode(.directory, permissions: 0o755) }

    /// The permissions of a file that everyone may read: `-rw-r--r--`.
    @inlinable
    public static var regular: NodeMode { NodeMode(.regular, permissions: 0o644) }
}

/// What `stat` tells of a file (`struct fuse_attr`).
@frozen
public struct Attributes: Hashable, Sendable {
    /// The inode number that programs see (`st_ino`); usually the node's id.
    public var inode: UInt64
    /// Bytes.
    public var size: UInt64
    /// Units of 512 bytes that are allocated.
    public var blocks: UInt64
    /// Last read.
    public var accessTime: Timestamp
    /// Last change of the content.
    public var modificationTime: Timestamp
    /// Last change of the content or of the attributes.
    public var changeTime: Timestamp
    /// Type and permissions.
    public var mode: NodeMode
    /// Names that lead to this node.
    public var linkCount: UInt32
    /// Owner.
    public var userID: UInt32
    /// Group.
    public var groupID: UInt32
    /// The device that a device node stands for, in the kernel's 32-bit encoding (`new_encode_dev`).
    public var device: UInt32
    /// The size of efficient I/O in bytes (`st_blksize`); 0 leaves it to the kernel.
    public var blockSize: UInt32
    /// Whether this directory is the root of a submount (`FUSE_ATTR_SUBMOUNT`); heeded with
    /// ``FileSystemFeatures/submounts`` only.
    public var isSubmountRoot: Bool

    /// Attributes of a node; times default to the epoch, owner to root.
    ///
    /// - Parameter size: bytes; ``blocks`` follow from it as if all of them were allocated.
    @inlinable
    public init(
        node: NodeID,
        mode: NodeMode,
        size: UInt64 = 0,
        linkCount: UInt32 = 1,
        userID: UInt32 = 0,
        groupID: UInt32 = 0
    ) {
        inode = node.rawValue
        self.size = size
        blocks = (size + 511) / 512
        accessTime = Timestamp(seconds: 0)
        modificationTime = Timestamp(seconds: 0)
        changeTime = Timestamp(seconds: 0)
        self.mode = mode
        self.linkCount = linkCount
        self.userID = userID
        self.groupID = groupID
        device = 0
        blockSize = 0
        isSubmountRoot = false
    }
}

/// Attributes, and how long the kernel may believe them.
@frozen
public struct AttributesReply: Sendable {
    /// The node's attributes.
    public var attributes: Attributes
    /// How long they hold.
    public var lifetime: Lifetime

    /// Attributes with a lifetime.
    @inlinable
    public init(_ attributes: Attributes, lifetime: Lifetime = .second) {
        self.attributes = attributes
        self.lifetime = lifetime
    }
}

/// A time that `setAttributes` asks for.
@frozen
public enum TimeChange: Hashable, Sendable {
    /// The time of the change (`UTIME_NOW`).
    case now
    /// A given time.
    case to(Timestamp)
}

/// What `setAttributes` is to change; `nil` leaves a value as it is (`struct fuse_setattr_in`).
@frozen
public struct AttributeChanges: Sendable {
    /// Permissions; the type in it is the file's own.
    public var mode: NodeMode?
    /// Owner.
    public var userID: UInt32?
    /// Group.
    public var groupID: UInt32?
    /// Size in bytes: truncate or extend with zeros.
    public var size: UInt64?
    /// Last read.
    public var accessTime: TimeChange?
    /// Last change of the content.
    public var modificationTime: TimeChange?
    /// Last change of the attributes: only a kernel with the writeback cache sends it.
    public var changeTime: Timestamp?
    /// Clear set-user-ID and set-group-ID bits (and `security.capability`), as writing or truncating demands.
    public var killsPrivileges: Bool

    /// No change.
    @inlinable
    public init() { killsPrivileges = false }
}
