/// How far a median can be trusted, found by drawing from the values themselves.
enum Bootstrap {
    /// Medians that are drawn: enough for the interval to stand still in its second digit.
    static let draws = 2000
    /// The fewest values that an interval is told for.
    static let fewestValues = 3
    /// What the draws follow from; any number would do.
    private static let seed: UInt64 = 0x52_49_4E_47

    /// The 95 % confidence interval of the median, by the percentile method; nil for fewer than three values.
    ///
    /// Equal values give equal intervals, whatever else a report holds.
    /// - Complexity: `draws` times sorting the values.
    static func interval(of values: [Double]) -> ClosedRange<Double>? {
        guard values.count >= fewestValues else { return nil }
        var numbers = SeededNumbers(seed: seed)
        var drawn = [Double](repeating: 0, count: values.count)
        var medians: [Double] = []
        medians.reserveCapacity(draws)
        for _ in 0..<draws {
            for place in drawn.indices { drawn[place] = values[numbers.index(below: values.count)] }
            drawn.sort()
            medians.append(Spread.median(ofSorted: drawn))
        }
        medians.sort()
        return Spread.quantile(0.025, ofSorted: medians)...Spread.quantile(0.975, ofSorted: medians)
    }
}
