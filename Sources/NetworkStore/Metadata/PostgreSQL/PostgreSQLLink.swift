internal import Glibc
internal import Synchronization
internal import SystemPackage

/// A connection that is made anew where it broke, for as long as somebody has the patience. Belongs to one thread.
final class PostgreSQLLink {
    /// Between two attempts.
    private static let pauseInMicroseconds: UInt32 = 200_000

    private let session: PostgreSQLSession
    private let statements: [PostgreSQLStatement]
    private let settings: [(String, String)]
    /// The connection; `nil` where it broke, or was never made.
    private var connection: PostgreSQLConnection?
    /// Since when the server cannot be reached.
    private var lostAt: ContinuousClock.Instant?
    /// When it was tried last, in vain.
    private var triedAt: ContinuousClock.Instant?
    /// Whether people were told so: each outage once.
    private var isTold = false

    /// A link.
    ///
    /// - Parameter connection: with these statements and settings; `nil` where nothing is connected yet.
    init(
        _ session: PostgreSQLSession,
        _ connection: PostgreSQLConnection? = nil,
        preparing statements: [PostgreSQLStatement],
        _ settings: [(String, String)]
    ) {
        self.session = session
        self.statements = statements
        self.settings = settings
        self.connection = connection
        connection?.ending = session.ending
    }

    /// The connection, made anew if need be; waits for that, but not for longer than ``PostgreSQLSession/patience`` since
    /// the server was lost. After that, each call tries once, unless the mount is to end (``PostgreSQLPatience``).
    ///
    /// - Parameter isWanted: asked before each attempt but the first.
    /// - Throws: `EIO`.
    func connected(while isWanted: () -> Bool = { true }) throws(Errno) -> PostgreSQLConnection {
        if let connection { return connection }
        let since = lostAt ?? .now
        lostAt = since
        while true {
            guard !isForbidden(since) else { throw .ioError }
            do throws(PostgreSQLFailure) {
                let made = try PostgreSQLConnection(session.location, preparing: statements, settings, session.ending)
                connection = made
                if isTold { session.say("reached the database again") }
                (lostAt, isTold) = (nil, false)
                return made
            } catch {
                triedAt = .now
                let wait = ContinuousClock.now - since
                guard wait < session.patience, !session.ending.hasRunOut(after: wait), isWanted() else {
                    tell("cannot reach the database: \(error)")
                    throw .ioError
                }
                usleep(Self.pauseInMicroseconds)
            }
        }
    }

    /// The connection is of no use any more.
    func lose(_ failure: PostgreSQLFailure) {
        // At the end it counts from when there was no answer: else the mount would wait for one, and then once more.
        let silence = session.ending.hasBegun ? connection?.silence ?? .zero : .zero
        let since = lostAt ?? .now - silence
        (connection, lostAt, triedAt) = (nil, since, .now)
        tell("lost the database\(isForbidden(since) ? "" : ", and try to reach it again"): \(failure)")
    }

    /// Whether it is not to be tried to reach a server that was lost.
    private func isForbidden(_ since: ContinuousClock.Instant) -> Bool {
        let now = ContinuousClock.now
        return session.ending.forbidsTrying(after: now - since, triedAt.map { now - $0 } ?? .seconds(3600))
    }

    private func tell(_ text: String) {
        if !isTold { session.say(text) }
        isTold = true
    }
}
