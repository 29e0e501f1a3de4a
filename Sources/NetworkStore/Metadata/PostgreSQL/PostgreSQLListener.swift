internal import Glibc
internal import RingFUSE
internal import SystemPackage

/// The thread that hears of what other sessions change (`LISTEN`).
final class PostgreSQLListener: Sendable {
    /// How long a connection may be silent before it is asked whether it still is one, in milliseconds.
    private static let silenceInMilliseconds: Int32 = 30_000

    /// Between two attempts to reach a server that has been away for long.
    private static let pauseInMicroseconds: UInt32 = 1_000_000

    private struct State {
        var isClosed = false
        var isRunning = true
    }

    private let state = Monitor(State())
    /// Can be read when the thread is to end.
    private let wake: (read: Int32, write: Int32)

    /// Starts the thread.
    ///
    /// - Throws: `EAGAIN` where there can be no more threads, `EMFILE`.
    init(
        _ session: PostgreSQLSession,
        _ observer: @escaping @Sendable (ForeignChanges) -> Void
    ) throws(Errno) {
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw Errno(rawValue: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        wake = (ends[0], ends[1])
        let (state, wake) = (state, ends[0])
        do throws(Errno) {
            try DedicatedThread(name: "ringfuse-listen") { _ in
                Self.run(session, wake, observer) { state.change(wakingOnDemand: { state, _ in !state.isClosed }) }
                state.change { $0.isRunning = false }
            }.detach()
        } catch {
            close(ends[0])
            close(ends[1])
            throw error
        }
    }

    deinit {
        close(wake.read)
        close(wake.write)
    }

    /// Ends the thread, and waits for that.
    func stop() {
        state.change { $0.isClosed = true }
        var byte: UInt8 = 0
        _ = unsafe write(wake.write, &byte, 1)
        state.wait { state in state.isRunning ? nil : () }
    }

    /// The life of the thread.
    private static func run(
        _ session: PostgreSQLSession,
        _ wake: Int32,
        _ observer: (ForeignChanges) -> Void,
        while isWanted: () -> Bool
    ) {
        let link = PostgreSQLLink(session, preparing: [], [])
        while isWanted() {
            // It tries for as long as the session lives.
            guard let connection = try? link.connected(while: isWanted) else {
                usleep(pauseInMicroseconds)
                continue
            }
            do throws(PostgreSQLFailure) {
                let number = try connection.run(text: "SELECT 'volume'::regclass::oid::bigint")
                guard number.count == 1 else { throw .broken("the volume is gone") }
                try connection.run(text: "LISTEN ringfuse_\(number[0].int64(0))")
                // What was changed while nobody listened.
                observer(.everything)
                while isWanted() {
                    let heard = try connection.waitForNotifications(wake: wake, milliseconds: silenceInMilliseconds)
                    for text in heard ?? [] {
                        if let changes = ChangeNotice.changes(in: text, for: session.epoch) { observer(changes) }
                    }
                    if heard?.isEmpty == true { try connection.run(text: "SELECT 1") }
                }
            } catch {
                link.lose(error)
            }
        }
    }
}
