internal import CRingFUSE
internal import Synchronization
internal import SystemPackage

/// Whether ordinary users may meet limits of the source that a root server does not: blocks that are reserved for root,
/// and quotas.
///
/// To act as the caller takes a dozen system calls, several microseconds, which is as much as a short write. So it is
/// done only where it may matter. The source's file system is asked a hundred times a second, at the most, how
/// much it has left for ordinary users and whether there are quotas: 1 % of what a short write costs. What others take at
/// once in that time, where it is more than ``margin``, is noticed that much later.
///
/// Any thread may call anything.
struct MirrorRoom: ~Copyable, Sendable {
    /// Milliseconds for which an answer is believed.
    private static let patience: UInt64 = 10
    /// Bytes that nobody writes in that time.
    private static let margin: UInt64 = 256 << 20

    /// The source.
    private let root: MirrorNode
    /// Whether the source's own file system has such limits, for all that is known. One on a network has them where
    /// it is, for the owners of files; and a server in user space may be this very one, and must not be asked.
    private let mayBeLimited: Bool
    /// When to ask again, in milliseconds.
    private let nextLook = Atomic<UInt64>(0)
    /// Bytes that may be taken without regard to whom they are for.
    private let plenty = Atomic<UInt64>(0)

    /// The room of a source.
    init(of root: MirrorNode, kind: MirrorSourceKind) {
        self.root = root
        mayBeLimited = kind != .remote
    }

    /// Whether a file may be short of room for ordinary users.
    ///
    /// - Parameters:
    ///   - bytes: how much is to be taken.
    ///   - isElsewhere: what ``isElsewhere(_:)`` says of the file.
    func isScarce(for bytes: UInt64, isElsewhere: Bool) -> Bool {
        if isElsewhere { return true }
        guard mayBeLimited else { return false }
        let now = rfuse_coarse_milliseconds()
        if now >= nextLook.load(ordering: .relaxed) {
            nextLook.store(now + Self.patience, ordering: .relaxed)
            plenty.store(look(), ordering: .relaxed)
        }
        return plenty.load(ordering: .relaxed) <= bytes
    }

    /// Whether a file is on another file system with limits, one that is mounted inside the source: one on a disk, to
    /// go by its device. Others have anonymous ones (major number 0), and may not be asked; see ``mayBeLimited``.
    func isElsewhere(_ identity: MirrorNode.Identity) -> Bool {
        identity.device != root.identity.device && rfuse_device_is_anonymous(identity.device) == 0
    }

    /// Asks how much may be taken without regard to whom it is for.
    private func look() -> UInt64 {
        var left: UInt64 = 0
        guard rfuse_has_quotas(root.descriptor) == 0, unsafe rfuse_room(root.descriptor, &left) == 0 else { return 0 }
        return left == .max ? .max : left - min(left, Self.margin)
    }
}
