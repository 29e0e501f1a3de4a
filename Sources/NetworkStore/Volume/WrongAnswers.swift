internal import Synchronization

/// Answers of a store with bytes that are not what was stored: counted, and told once for each object, so that a reader who tries again
/// and again does not fill the log.
final class WrongAnswers: Sendable {
    /// Objects that are remembered as told; where there are more, the count has to do.
    private static let limit = 256

    private struct State {
        var toldOf: Set<ObjectNumber> = []
        var say: (@Sendable (String) -> Void)?
    }

    private let counters: VolumeCounters
    private let state = Mutex(State())

    /// None yet.
    init(_ counters: VolumeCounters) { self.counters = counters }

    /// Has somebody told from now on, in one line.
    func tell(_ say: @escaping @Sendable (String) -> Void) { state.withLock { $0.say = say } }

    /// There was one.
    func count() {
        counters.failedFetches.count()
        counters.wrongFetches.count()
    }

    /// Tells what has come of asking again.
    func note(_ object: ObjectNumber, _ key: ObjectKey, isRightNow: Bool) {
        let say: (@Sendable (String) -> Void)? = state.withLock { state in
            guard state.toldOf.count < Self.limit, state.toldOf.insert(object).inserted else { return nil }
            return state.say
        }
        let outcome =
            isRightNow
            ? "and the right ones when it was asked again: look at what is between it and here"
            : "twice, and they are not read: `ringfuse store fsck --scrub` names all that is damaged"
        say?("the store gave wrong bytes of \(key), \(outcome)")
    }
}
