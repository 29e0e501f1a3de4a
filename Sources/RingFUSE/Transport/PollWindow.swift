/// How long a worker looks for requests before it sleeps (`--poll`).
///
/// It pays where the worker has a CPU that callers do not use: a wake-up across CPUs costs more than the request.
struct PollWindow: Sendable {
    private let nanoseconds: Int64

    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        nanoseconds = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    /// Whether there is no polling.
    var isEmpty: Bool { nanoseconds <= 0 }

    /// Looks until there is something or the time is over.
    ///
    /// - Returns: whether there is something.
    func spin(until isReady: () -> Bool) -> Bool {
        let start = ContinuousClock.now
        repeat {
            // Reading the clock costs more than looking: look a few times for each reading.
            for _ in 0..<32 where isReady() { return true }
        } while ContinuousClock.now - start < .nanoseconds(nanoseconds)
        return false
    }
}
