/// How often a load is tried at other seats: soon at first, and ever less often while that changes nothing.
struct TrialPace: Sendable, Equatable {
    /// Looks until the next trial.
    private(set) var pause = 0
    private var backOff = TrialPace.firstPause

    /// Looks between the first trials of a load: at ten looks a second, half a second.
    static let firstPause = 5
    /// Looks between trials that keep finding the same: a trial costs a load that is best off where it is a few
    /// milliseconds.
    static let longestPause = 160

    /// Takes a look.
    ///
    /// - Returns: whether it is time for a trial.
    mutating func isDue() -> Bool {
        pause -= 1
        return pause <= 0
    }

    /// There is another load: it is tried at the next look, since one across a change of loads tells of neither.
    mutating func restart() {
        backOff = Self.firstPause
        pause = 1
    }

    /// There is more to try, at the next look.
    mutating func goOn() { pause = 1 }

    /// A trial has changed something.
    mutating func changed() {
        backOff = Self.firstPause
        pause = backOff
    }

    /// A trial has found that things are best as they are.
    mutating func changedNothing() {
        backOff = min(backOff * 2, Self.longestPause)
        pause = backOff
    }
}
