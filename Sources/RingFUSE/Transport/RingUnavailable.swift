import FUSEProtocol
import SystemPackage

/// Why requests cannot come over the ring, and what to do about it: one line for a user to act on.
enum RingUnavailable {
    /// First minor version of the FUSE ABI that has the ring (Linux 6.14).
    private static let firstMinor: UInt32 = 42

    /// The kernel's INIT does not offer the ring.
    static func notOffered(kernelMinor: UInt32) -> String {
        guard kernelMinor >= firstMinor else {
            return
                "this kernel speaks FUSE 7.\(kernelMinor) and the ring needs 7.\(firstMinor): use Linux 6.14 or newer"
        }
        switch SystemFile.text(of: "/sys/module/fuse/parameters/enable_uring") {
        case nil:
            return "this kernel was built without the ring: use one with CONFIG_FUSE_IO_URING"
        case "Y":
            return "the ring was switched on after this mount was made: mount again"
        default:
            return "the ring is switched off: as root, echo Y > /sys/module/fuse/parameters/enable_uring"
        }
    }

    /// A ring could not be set up.
    static func setUp(_ error: Errno) -> String {
        switch error {
        case .noFunction:
            return "this kernel has no io_uring: use one with CONFIG_IO_URING"
        case .notPermitted, .permissionDenied:
            let setting = SystemFile.text(of: "/proc/sys/kernel/io_uring_disabled") ?? "0"
            return setting == "0"
                ? "io_uring is forbidden here: allow io_uring_setup in the seccomp profile of the container"
                : "io_uring is forbidden (kernel.io_uring_disabled is \(setting)): "
                    + "as root, sysctl kernel.io_uring_disabled=0"
        case .noMemory:
            return "no memory for the ring: raise RLIMIT_MEMLOCK or the cgroup's limit, or lower --depth"
        case .tooManyOpenFiles, .tooManyOpenFilesInSystem:
            return "no file descriptor left for the ring: raise RLIMIT_NOFILE"
        case .invalidArgument:
            return "this kernel's io_uring is too old for wide submissions: use Linux 6.14 or newer"
        default:
            return "the ring could not be set up: \(error)"
        }
    }

    /// The kernel refused an entry.
    static func registration(_ error: Errno) -> String {
        "the kernel refused to register an entry of the ring: \(error)"
    }
}
