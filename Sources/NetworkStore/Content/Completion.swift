internal import Synchronization

/// Something that happens once, which many tasks wait for.
final class Completion<Value: Sendable>: Sendable {
    /// A task that waits; the number tells those apart that may leave before it has happened, and is 0 for all others.
    private typealias Entry = (number: Int, waiter: Waiter<Value?>)

    private enum State {
        case waiting(ContiguousArray<Entry>)
        case done(Value)
    }

    private let state = Mutex(State.waiting([]))
    private let lastNumber = Atomic(0)

    /// Waits for it. Where the task is cancelled it goes on waiting: what is waited for does not depend on who waits.
    func wait() async -> Value {
        guard let value = await wait(as: 0) else { preconditionFailure("nobody leaves who has no number") }
        return value
    }

    /// Waits for it, but not where the task is cancelled, or not any longer.
    ///
    /// - Returns: `nil` in that case.
    func waitUnlessCancelled() async -> Value? {
        let number = lastNumber.wrappingAdd(1, ordering: .relaxed).newValue
        return await withTaskCancellationHandler {
            await wait(as: number)
        } onCancel: {
            leave(number)
        }
    }

    private func wait(as number: Int) async -> Value? {
        await Waiter.wait { waiter in
            let outcome: Value?? = state.withLock { state in
                switch state {
                case .done(let value): return .some(value)
                case .waiting(let others):
                    if number > 0, Task.isCancelled { return .some(nil) }
                    state = .waiting(others + [(number, waiter)])
                    return nil
                }
            }
            if let outcome { waiter.resume(returning: outcome) }
        }
    }

    /// Lets a task go on that has been cancelled; nothing where it does not wait, or not any more.
    private func leave(_ number: Int) {
        let waiter: Waiter<Value?>? = state.withLock { state in
            guard case .waiting(var others) = state, let index = others.firstIndex(where: { $0.number == number })
            else { return nil }
            let entry = others.remove(at: index)
            state = .waiting(others)
            return entry.waiter
        }
        waiter?.resume(returning: nil)
    }

    /// It has happened.
    func finish(_ value: Value) {
        let waiting = state.withLock { state in
            guard case .waiting(let waiting) = state else { preconditionFailure("finished twice") }
            state = .done(value)
            return waiting
        }
        for entry in waiting { entry.waiter.resume(returning: value) }
    }
}
