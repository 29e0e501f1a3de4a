/// What the watchdog remembers of a worker's rest, and of how large its requests are. Confined to its thread.
struct IdleWatch {
    /// What tells that a worker has done something: requests that came, and those that are not answered.
    private struct Work: Equatable {
        var requests: UInt64 = 0
        var busy = 0
        var bytes: UInt64 = 0
    }

    private let member: Roster.Member
    private var seen = Work()
    private var since = ContinuousClock.now
    /// Whether its buffers take no memory: at first, and since they were given back.
    private var isClean = true
    /// Whether its buffers take huge pages.
    private var isHuge = false

    /// Bytes between two looks, and in the mean request, from which on requests count as large.
    private static let largeFlow: UInt64 = 64 << 20
    private static let largeRequest: UInt64 = 64 << 10

    /// A worker that has done nothing yet.
    init(_ member: Roster.Member) { self.member = member }

    /// Looks, and has buffers given back where the worker has rested for long enough.
    mutating func look(at now: ContinuousClock.Instant, limit: Duration) {
        guard let giveBack = member.giveBack else { return }
        let cells = member.meter.cells
        let work = Work(
            requests: (0..<MeterCells.opcodeCount).reduce(0) { $0 &+ cells.requests(of: $1) },
            busy: member.meter.busyCount, bytes: cells.value(of: .bytesRead) &+ cells.value(of: .bytesWritten))
        if work != seen {
            let (bytes, requests) = (work.bytes &- seen.bytes, work.requests &- seen.requests)
            if !isHuge && bytes >= Self.largeFlow && bytes / max(1, requests) >= Self.largeRequest {
                isHuge = true
                member.useHugePages()
            }
            seen = work
            since = now
            isClean = false
        } else if !isClean && now - since >= limit {
            isClean = giveBack()
            isHuge = false
        }
    }
}
