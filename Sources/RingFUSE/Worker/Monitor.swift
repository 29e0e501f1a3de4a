#if canImport(Glibc)
    import Glibc
#endif

/// State that threads guard with a lock and wait for changes of.
///
/// `Synchronization.Mutex` has no condition to wait on. For start-up, shut-down and notifications only: workers on the
/// hot path wait in their transport.
@safe
package final class Monitor<State>: @unchecked Sendable {
    // Guarded by the mutex.
    private var state: State
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>

    /// A monitor of some state.
    package init(_ state: sending State) {
        self.state = state
        unsafe mutex = .allocate(capacity: 1)
        unsafe changed = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        // A clock that is set must not end a wait.
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(changed, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe pthread_cond_destroy(changed)
        unsafe mutex.deallocate()
        unsafe changed.deallocate()
    }

    /// Changes the state and wakes who waits for that.
    package func change<Result>(_ body: (inout State) -> sending Result) -> sending Result {
        unsafe pthread_mutex_lock(mutex)
        defer {
            unsafe pthread_cond_broadcast(changed)
            unsafe pthread_mutex_unlock(mutex)
        }
        return body(&state)
    }

    /// Changes the state, and wakes who waits for that where `body` says so in its second argument, which is false before.
    package func change<Result>(
        wakingOnDemand body: (inout State, inout Bool) -> sending Result
    ) -> sending Result {
        var wakes = false
        unsafe pthread_mutex_lock(mutex)
        defer {
            if wakes { unsafe pthread_cond_broadcast(changed) }
            unsafe pthread_mutex_unlock(mutex)
        }
        return body(&state, &wakes)
    }

    /// Waits until `body` gets a result out of the state.
    ///
    /// - Parameter body: called with the lock held, at first and after each change; `nil` goes on waiting.
    package func wait<Result>(for body: (inout State) -> sending Result?) -> sending Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&state) { return result }
            unsafe pthread_cond_wait(changed, mutex)
        }
    }

    /// Waits until `body` gets a result out of the state, but not for longer than a while.
    ///
    /// - Parameters:
    ///   - duration: how long at the most.
    ///   - body: called with the lock held, at first, after each change, and at the end.
    /// - Returns: `nil` where there was none.
    package func wait<Result>(
        noLongerThan duration: Duration,
        for body: (inout State) -> sending Result?
    ) -> sending Result? {
        var end = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &end)
        let (seconds, attoseconds) = duration.components
        let nanoseconds = end.tv_nsec + Int(attoseconds / 1_000_000_000)
        end.tv_sec += Int(seconds) + nanoseconds / 1_000_000_000
        end.tv_nsec = nanoseconds % 1_000_000_000
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&state) { return result }
            guard unsafe pthread_cond_timedwait(changed, mutex, &end) == 0 else { return body(&state) }
        }
    }
}
