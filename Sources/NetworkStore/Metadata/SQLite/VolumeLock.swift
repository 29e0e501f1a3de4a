internal import Glibc
internal import SystemPackage

/// The lock that keeps a second process of the same machine from writing a volume: held for as long as it is.
///
/// `flock` on a file beside the database. It goes with the process, however that ends; a child that inherits the
/// descriptor holds it too; on NFS the kernel makes it a lock of the server's (2.6.12), so that another machine is kept out
/// as well. Where it does not reach that far, the row in `sessions` does.
final class VolumeLock: Sendable {
    private let file: Int32

    /// Takes the lock of a volume.
    ///
    /// - Returns: `nil` where somebody else has it.
    /// - Throws: what the system says, for the path of the lock's file.
    init?(besides database: String) throws(VolumeError) {
        let path = database + ".lock"
        file = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else {
            let error = Errno(rawValue: errno)
            throw error == .readOnlyFileSystem || error == .permissionDenied
                ? .readOnly(path: database) : .system(path: path, error)
        }
        while flock(file, LOCK_EX | LOCK_NB) != 0 {
            let error = Errno(rawValue: errno)
            if error == .interrupted { continue }
            guard error == .wouldBlock else { throw .system(path: path, error) }
            return nil
        }
    }

    /// Releases it. The file stays: who removes it takes the lock from those who hold it.
    deinit { close(file) }
}
