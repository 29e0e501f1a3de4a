/// What a notification says, of all kinds that the ABI knows through 7.46 (`enum fuse_notify_code`).
package enum NotificationKind: UInt32, CaseIterable, Sendable {
    /// `FUSE_NOTIFY_POLL`.
    case poll = 1
    /// `FUSE_NOTIFY_INVAL_INODE`.
    case invalidateInode = 2
    /// `FUSE_NOTIFY_INVAL_ENTRY`.
    case invalidateEntry = 3
    /// `FUSE_NOTIFY_STORE`.
    case store = 4
    /// `FUSE_NOTIFY_RETRIEVE`.
    case retrieve = 5
    /// `FUSE_NOTIFY_DELETE`.
    case delete = 6
    /// `FUSE_NOTIFY_RESEND`.
    case resend = 7
    /// `FUSE_NOTIFY_INC_EPOCH`.
    case incrementEpoch = 8
    /// `FUSE_NOTIFY_PRUNE`.
    case prune = 9

    /// The kernel's name without its prefix, for logs.
    package var name: StaticString {
        switch self {
        case .poll: "POLL"
        case .invalidateInode: "INVAL_INODE"
        case .invalidateEntry: "INVAL_ENTRY"
        case .store: "STORE"
        case .retrieve: "RETRIEVE"
        case .delete: "DELETE"
        case .resend: "RESEND"
        case .incrementEpoch: "INC_EPOCH"
        case .prune: "PRUNE"
        }
    }
}
