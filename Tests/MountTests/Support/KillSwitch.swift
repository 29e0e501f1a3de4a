import Glibc
import Synchronization

/// Kills a server between two steps that it takes on a ``VolatileDisk``: when the first has been made, and the second is about to be.
///
/// From then on the disk stays as it is at that moment, whatever the process had under way.
final class KillSwitch: Sendable {
    /// Two steps, one right after the other in one place; where the second is one of the metadata, the first is the last one elsewhere.
    /// Several of one name are one.
    struct Gap: Hashable, Sendable, CustomStringConvertible {
        /// `nil` for any.
        var former: String?
        let next: String

        /// For people.
        var description: String { "between '\(former ?? "anything")' and '\(next)'" }

        /// Whether it is what is asked for.
        func matches(_ target: Gap) -> Bool { next == target.next && former == target.former ?? former }
    }

    private struct State {
        var target: Gap?
        var process: pid_t?
        var isKilled = false
        var isStoreAway = false
        /// The last step in each place.
        var last: [DiskStep.Place: String] = [:]
        /// The last step that was none of the metadata.
        var lastElsewhere = "start"
        var gaps: [Gap] = []

        /// Notes a step.
        ///
        /// - Returns: the gap before it; `nil` where it goes on with the one before.
        mutating func take(_ name: String, in place: DiskStep.Place) -> Gap? {
            let isMetadata = place == .metadata
            let former = isMetadata ? lastElsewhere : last[place] ?? "start"
            let goesOn = last[place] == name && (!isMetadata || gaps.contains(Gap(former: former, next: name)))
            last[place] = name
            if !isMetadata { lastElsewhere = name }
            guard !goesOn else { return nil }
            let gap = Gap(former: former, next: name)
            if !gaps.contains(gap) { gaps.append(gap) }
            return gap
        }
    }

    private let state = Mutex(State())
    /// Called when the process is killed, before anybody sees that it has ended.
    private let onKill: @Sendable () -> Void

    /// A switch that kills nobody yet.
    init(onKill: @escaping @Sendable () -> Void) { self.onKill = onKill }

    /// Forgets what was, and kills the next process in a gap; nobody where that is `nil`.
    func set(_ target: Gap?) { state.withLock { $0 = State(target: target) } }

    /// The process that may be killed.
    func arm(_ process: pid_t) { state.withLock { $0.process = process } }

    /// The process that may be killed; 0 for none yet.
    var process: pid_t { state.withLock { $0.process ?? 0 } }

    /// Somebody else has killed it.
    func noteKill() { state.withLock { $0.isKilled = true } }

    /// Objects cannot be stored from now on.
    func takeStoreAway() { state.withLock { $0.isStoreAway = true } }

    /// Whether the process was killed.
    var hasKilled: Bool { state.withLock { $0.isKilled } }

    /// All gaps so far, in the order in which they came first.
    var gaps: [Gap] { state.withLock { $0.gaps } }

    /// Whether a step may be made.
    func allows(_ step: DiskStep) -> Bool {
        guard let place = step.place else { return true }
        let (isAllowed, isDue) = state.withLock { state -> (Bool, Bool) in
            guard !state.isKilled else { return (false, false) }
            if state.isStoreAway, place == .objects { return (false, false) }
            let gap = state.take(step.name, in: place)
            if let gap, let target = state.target { state.isKilled = gap.matches(target) }
            return (!state.isKilled, state.isKilled)
        }
        guard isDue else { return isAllowed }
        // It may have been started a moment ago. It does not end before this request of it is answered.
        while true {
            if let process = state.withLock({ $0.process }) {
                _ = kill(process, SIGKILL)
                onKill()
                return false
            }
            usleep(1000)
        }
    }
}
