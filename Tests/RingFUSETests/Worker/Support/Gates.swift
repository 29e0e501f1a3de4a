import Glibc
import Synchronization
import SystemPackage

/// Where requests of the tests' backend wait until a test lets them go on, from whichever thread.
final class Gates: Sendable {
    private struct State {
        var waiting: [UInt64: CheckedContinuation<Int32, Never>] = [:]
        var cancelled: Set<UInt64> = []
        var isOpen = false
    }

    private let state = Mutex(State())

    /// Waits until the gate is opened, cancelled or not.
    ///
    /// - Returns: the errno that it was opened with, or 0.
    func pass(_ unique: UInt64) async -> Int32 {
        await withCheckedContinuation { continuation in
            let result: Int32? = state.withLock { state in
                if state.isOpen { return 0 }
                if state.cancelled.contains(unique) { return EINTR }
                precondition(state.waiting.updateValue(continuation, forKey: unique) == nil, "served twice at once")
                return nil
            }
            if let result { continuation.resume(returning: result) }
        }
    }

    /// Waits until the gate is opened or the task is cancelled, which throws `EINTR`.
    func passUnlessCancelled(_ unique: UInt64) async -> Int32 {
        let result = await withTaskCancellationHandler {
            await pass(unique)
        } onCancel: {
            let waiting = state.withLock { state in
                state.cancelled.insert(unique)
                return state.waiting.removeValue(forKey: unique)
            }
            waiting?.resume(returning: EINTR)
        }
        state.withLock { _ = $0.cancelled.remove(unique) }
        return result
    }

    /// Lets a request go on.
    ///
    /// - Returns: whether it was waiting.
    @discardableResult
    func open(_ unique: UInt64, errno: Int32 = 0) -> Bool {
        let waiting = state.withLock { $0.waiting.removeValue(forKey: unique) }
        waiting?.resume(returning: errno)
        return waiting != nil
    }

    /// Lets some request go on.
    ///
    /// - Returns: whether there was one.
    func openAny() -> Bool {
        let waiting = state.withLock { state in
            state.waiting.keys.first.flatMap { state.waiting.removeValue(forKey: $0) }
        }
        waiting?.resume(returning: 0)
        return waiting != nil
    }

    /// Lets all go on, now and later.
    func openAll() {
        let all = state.withLock { state in
            defer { state.waiting = [:] }
            state.isOpen = true
            return state.waiting
        }
        for waiting in all.values { waiting.resume(returning: 0) }
    }

    /// The requests that wait.
    var waiting: [UInt64] { state.withLock { $0.waiting.keys.sorted() } }
}
