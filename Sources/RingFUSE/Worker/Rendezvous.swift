/// Where a session and the threads of its workers meet while they start: each step is taken by all or by none.
///
/// Threads report with ``meet(_:)`` and sleep there until the session, which has collected all reports, decides.
final class Rendezvous<Report: Sendable, Verdict: Sendable>: Sendable {
    private struct State {
        var reports: [Report] = []
        var verdict: Verdict?
        var round = 0
    }

    private let size: Int
    private let state = Monitor(State())

    /// A meeting place.
    ///
    /// - Parameter size: how many threads report in each round.
    init(size: Int) { self.size = size }

    /// A thread's report; returns the session's verdict.
    func meet(_ report: Report) -> Verdict {
        let mine = state.change { state in
            state.reports.append(report)
            return state.round
        }
        return state.wait { state in state.round == mine ? nil : state.verdict }
    }

    /// A report on behalf of a thread that does not exist; does not wait.
    func report(_ report: Report) { state.change { $0.reports.append(report) } }

    /// All reports of a round, once every thread has reported.
    func collect() -> [Report] {
        let size = size
        return state.wait { state in state.reports.count < size ? nil : state.reports }
    }

    /// Ends a round: all threads go on with this verdict.
    func decide(_ verdict: Verdict) {
        state.change { state in
            state.verdict = verdict
            state.reports.removeAll()
            state.round += 1
        }
    }
}
