/// Where some values lie.
public struct Spread: Sendable, Equatable {
    /// The value in the middle, or the mean of the two there.
    public let median: Double
    /// The lowest value.
    public let lowest: Double
    /// The highest value.
    public let highest: Double
    /// How many values there are.
    public let count: Int

    /// Where some values lie; nil where there is none.
    ///
    /// What is not a number, infinite or below zero counts as not measured: no quantity of a benchmark is.
    public init?(_ values: some Sequence<Double>) {
        let sorted = values.filter(Spread.isMeasured).sorted()
        guard let lowest = sorted.first, let highest = sorted.last else { return nil }
        median = Spread.median(ofSorted: sorted)
        self.lowest = lowest
        self.highest = highest
        count = sorted.count
    }

    /// Whether a value can be a result.
    static func isMeasured(_ value: Double) -> Bool { value.isFinite && value >= 0 }

    /// The median of at least one value.
    static func median(ofSorted values: [Double]) -> Double {
        let upper = values[values.count / 2]
        if values.count % 2 == 1 { return upper }
        let lower = values[values.count / 2 - 1]
        return lower + (upper - lower) / 2
    }

    /// The value that a share of sorted values lies below, straight between the two nearest ranks.
    static func quantile(_ share: Double, ofSorted values: [Double]) -> Double {
        let rank = share * Double(values.count - 1)
        let below = Int(rank.rounded(.down))
        let above = min(below + 1, values.count - 1)
        return values[below] + (values[above] - values[below]) * (rank - Double(below))
    }
}
