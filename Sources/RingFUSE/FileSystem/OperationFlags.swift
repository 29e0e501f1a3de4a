/// How names are exchanged or replaced (`renameat2`).
@frozen
public struct RenameFlags: OptionSet, Sendable {
    /// The bits as in `renameat2`.
    public let rawValue: UInt32

    /// Wraps the bits.
    @inlinable
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Fail with `EEXIST` where the new name exists (`RENAME_NOREPLACE`).
    public static var noReplace: RenameFlags { RenameFlags(rawValue: 1 << 0) }
    /// Exchange two existing names atomically (`RENAME_EXCHANGE`).
    public static var exchange: RenameFlags { RenameFlags(rawValue: 1 << 1) }
    /// Leave a whiteout at the old name (`RENAME_WHITEOUT`).
    public static var whiteout: RenameFlags { RenameFlags(rawValue: 1 << 2) }
}

/// What `access(2)` asks for.
@frozen
public struct AccessMode: OptionSet, Sendable {
    /// The bits as in `access(2)`.
    public let rawValue: UInt32

    /// Wraps the bits.
    @inlinable
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Execute, or search a directory (`X_OK`).
    public static var execute: AccessMode { AccessMode(rawValue: 1) }
    /// Write (`W_OK`).
    public static var write: AccessMode { AccessMode(rawValue: 2) }
    /// Read (`R_OK`).
    public static var read: AccessMode { AccessMode(rawValue: 4) }
}

/// How `lseek` looks for data or holes.
@frozen
public enum SeekTarget: UInt32, Sendable {
    /// The next byte that holds data (`SEEK_DATA`).
    case data = 3
    /// The next hole (`SEEK_HOLE`).
    case hole = 4
}

/// How `fallocate` changes a range; empty allocates and extends.
@frozen
public struct AllocationMode: OptionSet, Sendable {
    /// The bits as in `fallocate(2)`.
    public let rawValue: UInt32

    /// Wraps the bits.
    @inlinable
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Do not change the size (`FALLOC_FL_KEEP_SIZE`).
    public static var keepSize: AllocationMode { AllocationMode(rawValue: 0x01) }
    /// Make a hole (`FALLOC_FL_PUNCH_HOLE`).
    public static var punchHole: AllocationMode { AllocationMode(rawValue: 0x02) }
    /// Make the range read as zeros (`FALLOC_FL_ZERO_RANGE`).
    public static var zeroRange: AllocationMode { AllocationMode(rawValue: 0x10) }
}

/// What a new node gets from its maker.
@frozen
public struct NewNode: Sendable {
    /// Type and permissions; the kernel has applied the umask, unless ``FileSystemFeatures/appliesUmask`` was agreed
    /// on.
    public var mode: NodeMode
    /// The umask of the caller: for the backend to apply with ``FileSystemFeatures/appliesUmask``, unless the directory
    /// has a default ACL.
    public var umask: UInt32
    /// For device nodes: the device, in the kernel's 32-bit encoding.
    public var device: UInt32

    /// A new node.
    @inlinable
    public init(mode: NodeMode, umask: UInt32 = 0, device: UInt32 = 0) {
        self.mode = mode
        self.umask = umask
        self.device = device
    }
}

/// How `setxattr` treats an attribute that exists or does not.
@frozen
public enum ExtendedAttributeCondition: UInt32, Sendable {
    /// Make or replace.
    case any = 0
    /// Fail with `EEXIST` where it exists (`XATTR_CREATE`).
    case mustNotExist = 1
    /// Fail with `ENODATA` where it does not (`XATTR_REPLACE`).
    case mustExist = 2
    /// Both, as Linux lets programs ask: fail with `EEXIST` where it exists, with `ENODATA` where it does not.
    case never = 3
}

/// How a write is to be done (`FUSE_WRITE_*`).
@frozen
public struct WriteOptions: OptionSet, Sendable {
    /// The bits as the kernel has them.
    public let rawValue: UInt32

    /// Wraps the bits.
    @inlinable
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// It comes from the page cache: the handle is a guess, the caller unknown (`FUSE_WRITE_CACHE`).
    public static var fromCache: WriteOptions { WriteOptions(rawValue: 1 << 0) }
    /// Clear set-user-ID and set-group-ID bits (`FUSE_WRITE_KILL_SUIDGID`).
    public static var killsPrivileges: WriteOptions { WriteOptions(rawValue: 1 << 2) }
}
