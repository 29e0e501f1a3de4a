internal import Synchronization

/// What is done when nothing else has helped in time.
final class LastResort: Sendable {
    private let action: @Sendable () -> Void
    private let isCancelled = Mutex(false)

    /// What is done then.
    init(_ action: @escaping @Sendable () -> Void) {
        self.action = action
    }

    /// Does it after a while, unless it was cancelled until then.
    func use(after grace: Duration) {
        Task.detached { [self] in
            try? await Task.sleep(for: grace)
            if !isCancelled.withLock({ $0 }) { action() }
        }
    }

    /// It is not needed any more.
    func cancel() {
        isCancelled.withLock { $0 = true }
    }
}
