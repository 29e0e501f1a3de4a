/// What a request asks for, of all that the ABI knows through 7.46.
@frozen
@usableFromInline
package enum Opcode: UInt32, CaseIterable, Sendable {
    /// `FUSE_LOOKUP`.
    case lookUp = 1
    /// `FUSE_FORGET`; it has no reply.
    case forget = 2
    /// `FUSE_GETATTR`.
    case getAttributes = 3
    /// `FUSE_SETATTR`.
    case setAttributes = 4
    /// `FUSE_READLINK`.
    case readLink = 5
    /// `FUSE_SYMLINK`.
    case symbolicLink = 6
    /// `FUSE_MKNOD`.
    case makeNode = 8
    /// `FUSE_MKDIR`.
    case makeDirectory = 9
    /// `FUSE_UNLINK`.
    case unlink = 10
    /// `FUSE_RMDIR`.
    case removeDirectory = 11
    /// `FUSE_RENAME`.
    case rename = 12
    /// `FUSE_LINK`.
    case link = 13
    /// `FUSE_OPEN`.
    case open = 14
    /// `FUSE_READ`.
    case read = 15
    /// `FUSE_WRITE`.
    case write = 16
    /// `FUSE_STATFS`.
    case statFS = 17
    /// `FUSE_RELEASE`.
    case release = 18
    /// `FUSE_FSYNC`.
    case sync = 20
    /// `FUSE_SETXATTR`.
    case setExtendedAttribute = 21
    /// `FUSE_GETXATTR`.
    case getExtendedAttribute = 22
    /// `FUSE_LISTXATTR`.
    case listExtendedAttributes = 23
    /// `FUSE_REMOVEXATTR`.
    case removeExtendedAttribute = 24
    /// `FUSE_FLUSH`.
    case flush = 25
    /// `FUSE_INIT`.
    case initialize = 26
    /// `FUSE_OPENDIR`.
    case openDirectory = 27
    /// `FUSE_READDIR`.
    case readDirectory = 28
    /// `FUSE_RELEASEDIR`.
    case releaseDirectory = 29
    /// `FUSE_FSYNCDIR`.
    case syncDirectory = 30
    /// `FUSE_GETLK`.
    case getLock = 31
    /// `FUSE_SETLK`.
    case setLock = 32
    /// `FUSE_SETLKW`.
    case setLockWaiting = 33
    /// `FUSE_ACCESS`.
    case access = 34
    /// `FUSE_CREATE`.
    case create = 35
    /// `FUSE_INTERRUPT`; it has no reply unless EAGAIN.
    case interrupt = 36
    /// `FUSE_BMAP`.
    case blockMap = 37
    /// `FUSE_DESTROY`.
    case destroy = 38
    /// `FUSE_IOCTL`.
    case ioctl = 39
    /// `FUSE_POLL`.
    case poll = 40
    /// `FUSE_NOTIFY_REPLY`, the answer to a retrieve notification; it has no reply.
    case notifyReply = 41
    /// `FUSE_BATCH_FORGET`; it has no reply.
    case batchForget = 42
    /// `FUSE_FALLOCATE`.
    case fallocate = 43
    /// `FUSE_READDIRPLUS`.
    case readDirectoryPlus = 44
    /// `FUSE_RENAME2`.
    case rename2 = 45
    /// `FUSE_LSEEK`.
    case seek = 46
    /// `FUSE_COPY_FILE_RANGE`.
    case copyFileRange = 47
    /// `FUSE_SETUPMAPPING` (virtiofs only).
    case setUpMapping = 48
    /// `FUSE_REMOVEMAPPING` (virtiofs only).
    case removeMapping = 49
    /// `FUSE_SYNCFS`.
    case syncFS = 50
    /// `FUSE_TMPFILE`.
    case temporaryFile = 51
    /// `FUSE_STATX`.
    case statx = 52
    /// `FUSE_COPY_FILE_RANGE_64`.
    case copyFileRange64 = 53
    /// `CUSE_INIT`.
    case cuseInitialize = 4096

    /// Decodes a raw opcode; throws `unknownOpcode`.
    package init(wire rawValue: UInt32) throws(WireError) {
        guard let opcode = Self(rawValue: rawValue) else { throw .unknownOpcode(rawValue) }
        self = opcode
    }

    /// Whether the kernel waits for a reply.
    package var hasReply: Bool {
        switch self {
        case .forget, .batchForget, .interrupt, .notifyReply: false
        default: true
        }
    }
}
