import RingFUSE
import SystemPackage

/// Prepares the memory of the process that serves.
enum ServerMemory {
    /// Marks the process as one that writeback waits for, where that is permitted.
    ///
    /// Call it before there are other threads: they inherit the mark. Swift starts some at the first suspension.
    static func markAsFlusher() {
        // Where it is not permitted the session says so, at the level of debugging, and `ringfuse doctor` does.
        try? ProcessSettings.becomeFlusher()
    }

    /// Locks the process in memory.
    ///
    /// - Throws: ``LockError``.
    static func lock() throws(LockError) {
        do throws(Errno) {
            try ProcessSettings.lockMemory()
        } catch {
            let limits = TextFile.read("/proc/self/limits") ?? ""
            throw LockError(errno: error, limit: DoctorFacts.limit("Max locked memory", of: limits).hard)
        }
    }
}

/// The process cannot be locked in memory.
struct LockError: Error, Equatable, CustomStringConvertible {
    /// What the kernel says.
    let errno: Errno
    /// The hard RLIMIT_MEMLOCK in bytes; nil for no limit.
    let limit: UInt64?

    /// One line.
    var description: String {
        let limit = limit.map { ByteSize(bytes: Int(clamping: $0)).rounded } ?? "unlimited"
        return "--lock-memory: \(errno): it needs CAP_IPC_LOCK, or no limit on locked memory, which is \(limit) here; "
            + "ulimit -l unlimited, or LimitMEMLOCK=infinity in the unit"
    }
}
