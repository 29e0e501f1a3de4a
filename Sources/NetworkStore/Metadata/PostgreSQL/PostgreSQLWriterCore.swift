internal import RingFUSE
internal import SystemPackage

/// What changes are made with: a group of operations at a time is one transaction of the database, in two round trips. The first
/// begins it and reads what the operations need; they run in memory; the second sends what they have changed, and commits.
///
/// Belongs to the writer's thread.
final class PostgreSQLWriterCore {
    /// An operation and what it needs.
    struct Item: Sendable {
        /// The operation.
        let write: PendingWrite<RowCache>
        /// What is known that it will ask for.
        let needs: RowNeeds
    }

    /// A transaction of which it is not known whether it was committed.
    private struct Uncertain {
        /// The numbers that are left if it was.
        let numbers: NumberRanges
        /// Whether nobody waits for it any more: its operations have failed.
        var isAbandoned = false
    }

    /// How often a group is done again that met another mount's.
    private static let attemptLimit = 20
    /// How many notifications wait to be told late; where there are more, others are told that anything may have changed.
    private static let untoldLimit = 100

    private let session: PostgreSQLSession
    private let link: PostgreSQLLink
    private let rows: RowCache
    private let transaction: Transaction<RowCache>
    /// Transactions of this session that the database has, as far as it has said so.
    private var commits: Int64
    /// After a connection broke while it committed: what is to be found out.
    private var uncertain: Uncertain?
    /// What others have not been told of yet, since the connection broke between the commit and that.
    private var untold: [String] = []
    /// Asked while the server cannot be reached: whether anybody still waits for it.
    private let isWanted: () -> Bool

    /// What a session that has begun changes rows with.
    ///
    /// - Parameter numbers: what it has taken of them.
    init(
        _ session: PostgreSQLSession,
        _ connection: PostgreSQLConnection,
        _ numbers: NumberRanges,
        while isWanted: @escaping () -> Bool
    ) {
        self.session = session
        self.isWanted = isWanted
        link = PostgreSQLLink(
            session, connection, preparing: PostgreSQLStatement.writing, session.writerSettings)
        rows = RowCache(connection, session.cipher)
        rows.numbers = numbers
        let nothing = VolumeState(epoch: session.epoch, nextNode: 0, nextObject: 0, nodes: 0, bytes: 0, garbageBytes: 0)
        transaction = Transaction(rows, session.volume, session: session.epoch, nothing)
        commits = 0
    }

    // MARK: Groups

    /// Does operations in one transaction, or each in its own where the server refuses that, and resumes their tasks.
    func run(_ group: [Item]) {
        // What comes after the session's end, as its last word that it lives.
        guard !transaction.hasEnded else { return finish(group, .staleNFSFileHandle) }
        var attempts = 0
        while true {
            do throws(Errno) {
                try session.status.check()
                rows.connection = try link.connected(while: isWanted)
            } catch {
                // What follows is not what was being committed.
                uncertain?.isAbandoned = true
                if error == .ioError { session.ending.giveUp() }
                return finish(group, error)
            }
            do throws(PostgreSQLFailure) {
                guard try attempt(group) else {
                    session.say("the volume has ended this session, which was silent for too long; mount it again")
                    session.status.lose()
                    rollBack()
                    return finish(group, .staleNFSFileHandle)
                }
                for item in group { item.write.resume() }
                return
            } catch {
                attempts += 1
                guard !error.isBroken else {
                    link.lose(error)
                    continue
                }
                rollBack()
                if error.isTransient, attempts < Self.attemptLimit { continue }
                guard group.count == 1 else { return group.forEach { run([$0]) } }
                session.say("the database refuses a change: \(error) (\(error.state))")
                return finish(group, error.errno)
            }
        }
    }

    /// Has all operations fail.
    private func finish(_ group: [Item], _ error: Errno) {
        for item in group {
            item.write.fail(error)
            item.write.resume()
        }
    }

    /// Does operations in one transaction.
    ///
    /// - Returns: `false` where there is no such session any more.
    private func attempt(_ group: [Item]) throws(PostgreSQLFailure) -> Bool {
        var numbers = rows.numbers
        do throws(PostgreSQLFailure) {
            var needs = RowNeeds.none
            for item in group { needs.add(item.needs) }
            guard let beginning = try rows.begin(needs, session: session.epoch) else { return false }
            if try hasCommitted(beginning) { return true }
            numbers = rows.numbers
            try beginState()
            let begun = transaction.state
            for item in group { try perform(item.write) }
            try commit(
                since: begun, durably: rows.mustBeDurable || group.contains { $0.write.isDurable },
                tells: beginning.sessions > 1)
            return true
        } catch {
            rows.numbers = numbers
            throw error
        }
    }

    /// Whether the transaction before this one, of which it was not known, has been committed, and was of the same
    /// operations. Then this one is over.
    private func hasCommitted(_ beginning: RowCache.Beginning) throws(PostgreSQLFailure) -> Bool {
        defer { uncertain = nil }
        if let before = uncertain, beginning.commits == commits + 1 {
            commits += 1
            rows.numbers = before.numbers
            if before.isAbandoned { return false }
            rollBack()
            return true
        }
        if beginning.commits < commits {
            session.say(
                "the database has lost the last \(commits - beginning.commits) transactions of this mount, in which"
                    + " nothing was durable: it has crashed")
        }
        commits = beginning.commits
        return false
    }

    /// What counts for the whole volume: what this transaction changes of it; and where there are limits, how much there is.
    private func beginState() throws(PostgreSQLFailure) {
        transaction.state.nodes = 0
        transaction.state.bytes = 0
        transaction.state.garbageBytes = 0
        guard session.volume.byteLimit != nil || session.volume.nodeLimit != nil else { return }
        let usage = try rows.connection.run(text: "SELECT nodes, bytes, garbage_bytes FROM state")
        guard usage.count == 1 else { throw PostgreSQLFailure(state: "XX001", "the counters of the volume are gone") }
        transaction.state.nodes = usage[0].int64(0)
        transaction.state.bytes = usage[0].int64(1)
        transaction.state.garbageBytes = usage[0].int64(2)
    }

    /// Does an operation; one that fails leaves nothing.
    private func perform(_ write: PendingWrite<RowCache>) throws(PostgreSQLFailure) {
        guard !transaction.hasEnded else { return write.fail(.staleNFSFileHandle) }
        let state = transaction.state
        rows.mark()
        transaction.revivable.removeAll(keepingCapacity: true)
        let error = write.perform(transaction)
        if let failure = rows.failure { throw failure }
        guard error != nil else { return }
        rows.undo()
        transaction.state = state
    }

    // MARK: Transactions

    /// Ends the transaction: one round trip.
    ///
    /// - Parameters:
    ///   - begun: what counted for the volume when it began.
    ///   - durably: whether it is waited for until it is on the server's disk, and all before it.
    ///   - tells: whether there are other sessions, which want to know.
    private func commit(since begun: VolumeState, durably: Bool, tells: Bool) throws(PostgreSQLFailure) {
        let (connection, state) = (rows.connection, transaction.state)
        if durably { try connection.send(text: "SET LOCAL synchronous_commit = on") }
        try rows.sendChanges()
        try connection.send(
            .storeSession,
            PostgreSQLParameters(
                session.epoch, commits + 1, state.nodes - begun.nodes, state.bytes - begun.bytes,
                state.garbageBytes - begun.garbageBytes))
        for ended in rows.endedSessions { try rows.sendEnd(of: ended) }
        try connection.send(text: "COMMIT")
        let notice = tells ? ChangeNotice.text(of: rows.changes, by: session.epoch) : nil
        let toldLate = untold
        if let notice { untold.append(notice) }
        uncertain = Uncertain(numbers: rows.numbers)
        do throws(PostgreSQLFailure) {
            try exchange()
        } catch {
            // What was not committed is done again, and told then.
            if !error.isBroken { (untold, uncertain) = (toldLate, nil) }
            throw error
        }
    }

    /// Has the server do what was sent, the commit with it, and then tell other sessions: one round trip.
    ///
    /// They are told in a transaction of its own, which waits for no disk: one that notifies holds a lock until it is over that
    /// lets one such transaction at a time commit, of all that the server has (`PreCommit_Notify`).
    private func exchange() throws(PostgreSQLFailure) {
        let connection = rows.connection
        guard !untold.isEmpty else {
            try connection.exchange()
            return committed()
        }
        let failure = try connection.exchange { () throws(PostgreSQLFailure) in
            for notice in untold {
                var parameters = PostgreSQLParameters()
                parameters.add(notice)
                try connection.send(.notify, parameters)
            }
        }
        committed()
        guard let failure else { return untold = [] }
        session.say("other mounts will be told late of a change: \(failure)")
        if untold.count > Self.untoldLimit { untold = [ChangeNotice.everything(by: session.epoch)] }
        if failure.isBroken { link.lose(failure) }
    }

    /// The server has committed.
    private func committed() {
        uncertain = nil
        commits += 1
    }

    /// Takes the transaction back.
    private func rollBack() {
        transaction.hasEnded = false
        do throws(PostgreSQLFailure) { try rows.connection.run(text: "ROLLBACK") } catch { link.lose(error) }
    }
}
