/// What a worker has done up to a moment, from its counters.
struct Work: Sendable {
    /// Requests that have arrived.
    let requests: UInt64
    /// Bytes read and written.
    let bytes: UInt64
    /// Turns of the loop.
    let turns: UInt64
    /// Requests that another worker has lent.
    let guests: UInt64

    private init(requests: UInt64, bytes: UInt64, turns: UInt64, guests: UInt64) {
        self.requests = requests
        self.bytes = bytes
        self.turns = turns
        self.guests = guests
    }

    /// What a worker has done so far.
    init(of cells: MeterCells) {
        requests = (0..<MeterCells.opcodeCount).reduce(0) { $0 &+ cells.requests(of: $1) }
        bytes = cells.value(of: .bytesRead) &+ cells.value(of: .bytesWritten)
        turns = cells.value(of: .phase) / 2
        guests = cells.value(of: .guests)
    }

    /// Requests of its own queues.
    var ownRequests: UInt64 { requests > guests ? requests - guests : 0 }

    /// Bytes of its own queues, about.
    var ownBytes: UInt64 { requests > 0 ? UInt64(Double(bytes) * Double(ownRequests) / Double(requests)) : 0 }

    /// One number for rates: bytes count where requests are large.
    var amount: Double { Double(requests) + Double(bytes) / 16384 }

    static func - (later: Work, earlier: Work) -> Work {
        Work(
            requests: later.requests &- earlier.requests, bytes: later.bytes &- earlier.bytes,
            turns: later.turns &- earlier.turns, guests: later.guests &- earlier.guests)
    }
}
