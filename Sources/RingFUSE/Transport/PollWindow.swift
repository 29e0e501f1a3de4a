/// How long a worker looks for requests before it sleeps (`--poll`).
///
/// It pays where the worker has a CPU that callers do not use: a wake-up across CPUs costs more than the request.
///
/// Only while it pays: after windows in vain it is left out for more and more turns, up to ``longestPause``.
struct PollWindow: Sendable {
    private let nanoseconds: Int64
    /// Windows in vain since the last that was not.
    private var misses = 0
    /// Turns until the next window.
    private var pause = 0

    /// Windows in vain before any is left out: callers pause.
    private static let patience = 4
    /// Turns that are left out at the most.
    private static let longestPause = 256

    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        nanoseconds = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    /// Looks until there is something or the time is over.
    ///
    /// - Returns: whether there is something.
    @inline(never)  // What it needs of the clock would be set up by its caller, on each turn, also without polling.
    mutating func spin(until isReady: () -> Bool) -> Bool {
        let start = ContinuousClock.now
        repeat {
            // Reading the clock costs more than looking: look a few times for each reading.
            for _ in 0..<32 where isReady() {
                misses = 0
                return true
            }
        } while ContinuousClock.now - start < .nanoseconds(nanoseconds)
        misses += 1
        if misses >= Self.patience { pause = min(1 << min(misses - Self.patience, 16), Self.longestPause) }
        return false
    }

    /// Whether a worker that has nothing to do is to look for a while before it sleeps. Counts a turn.
    mutating func isDue() -> Bool {
        if nanoseconds <= 0 { return false }
        if pause == 0 { return true }
        pause -= 1
        return false
    }
}
