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
        unsafe pthread_cond_init(changed, nil)
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
}
