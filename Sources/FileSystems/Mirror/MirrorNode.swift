internal import CRingFUSE
internal import RingFUSE
internal import Synchronization
internal import SystemPackage

/// A file of the source that the kernel knows, held by a descriptor that stands for it without opening it (`O_PATH`).
///
/// A descriptor, unlike a path, goes on meaning the same file whatever is renamed or replaced in the source,
/// and its inode number is not given to another file meanwhile. It is closed when nobody uses the node any more,
/// so that a forgotten node can't be mistaken for whatever gets its descriptor's number next.
final class MirrorNode: Sendable {
    /// What makes two names lead to one node.
    ///
    /// The mount is part of it because a directory may be mounted a second time, even below itself; seen as one
    /// node, the kernel would find a directory inside itself (`ELOOP`).
    struct Identity: Hashable, Sendable {
        /// The device of the file system.
        let device: UInt64
        /// The inode number there.
        let inode: UInt64
        /// The mount it was reached through.
        let mount: UInt64

        /// The identity of the file that a status tells of.
        init(_ status: rfuse_status) {
            device = status.device
            inode = status.inode
            mount = status.mount
        }
    }

    /// The `O_PATH` descriptor.
    let descriptor: CInt
    /// What the kernel calls the node. Ours, since inode numbers of several devices may be equal; never used twice.
    let id: NodeID
    /// What the file is identified by.
    let identity: Identity
    /// The file's type, which never changes.
    let type: NodeType?
    /// Of a directory: when it had been changed last, in nanoseconds, as it was opened last; 0 where that says nothing.
    private let listed = Atomic<UInt64>(0)

    /// A node that owns a descriptor.
    init(descriptor: CInt, id: NodeID, status: rfuse_status) {
        self.descriptor = descriptor
        self.id = id
        identity = Identity(status)
        type = NodeMode(rawValue: status.mode).type
    }

    /// A node that was parked, for as long as it is used.
    init(descriptor: CInt, id: NodeID, parked: MirrorParkedNode) {
        self.descriptor = descriptor
        self.id = id
        identity = parked.identity
        type = parked.type
    }

    /// A directory is opened to be listed.
    ///
    /// One that was changed a moment ago says nothing: a second change may bear the same time.
    ///
    /// - Returns: whether it has not changed since it was opened before.
    func isListedAgain(_ status: rfuse_status) -> Bool {
        let change = UInt64(clamping: status.change_seconds) &* 1_000_000_000 &+ UInt64(status.change_nanoseconds)
        let isSettled = change > 0 && status.change_seconds + 2 <= Timestamp.now.seconds
        return listed.exchange(isSettled ? change : 0, ordering: .relaxed) == change && isSettled
    }

    // Where this was the last reference to a large removed file, its blocks are freed here, in the kernel, which may
    // take a while.
    deinit { _ = rfuse_close(descriptor) }
}
