internal import Synchronization
internal import SystemPackage

/// Bounds how many blocks hold what is not committed: who writes faster than the store takes it has to wait.
final class DirtyBudget: Sendable {
    private struct State {
        var used = 0
        var waiting: [Int: Waiter<Void>] = [:]
        var nextWaiter = 0
        var refusal: Errno?
    }

    private let limit: Int
    private let state = Mutex(State())

    /// A budget of so many blocks.
    init(limit: Int) {
        self.limit = limit
    }

    /// Takes blocks, if that many are left.
    func take(_ count: Int) -> Bool {
        state.withLock { state in
            // One request of any size goes ahead when nobody else holds anything.
            guard state.used + count <= limit || state.used == 0 else { return false }
            state.used += count
            return true
        }
    }

    /// Gives blocks back.
    func give(_ count: Int) {
        guard count > 0 else { return }
        let waiting = state.withLock { state in
            state.used -= count
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        for waiter in waiting { waiter.resume(returning: ()) }
    }

    /// Blocks that are taken.
    var used: Int { state.withLock { $0.used } }

    /// Whether a good part is used: time to write things out.
    var isPressing: Bool { state.withLock { $0.used > limit / 2 } }

    /// Why nobody should wait: the store or the volume is full, which may last. Nil where something has been committed since.
    var refusal: Errno? { state.withLock { $0.refusal } }

    /// Notes that there is no room where blocks would go, and ends the waiting.
    func refuse(with error: Errno) {
        let waiting = state.withLock { state in
            state.refusal = error
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        for waiter in waiting { waiter.resume(returning: ()) }
    }

    /// Notes that there is room.
    func accept() { state.withLock { $0.refusal = nil } }

    /// Waits until something is given back; not at all where that many are left already. Ends early where nobody should wait
    /// (``refusal``), and where the task is cancelled: whoever writes to a store that is away must be able to give up.
    func wait(for count: Int) async {
        let number = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await Waiter.wait { waiter in
                let isFree = state.withLock { state in
                    guard state.used + count > limit, state.used > 0, state.refusal == nil, !Task.isCancelled
                    else { return true }
                    state.waiting[number] = waiter
                    return false
                }
                if isFree { waiter.resume(returning: ()) }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(returning: ())
        }
    }
}
