internal import RingFUSE
internal import SystemPackage

/// The thread that keeps a session alive: says so several times in each lease, and has those ended that have not.
final class PostgreSQLKeeper: Sendable {
    private struct State {
        var isClosed = false
        var isRunning = true
    }

    private let state = Monitor(State())

    /// Starts the thread.
    ///
    /// - Throws: `EAGAIN` where there can be no more threads.
    init(_ session: PostgreSQLSession, _ writer: PostgreSQLWriter) throws(Errno) {
        let (state, interval) = (state, session.lease / 4)
        let watch = ExpiryWatch(patience: interval)
        try DedicatedThread(name: "ringfuse-lease") { _ in
            while state.change({ !$0.isClosed }) {
                // Any transaction does it; this one also looks after others.
                writer.add(
                    Write<RowCache, Void>(isDurable: false) { (transaction) throws(Errno) in
                        try transaction.endExpiredSessions(watch)
                    }, .none)
                _ = state.wait(noLongerThan: interval) { $0.isClosed ? true : nil }
            }
            state.change { $0.isRunning = false }
        }.detach()
    }

    /// Ends the thread, and waits for that.
    func stop() {
        state.change { $0.isClosed = true }
        state.wait { state in state.isRunning ? nil : () }
    }
}
