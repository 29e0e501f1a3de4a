internal import RingFUSE
internal import Synchronization

/// Tasks on a volume's worker that nobody waits for, all of which can be cancelled at the end.
final class BackgroundTasks: Sendable {
    private struct State {
        var last = 0
        /// Those that have not ended; `nil` for one that is just being started.
        var running: [Int: Task<Void, Never>?] = [:]
        var areCancelled = false
    }

    private let worker: BackgroundWorker
    private let state = Mutex(State())

    /// None yet.
    init(_ worker: BackgroundWorker) { self.worker = worker }

    /// Starts a task.
    func start(_ body: @escaping @Sendable (borrowing AsyncIO) async -> Void) {
        let number = state.withLock { state in
            state.last += 1
            state.running[state.last] = .some(nil)
            return state.last
        }
        let task = worker.start { io in
            await body(io)
            self.state.withLock { _ = $0.running.removeValue(forKey: number) }
        }
        let isCancelled = state.withLock { state in
            // It may have ended by now.
            if state.running[number] != nil { state.running[number] = task }
            return state.areCancelled
        }
        if isCancelled { task.cancel() }
    }

    /// Cancels all that run, and that are started from now on: what they wait for fails.
    func cancel() {
        let running = state.withLock { state in
            state.areCancelled = true
            return state.running.values.compactMap { $0 }
        }
        for task in running { task.cancel() }
    }
}
