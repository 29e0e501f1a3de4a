/// What two seats of a worker have reached, measured in turn, and whether that is enough to tell which is better.
///
/// A steady load is told after few windows. One that comes in bursts, as a program's that writes and then waits for all to
/// be stored, does nothing in one window and much in the next, wherever it is served: it is measured until the difference
/// is more than chance, or for so long that it is left where it is.
struct SeatComparison: Sendable {
    /// Pairs of windows so far.
    private(set) var pairs = 0
    private var hereSum = 0.0
    private var differenceSum = 0.0
    private var squareSum = 0.0
    private var isHopeless = false

    /// A seat must be so much better to be moved to.
    static let gain = 1.08
    /// A seat that reaches less than this part of the other in its first window is tried no longer.
    static let hopeless = 0.85
    /// Pairs of windows at least.
    static let leastPairs = 4
    /// Pairs of windows at most: a fifth of a second.
    static let mostPairs = 16

    /// Takes what was measured in two windows.
    ///
    /// - Parameters:
    ///   - here: work a second where the worker has been.
    ///   - there: work a second at the seat that is tried.
    mutating func add(here: Double, there: Double) {
        if pairs == 0 { isHopeless = there < here * Self.hopeless }
        pairs += 1
        hereSum += here
        differenceSum += there - here
        squareSum += (there - here) * (there - here)
    }

    /// Work a second where the worker has been.
    var here: Double { hereSum / Double(max(pairs, 1)) }
    /// Work a second at the seat that is tried.
    var there: Double { here + difference }

    private var difference: Double { differenceSum / Double(max(pairs, 1)) }

    /// The standard error of the difference.
    private var error: Double {
        guard pairs > 1 else { return .infinity }
        let variance = (squareSum - differenceSum * difference) / Double(pairs - 1)
        return (max(0, variance) / Double(pairs)).squareRoot()
    }

    /// What the difference must be.
    private var wanted: Double { here * (Self.gain - 1) }

    /// Whether more windows would tell no more, or are not worth it.
    var isDecided: Bool {
        if isHopeless || pairs >= Self.mostPairs { return true }
        return pairs >= Self.leastPairs && abs(difference - wanted) >= 2 * error
    }

    /// Whether the seat is to be taken.
    var isBetter: Bool { !isHopeless && pairs >= Self.leastPairs && difference - wanted > error }
}
