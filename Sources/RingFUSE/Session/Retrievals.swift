import Synchronization
import SystemPackage

/// Backends that wait for content out of the kernel's cache, by the numbers that its answers will have.
final class Retrievals: Sendable {
    /// What a waiting task gets.
    typealias Outcome = Result<[UInt8], Errno>

    private enum Place {
        /// Begun; nobody waits yet.
        case begun
        /// Somebody waits.
        case waiting(CheckedContinuation<Outcome, Never>)
        /// Over before anybody waited.
        case over(Outcome)
    }

    private struct State {
        var places: [UInt64: Place] = [:]
        var last: UInt64 = 0
        var hasEnded = false
    }

    /// Retrievals under way at the most: each may bring a megabyte.
    static let limit = 256

    private let state = Mutex(State())

    /// Takes a number for a retrieval.
    ///
    /// The kernel files the answer under it as it files requests under theirs, on the ring even among them. Those count
    /// up from 2 in steps of 2; the lowest bit means INTERRUPT and the highest a request sent again. So ours have the
    /// second highest bit.
    ///
    /// - Throws: `EAGAIN` where too many are under way, `ENOTCONN` after ``end()``.
    func begin() throws(Errno) -> UInt64 {
        try state.withLock { (state) throws(Errno) in
            if state.hasEnded { throw .socketNotConnected }
            guard state.places.count < Self.limit else { throw .resourceTemporarilyUnavailable }
            state.last &+= 2
            let number = state.last & (1 << 62 - 1) | 1 << 62
            state.places[number] = .begun
            return number
        }
    }

    /// Has a task wait.
    ///
    /// - Returns: false where it is over already; then the task has been resumed.
    func wait(for number: UInt64, _ continuation: CheckedContinuation<Outcome, Never>) -> Bool {
        let known: Outcome? = state.withLock { state in
            if case .over(let outcome) = state.places[number] {
                state.places[number] = nil
                return outcome
            }
            state.places[number] = .waiting(continuation)
            return nil
        }
        guard let known else { return true }
        continuation.resume(returning: known)
        return false
    }

    /// Ends a retrieval; later ends of it count for nothing.
    ///
    /// - Parameter outcome: called only where somebody wants it.
    func finish(_ number: UInt64, _ outcome: () -> Outcome) {
        let isWanted = state.withLock { state in
            switch state.places[number] {
            case .begun, .waiting: true
            case .over, nil: false
            }
        }
        if isWanted { finish(number, outcome()) }
    }

    /// Ends a retrieval; later ends of it count for nothing.
    func finish(_ number: UInt64, _ outcome: Outcome) {
        let continuation: CheckedContinuation<Outcome, Never>? = state.withLock { state in
            switch state.places[number] {
            case .begun:
                state.places[number] = .over(outcome)
                return nil
            case .waiting(let continuation):
                state.places[number] = nil
                return continuation
            case .over, nil:
                return nil
            }
        }
        continuation?.resume(returning: outcome)
    }

    /// Fails all with `ENOTCONN`, and those to come.
    func end() {
        let numbers = state.withLock { state in
            state.hasEnded = true
            return Array(state.places.keys)
        }
        for number in numbers { finish(number, .failure(.socketNotConnected)) }
    }
}

/// Marks the tasks that serve requests, and what inherits from them.
enum RequestMark {
    /// Whether the current task is one of them.
    @TaskLocal static var isServing = false
}
