internal import Glibc

/// A file system that answers, and who serves it.
struct Target: Sendable {
    /// Where workloads find their files.
    let directory: String
    /// The process that serves; nil for the kernel, and where it is not known.
    let server: pid_t?
    /// The mount that it is in, which can be taken away; nil where it is none of the benchmark's own.
    let mountPoint: String?

    /// Takes the file system away from whoever hangs at it.
    func release() {
        if let mountPoint { Mounts.abort(mountPoint) }
        // Only root may abort a connection; that of a server which is gone ends by itself.
        if let server { kill(-server, SIGKILL) }
    }
}
