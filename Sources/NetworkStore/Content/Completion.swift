internal import Synchronization

/// Something that happens once, which many tasks wait for.
final class Completion<Value: Sendable>: Sendable {
    private enum State {
        case waiting(ContiguousArray<Waiter<Value>>)
        case done(Value)
    }

    private let state = Mutex(State.waiting([]))

    /// Waits for it. Where the task is cancelled it goes on waiting: what is waited for does not depend on who waits.
    func wait() async -> Value {
        await Waiter.wait { waiter in
            let value: Value? = state.withLock { state in
                switch state {
                case .done(let value): return value
                case .waiting(let others):
                    state = .waiting(others + [waiter])
                    return nil
                }
            }
            if let value { waiter.resume(returning: value) }
        }
    }

    /// It has happened.
    func finish(_ value: Value) {
        let waiting = state.withLock { state in
            guard case .waiting(let waiting) = state else { preconditionFailure("finished twice") }
            state = .done(value)
            return waiting
        }
        for waiter in waiting { waiter.resume(returning: value) }
    }
}
