internal import Glibc
internal import SystemPackage

/// The log of a database, for one purpose: to have on the disk what was committed.
///
/// Commits are made with `synchronous = NORMAL`: they are in the log, in order, and survive a crash of the process. What
/// has to survive one of the machine waits for one `fdatasync` of the log after the commit, which covers all commits
/// before it; why, is in `docs/decisions/0033-metadata-in-sqlite.md`.
final class WriteAheadLog: Sendable {
    private let file: Int32
    private let status: EngineStatus

    /// Owns a descriptor.
    init(_ file: Int32, _ status: EngineStatus) {
        self.file = file
        self.status = status
    }

    deinit { close(file) }

    /// Waits until all that was committed is on the disk; where that fails, so do the operations given, and all after.
    func synchronize(for writes: [PendingWrite<Database>]) {
        while fdatasync(file) != 0 {
            guard errno != EINTR else { continue }
            // The kernel forgets what it could not write: nothing after this can be promised.
            status.fail()
            for write in writes { write.fail(.ioError) }
            return
        }
    }
}
