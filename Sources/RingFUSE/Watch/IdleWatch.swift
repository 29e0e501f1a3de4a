/// What the watchdog remembers of a worker's rest. Confined to its thread.
struct IdleWatch {
    /// What tells that a worker has done something: requests that came, and those that are not answered.
    private struct Work: Equatable {
        var requests: UInt64 = 0
        var busy = 0
    }

    private let member: Roster.Member
    private var seen = Work()
    private var since = ContinuousClock.now
    /// Whether its buffers take no memory: at first, and since they were given back.
    private var isClean = true

    /// A worker that has done nothing yet.
    init(_ member: Roster.Member) { self.member = member }

    /// Looks, and has buffers given back where the worker has rested for long enough.
    mutating func look(at now: ContinuousClock.Instant, limit: Duration) {
        guard let giveBack = member.giveBack else { return }
        let cells = member.meter.cells
        let work = Work(
            requests: (0..<MeterCells.opcodeCount).reduce(0) { $0 &+ cells.requests(of: $1) },
            busy: member.meter.busyCount)
        if work != seen {
            seen = work
            since = now
            isClean = false
        } else if !isClean && now - since >= limit {
            isClean = giveBack()
        }
    }
}
