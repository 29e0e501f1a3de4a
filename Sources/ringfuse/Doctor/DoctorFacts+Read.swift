import Glibc
import Ring
import RingFUSE
import SystemPackage

extension DoctorFacts {
    /// Asks the machine.
    ///
    /// - Parameters:
    ///   - root: the directory in which `sys`, `proc`, `etc` and `usr` lie; what is no file is asked of the kernel
    ///     anyway.
    ///   - path: the directories in which fusermount3 is looked for, as in `PATH`.
    static func read(root: FilePath = "/", path: String? = Environment.value(of: "PATH")) -> DoctorFacts {
        // First: opening the device loads the module, which has the parameters.
        let device = openDevice(root.appending("dev/fuse"))
        let parameter = root.appending("sys/module/fuse/parameters/enable_uring")
        let status = TextFile.read(root.appending("proc/self/status")) ?? ""
        let limits = TextFile.read(root.appending("proc/self/limits")) ?? ""
        let helper = findHelper(root: root, path: path)
        return DoctorFacts(
            release: TextFile.read(root.appending("proc/sys/kernel/osrelease")) ?? "unknown",
            userID: geteuid(),
            groups: groups(),
            hasFUSE: hasFUSE(root: root),
            device: device,
            enableRing: TextFile.read(parameter).map { $0 == "Y" || $0 == "1" },
            canEnableRing: unsafe access(parameter.string, W_OK) == 0,
            ringsDisabled: number(root, "kernel/io_uring_disabled"),
            ringGroup: number(root, "kernel/io_uring_group").flatMap { UInt32(exactly: $0) },
            probe: probeRing(),
            maxPages: number(root, "fs/fuse/max_pages_limit"),
            pageSize: Int(getpagesize()),
            topology: CPUTopology.read(root: root),
            lockedMemory: limit("Max locked memory", of: limits),
            files: limit("Max open files", of: limits),
            capabilities: bits("CapEff", of: status),
            boundingCapabilities: bits("CapBnd", of: status),
            noNewPrivileges: field("NoNewPrivs", of: status) == "1",
            helper: helper?.path,
            helperIsPrivileged: helper?.isPrivileged ?? false,
            allowsOthers: TextFile.read(root.appending("etc/fuse.conf")).map(allowsOthers)
        )
    }

    /// Opens /dev/fuse and closes it again, which makes no connection.
    private static func openDevice(_ path: FilePath) -> Device {
        do {
            try FileDescriptor.open(path, .readWrite, options: .closeOnExec).close()
            return .opened
        } catch {
            return .refused(error as? Errno ?? .ioError)
        }
    }

    /// Sets up the smallest ring that could carry FUSE, and takes it down.
    private static func probeRing() -> Probe {
        do throws(Errno) {
            let ring = try Ring(entries: 8, completions: 16, required: .wideSubmissions)
            return .made(ring.features.names)
        } catch {
            return .refused(error)
        }
    }

    /// Whether FUSE is built in or loaded.
    private static func hasFUSE(root: FilePath) -> Bool {
        let systems = TextFile.read(root.appending("proc/filesystems")) ?? ""
        return systems.split(separator: "\n").contains { $0.split(separator: "\t").last == "fuse" }
    }

    /// A sysctl that is a number.
    private static func number(_ root: FilePath, _ name: String) -> Int? {
        TextFile.read(root.appending("proc/sys").appending(name)).flatMap { Int($0) }
    }

    /// The groups of this process.
    private static func groups() -> Set<UInt32> {
        var list = [gid_t](repeating: 0, count: 65_536)
        let count = unsafe getgroups(Int32(list.count), &list)
        return Set(list.prefix(max(0, Int(count)))).union([getegid()])
    }

    /// A line of /proc/self/limits: a name, the soft and the hard limit, and a unit.
    static func limit(_ name: String, of limits: String) -> Limit {
        let line = limits.split(separator: "\n").first { $0.hasPrefix(name) }
        let values = (line?.dropFirst(name.count) ?? "").split(separator: " ").prefix(2).map { UInt64($0) }
        return values.count == 2 ? Limit(soft: values[0], hard: values[1]) : Limit()
    }

    /// A field of /proc/self/status.
    private static func field(_ name: String, of status: String) -> Substring? {
        let line = status.split(separator: "\n").first { $0.hasPrefix("\(name):") }
        return line?.dropFirst(name.count + 1).split(whereSeparator: \.isWhitespace).first
    }

    /// A field of /proc/self/status that is a set of bits.
    private static func bits(_ name: String, of status: String) -> UInt64 {
        field(name, of: status).flatMap { UInt64($0, radix: 16) } ?? 0
    }

    /// Finds fusermount3 as the one who mounts does, along PATH.
    private static func findHelper(root: FilePath, path: String?) -> (path: FilePath, isPrivileged: Bool)? {
        for directory in (path ?? "/usr/bin:/bin").split(separator: ":") where directory.hasPrefix("/") {
            let file = root.pushing(FilePath(String(directory.dropFirst()))).appending("fusermount3")
            var status = stat()
            guard unsafe stat(file.string, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            guard unsafe access(file.string, X_OK) == 0 else { continue }
            return (file, status.st_mode & S_ISUID != 0 && status.st_uid == 0)
        }
        return nil
    }

    /// Whether a fuse.conf has the line `user_allow_other`.
    static func allowsOthers(_ text: String) -> Bool {
        text.split(separator: "\n").contains { line in
            line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace) == ["user_allow_other"]
        }
    }
}
