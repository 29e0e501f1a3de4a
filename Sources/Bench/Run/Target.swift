internal import Glibc

/// A file system that answers, and who serves it.
struct Target: Sendable {
    /// Where workloads find their files.
    let directory: String
    /// The process that serves; nil for the kernel, and where it is not known.
    let server: pid_t?
    /// Whether the directory is a mount of its own, which can be taken away.
    let isMount: Bool

    /// Takes the file system away from whoever hangs at it.
    func release() {
        if isMount { Mounts.abort(directory) }
        // Only root may abort a connection; that of a server which is gone ends by itself.
        if let server { kill(-server, SIGKILL) }
    }
}
