internal import Synchronization

/// Lets one task in at a time, in the order in which they came.
final class Gate: Sendable {
    private struct State {
        var isTaken = false
        var waiting: ContiguousArray<Waiter<Void>> = []
    }

    private let state = Mutex(State())

    /// Runs a body while no other does.
    func pass<Result, Failure: Error>(_ body: () async throws(Failure) -> Result) async throws(Failure) -> Result {
        await enter()
        defer { leave() }
        return try await body()
    }

    private func enter() async {
        await Waiter.wait { waiter in
            let isFree = state.withLock { state in
                if state.isTaken { state.waiting.append(waiter) }
                defer { state.isTaken = true }
                return !state.isTaken
            }
            if isFree { waiter.resume(returning: ()) }
        }
    }

    private func leave() {
        let next: Waiter<Void>? = state.withLock { state in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.isTaken = false
            return nil
        }
        next?.resume(returning: ())
    }
}
