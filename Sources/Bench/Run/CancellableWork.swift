internal import Synchronization

/// Work that can be cancelled from outside, without the task that waits for it.
final class CancellableWork: Sendable {
    private struct State {
        var isCancelled = false
        var cancel: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// Cancels the work, or what will be run later.
    func cancel() {
        let cancel = state.withLock { state in
            state.isCancelled = true
            return state.cancel
        }
        cancel?()
    }

    /// Runs the work in a task of its own, and waits for it.
    func run<Success: Sendable>(
        _ body: @escaping @Sendable () async throws -> Success
    ) async -> Result<Success, any Error> {
        let task = Task.detached { try await body() }
        let isCancelled = state.withLock { state in
            state.cancel = { task.cancel() }
            return state.isCancelled
        }
        if isCancelled { task.cancel() }
        return await task.result
    }
}
