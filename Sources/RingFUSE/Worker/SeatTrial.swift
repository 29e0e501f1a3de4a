/// Decides for one worker whether it serves at home, on the CPU of its queue, away, on a neighbour, or on both, with
/// the neighbour's worker (``Loan``).
///
/// At home a caller that waits for each answer gets it without a wake-up across CPUs. Away the caller goes on while it is
/// served: readahead, requests queued by the dozen. On both, large requests that come together are copied by two CPUs.
/// Nothing in a request tells which is best, so the seats are tried for some milliseconds, in turn with the present one,
/// and the better one is kept.
///
/// A value without clock or thread: whoever has those feeds it with rates, and moves the worker as it says.
struct SeatTrial: Sendable, Equatable {
    /// Where a worker runs.
    enum Seat: Sendable, Equatable {
        /// On the CPU whose queue it serves.
        case home
        /// On that CPU's neighbour.
        case away
        /// At home, with help of the neighbour's worker.
        case both
    }

    /// What a load looks like; where that changes, what was found out before means nothing.
    struct Shape: Sendable, Equatable {
        /// Bytes of a request, as a power of two.
        let sizeClass: Int
        /// Requests of a turn of the loop, as a power of two.
        let batchClass: Int

        /// The shape of what was done between two looks.
        init(requests: UInt64, bytes: UInt64, turns: UInt64) {
            sizeClass = Self.power(bytes / max(1, requests))
            batchClass = Self.power(requests / max(1, turns))
        }

        /// Whether large requests come several at a time: what two CPUs may copy faster than one.
        var isBulk: Bool { sizeClass >= Self.power(32768) && batchClass > 1 }

        private static func power(_ value: UInt64) -> Int { 64 - value.leadingZeroBitCount }
    }

    /// Where the worker runs outside of trials.
    private(set) var seat = Seat.home
    /// Whether there is a worker that can help.
    let hasHelper: Bool
    /// Seats that were tried in vain since the last pause.
    private var vain = 0
    private var pace = TrialPace()
    private var shape: Shape?

    /// A worker at home.
    init(hasHelper: Bool = false) { self.hasHelper = hasHelper }

    /// Whether the next look is the first after a trial.
    private var isFresh = false

    /// The seat that is to be tried.
    var candidate: Seat { candidates[vain % candidates.count] }

    /// Seats that may be better, the likeliest first.
    private var candidates: [Seat] {
        let isBulk = hasHelper && shape?.isBulk == true
        switch seat {
        case .home: return isBulk ? [.both, .away] : [.away]
        case .away: return isBulk ? [.home, .both] : [.home]
        case .both: return [.home, .away]
        }
    }

    /// Takes a look at a worker that is at work.
    ///
    /// - Returns: whether it is time for a trial.
    mutating func look(_ shape: Shape) -> Bool {
        if isFresh {
            isFresh = false
            self.shape = shape
        } else if shape != self.shape {
            // Two looks of the same shape first.
            self.shape = shape
            pace.restart()
            vain = 0
            return false
        }
        return pace.isDue()
    }

    /// Takes a look at a worker that has nothing to do: the next load starts at home.
    ///
    /// - Returns: whether the worker must be moved.
    mutating func rest() -> Bool {
        let wasElsewhere = seat != .home
        self = SeatTrial(hasHelper: hasHelper)
        return wasElsewhere
    }

    /// Takes the outcome of a trial.
    ///
    /// - Parameter isBetter: whether the seat that was tried is to be taken.
    mutating func conclude(isBetter: Bool) {
        if isBetter {
            seat = candidate
            pace.changed()
            vain = 0
        } else if vain + 1 < candidates.count {
            vain += 1
            pace.goOn()
        } else {
            vain = 0
            pace.changedNothing()
        }
        // Where it has moved, batches are other ones: the next look takes the shape without more ado.
        isFresh = true
    }
}
