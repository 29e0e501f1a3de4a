internal import SystemPackage

/// What changes are made with: the connection for it, and its transaction.
///
/// Belongs to whoever has taken it from the ``Writer``.
@safe
final class WriterCore: @unchecked Sendable {
    private let transaction: Transaction<Database>
    private let lock: VolumeLock
    private let checkpointer: Checkpointer
    private let status: EngineStatus
    /// Pages in the log.
    private let logPages: UnsafeMutablePointer<Int>

    /// A writer of a volume that was taken.
    init(
        _ transaction: Transaction<Database>,
        lock: VolumeLock,
        _ checkpointer: Checkpointer,
        _ status: EngineStatus
    ) {
        self.transaction = transaction
        self.lock = lock
        self.checkpointer = checkpointer
        self.status = status
        unsafe logPages = .allocate(capacity: 1)
        unsafe logPages.initialize(to: 0)
        unsafe transaction.rows.countLogPages(in: logPages)
    }

    deinit {
        transaction.rows.stopCountingLogPages()
        unsafe logPages.deallocate()
    }

    /// Does operations in one transaction, or each in its own where one of them fails halfway, and resumes their tasks, but
    /// for those that are done and have to be durable.
    ///
    /// - Returns: these.
    func run(_ group: [PendingWrite<Database>]) -> [PendingWrite<Database>] {
        let durable = attempt(group) ?? group.flatMap { attempt([$0]) ?? [] }
        checkpointer.note(logPages: unsafe logPages.pointee)
        return durable
    }

    /// Reads what was committed last; no transaction is open.
    func read<Result>(_ body: (Database) throws(Errno) -> Result) throws(Errno) -> Result {
        try body(transaction.rows)
    }

    /// Ends the use of the volume.
    ///
    /// - Returns: the lock, to be released when the connection is closed, which it is with this.
    func end() -> VolumeLock {
        checkpointer.stop()
        status.check { () throws(SQLiteFailure) in _ = try transaction.rows.checkpoint(resets: true) }
        return lock
    }

    /// Does operations in one transaction.
    ///
    /// - Returns: those that wait for the disk; `nil` where all is as before, and nobody has been resumed.
    private func attempt(_ group: [PendingWrite<Database>]) -> [PendingWrite<Database>]? {
        do throws(Errno) {
            try begin()
        } catch {
            return finish(group, error)
        }
        for write in group {
            guard let failure = perform(write) else { continue }
            rollBack()
            return group.count == 1 ? finish(group, failure) : nil
        }
        do throws(Errno) {
            try commit()
        } catch {
            rollBack()
            return group.count == 1 ? finish(group, error) : nil
        }
        for write in group where !write.isDurable { write.resume() }
        return group.filter(\.isDurable)
    }

    /// Has all operations fail.
    private func finish(_ group: [PendingWrite<Database>], _ error: Errno) -> [PendingWrite<Database>] {
        for write in group {
            write.fail(error)
            write.resume()
        }
        return []
    }

    /// Does an operation.
    ///
    /// - Returns: why it failed, where it has left something that must be taken back.
    private func perform(_ write: PendingWrite<Database>) -> Errno? {
        guard !transaction.hasEnded else {
            write.fail(.staleNFSFileHandle)
            return nil
        }
        let state = transaction.state
        let changes = transaction.rows.changeCount
        transaction.revivable.removeAll(keepingCapacity: true)
        guard let failure = write.perform(transaction) else { return nil }
        let isClean =
            transaction.rows.changeCount == changes && transaction.state == state
            && transaction.rows.isInTransaction
        return isClean ? nil : failure
    }

    // MARK: Transactions

    /// State at the beginning of the transaction.
    private var begun: VolumeState?

    /// Opens a transaction, and checks that the volume is still this session's.
    ///
    /// - Throws: `ESTALE`, `EIO`.
    private func begin() throws(Errno) {
        try status.check()
        try transaction.rows.statement(.begin).run()
        do throws(Errno) {
            let state = try transaction.rows.volumeState()
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
        if transaction.state != begun { try transaction.rows.store(transaction.state) }
        try transaction.rows.statement(.commit).run()
    }

    /// Takes the transaction back, unless SQLite has done so by itself.
    private func rollBack() {
        transaction.hasEnded = false
        guard transaction.rows.isInTransaction else { return }
        // What fails here leaves a transaction open, and the next `BEGIN` will say so.
        try? transaction.rows.statement(.rollback).run()
    }
}
