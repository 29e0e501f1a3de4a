/// One contender's results held against the baseline's, round by round.
///
/// The machine's mood changes from round to round, and takes both with it: the ratio within a round is what stays.
public struct Comparison: Sendable, Equatable {
    /// The median of the ratios of all pairs: above 1 is more than the baseline.
    public let ratio: Double
    /// Where the median lies with a confidence of 95 % (bootstrap, percentile method); nil for fewer than three pairs.
    ///
    /// With fewer than six pairs it promises too much: even from the lowest ratio to the highest, three pairs hold the
    /// true median three times out of four, and five 94 times out of 100.
    public let interval: ClosedRange<Double>?
    /// How many rounds have both.
    public let pairs: Int

    /// Compares results of the same rounds; nil where there is no pair.
    ///
    /// A pair counts if both are measured and the baseline's is above zero.
    /// - Parameter pairs: The contender's result and the baseline's, of one round each.
    public init?(pairs: [(result: Double, baseline: Double)]) {
        let ratios = pairs.compactMap { pair -> Double? in
            guard Spread.isMeasured(pair.result), Spread.isMeasured(pair.baseline) else { return nil }
            let ratio = pair.result / pair.baseline
            return Spread.isMeasured(ratio) ? ratio : nil
        }
        guard let spread = Spread(ratios) else { return nil }
        ratio = spread.median
        interval = Bootstrap.interval(of: ratios)
        self.pairs = spread.count
    }
}
