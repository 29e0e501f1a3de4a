/// Decides for workers that have a load at the same time whether they stay at home, each on the CPU of its queue, or roam:
/// run on whichever of their two CPUs has room.
///
/// A scheduler that puts whoever wakes on a CPU that is idle moves a caller with each reply, since its own CPU is busy with
/// the worker that replies. Then requests of one caller alternate between queues, and at home each worker waits for the
/// CPU that the caller has just been given: of two CPUs one works at a time. Workers that roam are given the other one. Two
/// callers, on a CPU each, look the same from here, and are best served at home: so it is tried, as seats are
/// (``SeatTrial``).
///
/// A value without clock or thread, like that.
struct RoamTrial: Sendable, Equatable {
    /// Whether workers roam outside of trials.
    private(set) var isRoaming = false
    private var isKnown = false
    private var pace = TrialPace()

    /// Takes a look at a mount that has a load.
    ///
    /// - Parameter loadedCount: workers that have one.
    /// - Returns: whether it is time for a trial.
    mutating func look(loadedCount: Int) -> Bool {
        // While workers roam a caller may stay with one queue.
        guard isRoaming || loadedCount > 1 else {
            isKnown = false
            return false
        }
        guard isKnown else {
            isKnown = true
            pace.restart()
            return false
        }
        return pace.isDue()
    }

    /// Takes the outcome of a trial.
    ///
    /// - Parameter isBetter: whether it is to be the other way.
    mutating func conclude(isBetter: Bool) {
        if isBetter {
            isRoaming.toggle()
            pace.changed()
        } else {
            pace.changedNothing()
        }
    }

    /// Takes a look at a mount that has nothing to do: the next load starts at home.
    ///
    /// - Returns: whether workers must be moved.
    mutating func rest() -> Bool {
        let wasRoaming = isRoaming
        self = RoamTrial()
        return wasRoaming
    }
}
