/// Decides for one worker whether it serves at home, on the CPU of its queue, or away, on a neighbour.
///
/// At home a caller that waits for each answer gets it without a wake-up across CPUs. Away the caller goes on while it is
/// served: readahead, requests queued by the dozen. Nothing in a request tells the two apart, so both seats are tried
/// for some milliseconds, in turn, and the better one is kept.
///
/// A value without clock or thread: whoever has those feeds it with rates, and moves the worker as it says.
struct SeatTrial: Sendable, Equatable {
    /// Where a worker runs.
    enum Seat: Sendable, Equatable {
        /// On the CPU whose queue it serves.
        case home
        /// On that CPU's neighbour.
        case away

        /// The other one.
        var other: Seat { self == .home ? .away : .home }
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

        private static func power(_ value: UInt64) -> Int { 64 - value.leadingZeroBitCount }
    }

    /// Where the worker runs outside of trials.
    private(set) var seat = Seat.home
    /// Looks until the next trial.
    private(set) var pause = 0
    private var backOff = SeatTrial.firstPause
    private var shape: Shape?
    /// Whether the next look is the first after a trial.
    private var isFresh = false

    /// Looks between the first trials of a load: at ten looks a second, half a second.
    static let firstPause = 5
    /// Looks between trials that keep finding the same: a trial costs a load that is best off where it is a few
    /// milliseconds.
    static let longestPause = 160
    /// A seat must be so much better to be moved to.
    static let gain = 1.08
    /// A seat that reaches less than this part of the other in its first window is tried no longer.
    static let hopeless = 0.85

    /// Takes a look at a worker that is at work.
    ///
    /// - Returns: whether it is time for a trial.
    mutating func look(_ shape: Shape) -> Bool {
        if isFresh {
            isFresh = false
            self.shape = shape
        } else if shape != self.shape {
            // Two looks of the same shape first: one across a change of loads tells of neither.
            self.shape = shape
            backOff = Self.firstPause
            pause = 1
            return false
        }
        pause -= 1
        return pause <= 0
    }

    /// Takes a look at a worker that has nothing to do: the next load starts at home.
    ///
    /// - Returns: whether the worker must be moved.
    mutating func rest() -> Bool {
        let wasAway = seat == .away
        self = SeatTrial()
        return wasAway
    }

    /// Takes the outcome of a trial.
    ///
    /// - Parameters:
    ///   - here: work a second where the worker has been.
    ///   - there: work a second at the other seat.
    mutating func conclude(here: Double, there: Double) {
        if there > here * Self.gain {
            seat = seat.other
            backOff = Self.firstPause
        } else {
            backOff = min(backOff * 2, Self.longestPause)
        }
        pause = backOff
        // Where it has moved, batches are other ones: the next look takes the shape without more ado.
        isFresh = true
    }
}
