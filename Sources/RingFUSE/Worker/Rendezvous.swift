#if canImport(Glibc)
import Glibc
#endif

/// Where a session and the threads of its workers meet while they start: each step is taken by all or by none.
///
/// Threads report with ``meet(_:)`` and sleep there until the session, which has collected all reports, decides.
@safe
final class Rendezvous<Report: Sendable, Verdict: Sendable>: @unchecked Sendable {
    // Guarded by the mutex.
    private var reports: [Report] = []
    private var verdict: Verdict?
    private var round = 0

    private let size: Int
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>

    /// A meeting place.
    ///
    /// - Parameter size: how many threads report in each round.
    init(size: Int) {
        self.size = size
        unsafe mutex = .allocate(capacity: 1)
        unsafe changed = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(changed, nil)
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe pthread_cond_destroy(changed)
        unsafe mutex.deallocate()
        unsafe changed.deallocate()
    }

    /// A thread's report; returns the session's verdict.
    func meet(_ report: Report) -> Verdict {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        let mine = round
        reports.append(report)
        unsafe pthread_cond_broadcast(changed)
        while round == mine { unsafe pthread_cond_wait(changed, mutex) }
        guard let verdict else { preconditionFailure("a round ends with a verdict") }
        return verdict
    }

    /// A report on behalf of a thread that does not exist; does not wait.
    func report(_ report: Report) {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        reports.append(report)
        unsafe pthread_cond_broadcast(changed)
    }

    /// All reports of a round, once every thread has reported.
    func collect() -> [Report] {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while reports.count < size { unsafe pthread_cond_wait(changed, mutex) }
        return reports
    }

    /// Ends a round: all threads go on with this verdict.
    func decide(_ verdict: Verdict) {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        self.verdict = verdict
        reports.removeAll()
        round += 1
        unsafe pthread_cond_broadcast(changed)
    }
}
