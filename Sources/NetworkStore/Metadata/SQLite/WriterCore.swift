internal import Glibc
internal import SystemPackage

/// What the writer's thread works with: its connection, the transaction, the log of the database.
///
/// Commits are made with `synchronous = NORMAL`: they are in the log, in order, and survive a crash of the process. What
/// has to survive one of the machine waits for one `fdatasync` of the log after the commit, which covers all commits
/// before it; why, is in `docs/decisions/0033-metadata-in-sqlite.md`.
///
/// Belongs to the thread that opens the volume, and then to the writer's.
@safe
final class WriterCore: @unchecked Sendable {
    /// Pages in the log at which the writer copies them into the database by itself, since nobody else gets to it.
    private static let largestLog = 16_384

    private let transaction: Transaction
    private let lock: VolumeLock
    private let checkpointer: Checkpointer
    private let status: EngineStatus
    /// The log.
    private let log: Int32
    /// Pages in the log.
    private let logPages: UnsafeMutablePointer<Int>

    /// A writer of a volume that was taken.
    ///
    /// - Parameters:
    ///   - log: the descriptor of the log, closed with this.
    init(
        _ transaction: Transaction,
        log: Int32,
        lock: VolumeLock,
        _ checkpointer: Checkpointer,
        _ status: EngineStatus
    ) {
        self.transaction = transaction
        self.log = log
        self.lock = lock
        self.checkpointer = checkpointer
        self.status = status
        unsafe logPages = .allocate(capacity: 1)
        unsafe logPages.initialize(to: 0)
        unsafe transaction.database.countLogPages(in: logPages)
    }

    deinit {
        transaction.database.stopCountingLogPages()
        unsafe logPages.deallocate()
        close(log)
    }

    /// Does operations in one transaction, or each in its own where one of them fails halfway, and resumes their tasks.
    func run(_ group: [PendingWrite]) {
        if !attempt(group) {
            for write in group { _ = attempt([write]) }
        }
        if unsafe logPages.pointee >= Self.largestLog {
            status.check { () throws(SQLiteFailure) in _ = try transaction.database.checkpoint(resets: false) }
        }
        checkpointer.note(logPages: unsafe logPages.pointee)
    }

    /// Ends the use of the volume.
    ///
    /// - Returns: the lock, to be released when the connection is closed, which it is with this.
    func end() -> VolumeLock {
        checkpointer.stop()
        status.check { () throws(SQLiteFailure) in _ = try transaction.database.checkpoint(resets: true) }
        return lock
    }

    /// Does operations in one transaction.
    ///
    /// - Returns: whether they are done, or have failed for good; if not, all is as before.
    private func attempt(_ group: [PendingWrite]) -> Bool {
        do throws(Errno) {
            try begin()
        } catch {
            return finish(group, error)
        }
        for write in group {
            guard let failure = perform(write) else { continue }
            rollBack()
            return group.count == 1 ? finish(group, failure) : false
        }
        do throws(Errno) {
            try commit()
        } catch {
            rollBack()
            return group.count == 1 ? finish(group, error) : false
        }
        if group.contains(where: \.isDurable) { synchronize(for: group) }
        for write in group { write.resume() }
        return true
    }

    /// Has all operations fail.
    private func finish(_ group: [PendingWrite], _ error: Errno) -> Bool {
        for write in group {
            write.fail(error)
            write.resume()
        }
        return true
    }

    /// Does an operation.
    ///
    /// - Returns: why it failed, where it has left something that must be taken back.
    private func perform(_ write: PendingWrite) -> Errno? {
        guard !transaction.hasEnded else {
            write.fail(.staleNFSFileHandle)
            return nil
        }
        let state = transaction.state
        let changes = transaction.database.changeCount
        transaction.revivable.removeAll(keepingCapacity: true)
        guard let failure = write.perform(transaction) else { return nil }
        let isClean =
            transaction.database.changeCount == changes && transaction.state == state
            && transaction.database.isInTransaction
        return isClean ? nil : failure
    }

    // MARK: Transactions

    /// State at the beginning of the transaction.
    private var begun: Transaction.State?

    /// Opens a transaction, and checks that the volume is still this session's.
    ///
    /// - Throws: `ESTALE`, `EIO`.
    private func begin() throws(Errno) {
        try status.check()
        try transaction.database.statement(.begin).run()
        do throws(Errno) {
            let state = try Transaction.state(transaction.database)
            guard state.epoch == transaction.session else {
                status.lose()
                throw .staleNFSFileHandle
            }
            transaction.state = state
            begun = state
        } catch {
            rollBack()
            throw error
        }
    }

    /// Ends the transaction.
    private func commit() throws(Errno) {
        if transaction.state != begun { try transaction.storeState() }
        try transaction.database.statement(.commit).run()
    }

    /// Takes the transaction back, unless SQLite has done so by itself.
    private func rollBack() {
        transaction.hasEnded = false
        guard transaction.database.isInTransaction else { return }
        // What fails here leaves a transaction open, and the next `BEGIN` will say so.
        try? transaction.database.statement(.rollback).run()
    }

    /// Waits until all that was committed is on the disk.
    private func synchronize(for group: [PendingWrite]) {
        while fdatasync(log) != 0 {
            guard errno != EINTR else { continue }
            // The kernel forgets what it could not write: nothing after this can be promised.
            status.fail()
            for write in group where write.isDurable { write.fail(.ioError) }
            return
        }
    }
}
