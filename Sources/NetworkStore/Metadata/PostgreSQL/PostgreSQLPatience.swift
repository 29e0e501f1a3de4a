internal import Synchronization

/// For how long the threads of a session wait for a server that does not answer, once its mount is to end. Before that it bounds
/// nothing: they have limits of their own. Any thread may call anything.
final class PostgreSQLPatience: Sendable {
    private struct State {
        /// Since when the mount is to end; `nil` while it is used.
        var start: ContinuousClock.Instant?
        var limit = Duration.zero
        var isLast = false
        var isOver = false
        var isGivenUp = false
    }

    private let state = Mutex(State())

    /// The mount is to end.
    ///
    /// - Parameters:
    ///   - limit: how long each wait may be from now on; what was said first stays.
    ///   - isLast: whether a server that was waited for so long is given up.
    func begin(_ limit: Duration, isLast: Bool) {
        state.withLock { state in
            if state.start == nil { (state.start, state.limit) = (.now, limit) }
            if isLast { state.isLast = true }
        }
    }

    /// Nothing is waited for any more.
    func end() { state.withLock { $0.isOver = true } }

    /// Whether the mount is to end.
    var hasBegun: Bool { state.withLock { $0.start != nil } }

    /// Whether somebody who has waited for some time until now has done so for long enough.
    func hasRunOut(after wait: Duration) -> Bool {
        state.withLock { state in
            guard !state.isOver, let start = state.start else { return state.isOver }
            return min(wait, .now - start) >= state.limit
        }
    }

    /// Whether it is not even to be tried again after such a wait: in the end never, and before that after a while, since each try may take
    /// seconds in which programs wait.
    ///
    /// - Parameter rest: since it was tried last.
    func forbidsTrying(after wait: Duration, _ rest: Duration) -> Bool {
        hasRunOut(after: wait) && state.withLock { $0.isLast || $0.isOver || rest < $0.limit }
    }

    /// Somebody needed the server in vain.
    func giveUp() { state.withLock { if $0.isLast { $0.isGivenUp = true } } }

    /// Whether the server was given up.
    var isGivenUp: Bool { state.withLock { $0.isGivenUp } }
}
