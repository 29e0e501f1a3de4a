internal import CRingFUSE
internal import Glibc

/// What of the machine decides who can take part.
public struct Machine: Sendable {
    /// Whether this process may mount and count whatever it likes.
    var isRoot: Bool
    /// Why there is no FUSE over io_uring, with what would change that; nil where there is.
    var ringObstacle: String?
    /// The path of fio; nil where it is not installed.
    var fio: String?
    /// The CPUs that this process may run on.
    var cpus: [Int]
    /// Pages of the largest request that the kernel lets a server have.
    var mostPages: Int

    /// The setting that switches the ring on.
    private static let ringSetting = "/sys/module/fuse/parameters/enable_uring"

    /// This machine.
    public static func current() -> Machine {
        Machine(
            isRoot: geteuid() == 0,
            ringObstacle: ringObstacle(),
            fio: program("fio"),
            cpus: allowedCPUs(),
            mostPages: ProcFile.number("/proc/sys/fs/fuse/max_pages_limit") ?? 256
        )
    }

    private static func ringObstacle() -> String? {
        if ProcFile.number("/proc/sys/kernel/io_uring_disabled") ?? 0 == 2 {
            return "io_uring is forbidden: sysctl kernel.io_uring_disabled=0"
        }
        guard let setting = ProcFile.read(ringSetting) else {
            return "this kernel has no FUSE over io_uring: it takes Linux 6.14 with CONFIG_FUSE_IO_URING"
        }
        return setting == "Y" ? nil : "FUSE over io_uring is off: echo Y > \(ringSetting)"
    }

    private static func allowedCPUs() -> [Int] {
        var cpus = [UInt32](repeating: 0, count: 8192)
        let count = unsafe cpus.withUnsafeMutableBufferPointer { buffer in
            unsafe rfuse_get_affinity(0, buffer.baseAddress, buffer.count)
        }
        return cpus.prefix(max(Int(count), 0)).map(Int.init)
    }

    /// Where a program is, by PATH; nil where it is not.
    static func program(_ name: String) -> String? {
        let path = unsafe getenv("PATH").map { unsafe String(cString: $0) } ?? "/usr/bin:/bin"
        // What mounts and makes file systems is out of reach of some users' PATH.
        return (path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"])
            .map { "\($0)/\(name)" }.first { unsafe access($0, X_OK) == 0 }
    }

    /// Whether a program can be run.
    func canRun(_ path: String) -> Bool {
        unsafe access(path, X_OK) == 0
    }
}
