internal import CRingFUSE
internal import Synchronization
public import SystemPackage

/// A mount of ours and the /dev/fuse behind it. An owner that goes away detaches its mount and closes the device.
///
/// Any thread may call it.
public final class MountPoint: Sendable {
    /// Where it is mounted: absolute, without symbolic links.
    public let path: FilePath

    /// The connection to the kernel. It is closed with this object, and not before.
    public let device: FileDescriptor

    /// The number of the connection for ``FuseControl``, where it is known.
    public let connection: UInt32?

    /// What no later mount has, where the kernel tells; unlike the connection's number, which is soon given again.
    private let identity: UInt64?

    /// The program that unmounts for ordinary users.
    private let helper: MountHelper

    /// Whether the mount is still ours to take away; two threads must not both do it.
    private let mounted = Mutex(true)

    /// The opposite of `mounted`, for who must not wait.
    private let isTakenAway = Atomic(false)

    /// The owner of a mount just made.
    init(path: FilePath, device: FileDescriptor, connection: UInt32?, identity: UInt64?, helper: MountHelper) {
        self.path = path
        self.device = device
        self.connection = connection
        self.identity = identity
        self.helper = helper
    }

    deinit {
        try? unmount(lazy: true)
        try? device.close()
    }

    /// Takes the mount away; does nothing when it is gone already, by us or by somebody's umount(8).
    ///
    /// Not for the thread that serves the mount: without `lazy` the kernel writes back what is dirty before it returns,
    /// and waits for the server to take it.
    ///
    /// - Parameter lazy: Whether to detach a mount in use; it disappears when its last user closes.
    /// - Throws: ``MountError/inUse(_:)`` and others; the mount is then still there.
    public func unmount(lazy: Bool = false) throws(MountError) {
        try mounted.withLock { (mounted) throws(MountError) in
            guard mounted else { return }
            if try isThere() { try Mounter.unmount(path, lazy: lazy, helper: helper) }
            mounted = false
            isTakenAway.store(true, ordering: .releasing)
        }
    }

    /// Whether the topmost mount on the path is the one made, not another's put there since.
    private func isThere() throws(MountError) -> Bool {
        let target: MountTarget
        do throws(MountError) {
            target = try MountTarget(path)
        } catch .missing {
            // A directory that is removed takes its mounts along (Linux 3.18).
            return false
        }
        guard let entry = target.entry else { return false }
        if let identity, let other = target.identity { return other == identity }
        return connection == nil || entry.connection == connection
    }

    /// Whether it is still where it was mounted: neither we nor anybody else has taken it away.
    ///
    /// Does not wait for an unmount that is under way, and thereby for the server.
    var isAttached: Bool { !isTakenAway.load(ordering: .acquiring) && ((try? isThere()) ?? false) }

    /// Aborts the connection: every request in flight and every later one fails with `ECONNABORTED` or `ENOTCONN`.
    ///
    /// Where fusectl cannot be used, the mount is taken away by force; see ``FuseControl/abort(mountPoint:)``.
    ///
    /// - Throws: ``MountError/notMounted(_:)`` where the connection's number is not known and nothing is mounted here
    ///   any more, ``MountError/noControl(_:)`` where neither way is there and permitted.
    public func abort() throws(MountError) {
        do throws(MountError) {
            guard let connection else { throw .notMounted(path) }
            try FuseControl(connection: connection).abort()
        } catch {
            guard isAttached, FuseControl.abortByForce(path) else { throw error }
        }
    }

    /// Another descriptor of the same connection (`FUSE_DEV_IOC_CLONE`), so that each worker reads its own.
    ///
    /// It opens /dev/fuse by itself, which an ordinary user can do where it has mode 0666. The caller closes the
    /// descriptor.
    ///
    /// - Throws: `ENOENT`, `EACCES` where /dev/fuse cannot be opened, `EMFILE`, `EINVAL`.
    public func cloneDevice() throws(Errno) -> FileDescriptor {
        let descriptor = rfuse_clone_device(device.rawValue)
        guard descriptor >= 0 else { throw Errno(rawValue: -descriptor) }
        return FileDescriptor(rawValue: descriptor)
    }
}
