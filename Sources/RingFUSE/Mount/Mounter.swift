internal import Glibc
public import SystemPackage

/// Mounts and unmounts FUSE file systems, as root with mount(2) and else through fusermount3.
public enum Mounter {
    /// Mounts a file system that nobody serves yet: the kernel's INIT request waits on the device.
    ///
    /// - Parameters:
    ///   - path: An existing directory on which nothing is mounted.
    ///   - options: What the mount is called and who may use it.
    /// - Returns: The owner of the mount and of its /dev/fuse.
    /// - Throws: ``MountError``.
    public static func mount(
        at path: FilePath,
        options: MountOptions = MountOptions()
    ) throws(MountError) -> MountPoint {
        try mount(at: path, options: options, helper: MountHelper())
    }

    /// Mounts with a helper other than the system's.
    package static func mount(
        at path: FilePath,
        options: MountOptions,
        helper: MountHelper
    ) throws(MountError) -> MountPoint {
        let target = try MountTarget(path)
        let rootMode = try target.requireFree()
        var device = try mountDirectly(target.path, rootMode: rootMode, options: options)
        if device == nil, let option = options.superuserOption { throw .superuserOption(option) }
        if device == nil { device = try helper.mount(at: target.path, options: options) }
        guard let device else { preconditionFailure("neither mounted nor failed") }
        // The entry is the kernel's, and so is the connection's number; where it is missing, only abort is lost.
        let made = try? MountTarget(target.path)
        return MountPoint(
            path: target.path,
            device: device,
            connection: made?.entry?.connection,
            identity: made?.identity,
            helper: helper
        )
    }

    /// Takes a FUSE mount away, whoever serves it, also when its server is gone.
    ///
    /// - Parameters:
    ///   - path: The mount point.
    ///   - lazy: Whether to detach a mount in use; it disappears when its last user closes.
    /// - Throws: ``MountError``.
    public static func unmount(_ path: FilePath, lazy: Bool = false) throws(MountError) {
        try unmount(path, lazy: lazy, helper: MountHelper())
    }

    /// Unmounts with a helper other than the system's.
    package static func unmount(_ path: FilePath, lazy: Bool, helper: MountHelper) throws(MountError) {
        let target = try MountTarget(path)
        _ = try target.requireFUSE()
        // A process that another thread starts has a copy of the descriptor that the path was just resolved with, until
        // it calls exec: a mount that is busy may only seem so. On a machine that is overloaded that was seen to take longer
        // than 50 ms.
        for _ in 0..<unmountAttempts {
            do throws(MountError) {
                return try unmount(target, lazy: lazy, helper: helper)
            } catch .inUse {
                usleep(unmountPause)
            }
        }
        try unmount(target, lazy: lazy, helper: helper)
    }

    /// How often a mount in use is tried again.
    private static let unmountAttempts = 10

    /// How long to wait between two attempts, in microseconds.
    private static let unmountPause: UInt32 = 20_000

    /// Tries once to unmount.
    private static func unmount(_ target: MountTarget, lazy: Bool, helper: MountHelper) throws(MountError) {
        // No symbolic link is left in the path; the flag keeps out one that is put there meanwhile.
        let flags = Int32(UMOUNT_NOFOLLOW) | (lazy ? Int32(MNT_DETACH) : 0)
        if unsafe target.path.withPlatformString({ unsafe umount2($0, flags) }) == 0 { return }
        switch errno {
        case EBUSY: throw .inUse(target.path)
        case EPERM: try helper.unmount(target.path, lazy: lazy)
        case let code: throw .failed(call: "umount2", target.path, Errno(rawValue: code))
        }
    }

    /// Mounts with mount(2). Returns nil where only fusermount3 may mount.
    private static func mountDirectly(
        _ path: FilePath,
        rootMode: UInt32,
        options: MountOptions
    ) throws(MountError) -> FileDescriptor? {
        let descriptor = unsafe open("/dev/fuse", O_RDWR | O_CLOEXEC)
        if descriptor < 0 {
            switch errno {
            case ENOENT, ENODEV, ENXIO: throw .noDevice
            // fusermount3 would open it with our identity (setfsuid), and fail no less.
            case let code: throw .deviceRefused(Errno(rawValue: code))
            }
        }
        let data = options.data(device: descriptor, rootMode: rootMode, user: getuid(), group: getgid())
        let result = unsafe path.withPlatformString {
            unsafe Glibc.mount(options.source, $0, options.type, options.flags.rawValue, data)
        }
        if result == 0 { return FileDescriptor(rawValue: descriptor) }
        let code = errno
        close(descriptor)
        switch code {
        case EPERM: return nil
        case ENODEV: throw .noDevice
        default: throw .failed(call: "mount", path, Errno(rawValue: code))
        }
    }
}
