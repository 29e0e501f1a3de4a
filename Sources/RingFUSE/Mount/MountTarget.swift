internal import CRingFUSE
internal import Glibc
internal import SystemPackage

/// A directory named as a mount point, resolved without a request to whatever is mounted there.
///
/// An O_PATH descriptor opens the root of a mount that hangs or is dead: the walk crosses into it without calling it.
/// The descriptor's entries in procfs then tell the real path and the number of the mount.
struct MountTarget {
    /// The path without symbolic links.
    let path: FilePath

    /// The mount the path is the root of, or nil where it is an ordinary directory.
    let entry: MountEntry?

    /// A number of that mount that is never given to another, where the kernel has one.
    let identity: UInt64?

    /// Resolves a path.
    ///
    /// - Throws: ``MountError`` that says why it cannot be reached.
    init(_ given: FilePath) throws(MountError) {
        let descriptor = unsafe given.withPlatformString { unsafe rfuse_open_path($0) }
        guard descriptor >= 0 else { throw Self.error(-descriptor, at: given) }
        defer { close(descriptor) }
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let link = "/proc/thread-self/fd/\(descriptor)"
        let length = unsafe readlink(link, &buffer, buffer.count - 1)
        guard length > 0 else { throw .failed(call: "readlink", FilePath(link), Errno(rawValue: errno)) }
        path = unsafe FilePath(platformString: Array(buffer[...length]))
        let table = try MountTable.read()
        let topmost = Self.mountID(of: descriptor).flatMap(table.entry(id:)) ?? table.entry(at: path)
        entry = topmost?.mountPoint == path ? topmost : nil
        var number: UInt64 = 0
        let known = unsafe entry != nil && rfuse_unique_mount_id(descriptor, &number) == 0
        identity = known ? number : nil
    }

    /// The number of the mount a descriptor is on (Linux 3.15).
    private static func mountID(of descriptor: Int32) -> Int? {
        guard let text = SystemFile.text(of: FilePath("/proc/thread-self/fdinfo/\(descriptor)")) else { return nil }
        let line = text.split(separator: "\n").first { $0.hasPrefix("mnt_id:") }
        return line.flatMap { Int($0.dropFirst("mnt_id:".count).trimmed) }
    }

    /// What an errno says about the mount point.
    private static func error(_ code: CInt, at path: FilePath) -> MountError {
        switch code {
        case ENOENT: .missing(path)
        case ENOTDIR: .notADirectory(path)
        case ENOTCONN: .dead(path)
        default: .unreachable(path, Errno(rawValue: code))
        }
    }

    /// Checks that a file system can be mounted here, and returns the file type of the directory (`rootmode`).
    func requireFree() throws(MountError) -> UInt32 {
        if let entry {
            if entry.isFUSE, isDead(entry) { throw .dead(path) }
            throw .busy(path, type: entry.type, source: entry.source)
        }
        var status = stat()
        guard unsafe path.withPlatformString({ unsafe stat($0, &status) }) == 0 else {
            throw Self.error(errno, at: path)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .notADirectory(path) }
        return status.st_mode & S_IFMT
    }

    /// The FUSE mount that is here.
    func requireFUSE() throws(MountError) -> MountEntry {
        guard let entry else { throw .notMounted(path) }
        guard entry.isFUSE else { throw .notFUSE(path, type: entry.type) }
        return entry
    }

    /// Whether the server of the mount here is gone.
    ///
    /// Only a request can tell, and one to a server that hangs would never come back: a connection with requests
    /// waiting counts as alive, and so does one that cannot be asked.
    private func isDead(_ entry: MountEntry) -> Bool {
        guard let control = try? FuseControl(connection: entry.connection), (try? control.waiting()) == 0 else {
            return false
        }
        // Unlike stat's, its answer is never cached (`fuse_statfs`).
        var status = statvfs()
        guard unsafe path.withPlatformString({ unsafe statvfs($0, &status) }) != 0 else { return false }
        // ECANCELED: the request met a ring whose thread has ended (`fuse_uring_send_in_task`); the connection follows
        // it.
        return [ENOTCONN, ECONNABORTED, ECANCELED].contains(errno)
    }
}
