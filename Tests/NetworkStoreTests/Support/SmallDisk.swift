import Glibc

/// A file system of its own, of a given size; only root can make one.
final class SmallDisk: Sendable {
    /// Where it is mounted.
    let directory: String
    /// Whether this process may make one.
    static var isPossible: Bool { geteuid() == 0 }

    /// An empty one.
    ///
    /// - Parameter size: as `mount` has it.
    init(size: String) {
        var template = Array("/tmp/ringfuse-disk-XXXXXX".utf8CString)
        let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
            unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) }
        }
        directory = unsafe made.map { unsafe String(cString: $0) } ?? ""
        let result = unsafe mount("tmpfs", directory, "tmpfs", 0, "size=\(size)")
        precondition(result == 0, "root can mount a tmpfs")
    }

    deinit {
        unsafe umount2(directory, Int32(MNT_DETACH))
        unsafe rmdir(directory)
    }

    /// Lets nobody write to it any more.
    func makeReadOnly() {
        let flags = UInt(MS_REMOUNT | MS_RDONLY)
        let result = unsafe mount("tmpfs", directory, "tmpfs", flags, nil)
        precondition(result == 0, "nobody has a file of it open for writing")
    }
}
