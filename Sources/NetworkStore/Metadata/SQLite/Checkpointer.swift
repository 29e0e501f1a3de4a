internal import RingFUSE
internal import SystemPackage

/// Copies pages from the log into the database, on a thread of its own, so that no operation waits for it: it syncs both
/// files.
final class Checkpointer: Sendable {
    /// Pages in the log at which it begins: 16 MiB. SQLite itself takes a quarter of that; but each time that the log starts
    /// anew, its header is synced before the next commit, on the thread of whoever makes that.
    private static let threshold = 4096
    /// Pages in the log from which on it keeps writers and readers waiting for the log to start anew: while changes never
    /// pause, each copy leaves a few pages that came meanwhile, and the log would grow for ever.
    private static let limit = 32_768

    private struct State {
        /// Pages in the log.
        var pages = 0
        /// Those of them that were in the database after the last round: with fewer new ones than the threshold, there is nothing worth two
        /// syncs.
        var done = 0
        var isClosed = false
        var isRunning = true

        /// Whether it is time for a round.
        var isDue: Bool { pages - done >= Checkpointer.threshold }

        /// Notes how long the log is.
        mutating func note(_ pages: Int) {
            self.pages = pages
            // A log that has started anew is shorter than what was done of the one before.
            if pages < done { done = 0 }
        }
    }

    private let state = Monitor(State())

    /// Starts the thread.
    ///
    /// - Parameter database: a connection of its own.
    /// - Throws: `EAGAIN` where there can be no more threads.
    init(_ database: Database, _ status: EngineStatus) throws(Errno) {
        let state = state
        let database = Handover(database)
        try DedicatedThread(name: "ringfuse-check") { _ in
            Self.run(state, database.take(), status)
            // The connection is closed by now.
            state.change { $0.isRunning = false }
        }.detach()
    }

    /// Tells how long the log is.
    func note(logPages: Int) {
        guard logPages >= Self.threshold else { return }
        // The log stays long while changes do not pause: each of them would wake the thread in vain.
        state.change { state, wakes in
            state.note(logPages)
            wakes = state.isDue
        }
    }

    /// Ends the thread, and waits for that.
    func stop() {
        state.change { $0.isClosed = true }
        state.wait { state in state.isRunning ? nil : () }
    }

    /// The life of the thread.
    private static func run(_ state: Monitor<State>, _ database: consuming Database, _ status: EngineStatus) {
        while true {
            let goesOn: Bool = state.wait { state in
                if state.isClosed { return false }
                return state.isDue ? true : nil
            }
            guard goesOn else { break }
            var done: Int?
            status.check { () throws(SQLiteFailure) in
                var result = try database.checkpoint(resets: false)
                // Little is left to be copied, so nobody waits long.
                if result.log >= limit { result = try database.checkpoint(resets: true) }
                // All of it: the next commit starts the log anew.
                done = result.done == result.log ? 0 : result.done
            }
            state.change { state in
                state.pages = 0
                if let done { state.done = done }
            }
        }
    }
}
