import Foundation
import Synchronization

/// How many times longer than usual tests wait: for machines that are emulated. `RINGFUSE_TEST_PATIENCE` has it.
let patience = max(1, ProcessInfo.processInfo.environment["RINGFUSE_TEST_PATIENCE"].flatMap { Int($0) } ?? 1)

/// A value that another thread or task provides once.
final class Promise<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var waiters: [CheckedContinuation<Value?, Never>] = []
    }

    private let state = Mutex(State())

    /// The value, where it is there already.
    var current: Value? { state.withLock { $0.value } }

    /// Provides the value; the first one counts.
    func keep(_ value: Value) {
        let waiters = state.withLock { state in
            if state.value == nil { state.value = value }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: value) }
    }

    /// Waits for the value.
    ///
    /// - Throws: ``TimeIsUp``, with the name of what was waited for.
    func value(within limit: Duration, _ what: String) async throws -> Value {
        let limit = limit * patience
        let timer = Task {
            guard (try? await Task.sleep(for: limit)) != nil else { return }
            giveUp()
        }
        defer { timer.cancel() }
        let value = await withCheckedContinuation { continuation in
            let known: Value? = state.withLock { state in
                if state.value == nil { state.waiters.append(continuation) }
                return state.value
            }
            if let known { continuation.resume(returning: known) }
        }
        guard let value else { throw TimeIsUp(what: what, limit: limit) }
        return value
    }

    private func giveUp() {
        let waiters = state.withLock { state in
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: nil) }
    }
}

/// Something did not come in time.
struct TimeIsUp: Error, CustomStringConvertible {
    /// What was waited for.
    let what: String
    /// How long.
    let limit: Duration

    /// One line.
    var description: String { "\(what): not within \(limit)" }
}

/// Waits until a condition holds.
///
/// The limit tells a hang from slowness, nothing else: suites run side by side, on machines that have other things to do.
///
/// - Parameter what: What is waited for, as it is when the time is up.
/// - Throws: ``TimeIsUp``, with the name of what was waited for.
func eventually(
    within limit: Duration = .seconds(60),
    _ what: @autoclosure () -> String,
    _ condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let limit = limit * patience
    let end = clock.now + limit
    while try await !condition() {
        guard clock.now < end else { throw TimeIsUp(what: what(), limit: limit) }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// Runs something that may block, such as access to a mount of this very process, on a thread of its own.
func onOwnThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Swift.Result(catching: body)) }
    }
}
