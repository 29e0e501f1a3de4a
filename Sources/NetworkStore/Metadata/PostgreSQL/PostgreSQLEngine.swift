internal import RingFUSE
internal import Synchronization
internal import SystemPackage

/// The metadata of a volume in PostgreSQL: for several machines at a time.
///
/// Changes are made by one thread, in groups; a group is one transaction, in two round trips. Reads are asked by threads of their own,
/// so that what many ask at a time shares a round trip. Each mount is a session with a lease, by the clock of the server: one
/// that has been silent for longer is ended by another, and nothing that it sends after that is committed.
public final class PostgreSQLEngine: MetadataEngine {
    /// How long a session may be silent.
    public static let usualLease = Duration.seconds(30)
    /// How long closing waits without a word.
    private static let quietWait = Duration.seconds(2)

    /// Which volume it is; read when it was opened.
    public let volume: VolumeDescription
    /// What all threads of this session share.
    let session: PostgreSQLSession
    /// What reads.
    let readers: PostgreSQLReaders
    /// What changes; `nil` where the volume is only read.
    private let writer: PostgreSQLWriter?
    /// What keeps the session.
    private let keeper: PostgreSQLKeeper?
    /// What hears of others, once somebody wants to.
    private let listener = Mutex<PostgreSQLListener?>(nil)

    /// An engine out of its parts.
    init(
        _ session: PostgreSQLSession,
        _ readers: PostgreSQLReaders,
        _ writer: PostgreSQLWriter? = nil,
        _ keeper: PostgreSQLKeeper? = nil
    ) {
        volume = session.volume
        self.session = session
        self.readers = readers
        self.writer = writer
        self.keeper = keeper
    }

    /// Ends the session, having disposed of what it leaves, and closes the connections.
    ///
    /// Without it, or where the server does not answer, another session does so, when the lease is over. Waits as long as
    /// ``limitWaiting(to:isLast:)`` has said, if it has, and says so where that takes a while.
    public func close() async {
        let (session, readers, writer, keeper) = (session, readers, writer, keeper)
        let listener = listener.withLock { $0.take() }
        if writer != nil {
            let notice = Task {
                guard (try? await Task.sleep(for: Self.quietWait)) != nil else { return }
                session.say("waiting until the database has ended this session")
            }
            let isEnded: Void? = try? await write(.none, durably: true) { (transaction) throws(Errno) in
                try transaction.endSession(transaction.session)
            }
            notice.cancel()
            if isEnded == nil, !isLost {
                session.say("this session is not ended in the database: others do that when its lease is over")
            }
        }
        session.status.lose()
        session.ending.end()
        // Threads may be waiting for the server.
        _ = try? await DedicatedThread.run(name: "ringfuse-close") {
            listener?.stop()
            keeper?.stop()
            writer?.stop()
            readers.close()
            writer?.waitForEnd()
        }
    }

    /// Encrypts small content, too.
    public func encryptInline(with key: VolumeKey) { session.cipher.unlock(with: key) }

    /// Whether other sessions may change the volume meanwhile: always.
    public var isShared: Bool { true }

    /// Whether this session has lost the volume.
    public var isLost: Bool { session.status.isLost }

    /// The mount is to end: a server that does not answer is not waited for for long.
    public func limitWaiting(to patience: Duration, isLast: Bool) { session.ending.begin(patience, isLast: isLast) }

    /// Whether the server was given up.
    public var isSilent: Bool { session.ending.isGivenUp }

    /// The server, the database and the schema.
    public var server: String? { session.location.description }

    /// Has somebody told of what other sessions change.
    public func watch(_ observer: @escaping @Sendable (ForeignChanges) -> Void) {
        do throws(Errno) {
            let listener = try PostgreSQLListener(session, observer)
            self.listener.withLock { $0 = listener }
        } catch {
            session.say("what other mounts change is not heard of: \(error)")
        }
    }

    /// Has a change made.
    ///
    /// - Parameters:
    ///   - needs: rows that it will ask for.
    ///   - durably: whether it has to be there after a crash of the server.
    /// - Throws: `EROFS` where the volume is only read; what `body` throws; `EIO`, `ENOSPC`, `ESTALE`.
    func write<Outcome: Sendable>(
        _ needs: RowNeeds,
        durably: Bool = false,
        _ body: @escaping @Sendable (Transaction<RowCache>) throws(Errno) -> Outcome
    ) async throws(Errno) -> Outcome {
        guard let writer else { throw .readOnlyFileSystem }
        return try await Write<RowCache, Outcome>(isDurable: durably, body).run { writer.add($0, needs) }
    }
}
