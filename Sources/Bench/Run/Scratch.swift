internal import FoundationEssentials
internal import Glibc
internal import SystemPackage

/// A directory of the benchmark's own, which is taken away with all that was mounted below it.
final class Scratch: Sendable {
    /// The directory, without links.
    let path: String

    /// Where contenders mount.
    var mountPoint: String { path + "/mount" }
    /// What the server says.
    var log: String { path + "/server.log" }
    /// Where the disk image is mounted; a plain directory where there is none.
    var disk: String { path + "/disk" }
    /// The disk image.
    var image: String { path + "/disk.img" }

    /// A new directory below another.
    ///
    /// - Throws: ``Refusal``.
    init(below parent: String) throws(Refusal) {
        var template = Array("\(parent)/ringfuse-bench-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil, let resolved = unsafe realpath(template, nil) else {
            throw Refusal("no directory can be made in \(parent): \(Errno(rawValue: errno))")
        }
        path = unsafe String(cString: resolved)
        unsafe free(resolved)
        // A server may run as somebody else, and must find its mount point.
        _ = unsafe chmod(path, 0o755)
        for directory in [mountPoint, disk] { _ = unsafe mkdir(directory, 0o755) }
    }

    /// Takes away what workloads of many files have left on the disk, which outlives mounts.
    func removeFiles() {
        for place in ["files", "counted"] { try? FileManager.default.removeItem(atPath: "\(disk)/\(place)") }
    }

    /// Takes all of it away.
    ///
    /// - Returns: a line where something stays.
    func remove() -> String? {
        for place in MountTable.mountPoints(below: path) { Mounts.remove(place) }
        // Never across a mount: what is removed must be ours.
        let left = MountTable.mountPoints(below: path)
        guard left.isEmpty else { return "\(left[0]) cannot be unmounted; it stays" }
        do {
            try FileManager.default.removeItem(atPath: path)
            return nil
        } catch {
            return "\(path) stays: \(error)"
        }
    }
}
