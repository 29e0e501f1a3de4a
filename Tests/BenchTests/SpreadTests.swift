import Testing

@testable import Bench

/// The median is the value in the middle, or half-way between the two there, in whatever order values come.
@Test(arguments: [([5.0], 5.0), ([3, 1, 2], 2), ([4, 1, 3, 2], 2.5), ([10, 10, 1, 1], 5.5)] as [([Double], Double)])
func medianIsInTheMiddle(values: [Double], median: Double) throws {
    let spread = try #require(Spread(values))
    #expect(spread.median == median)
    #expect(spread.lowest == values.min())
    #expect(spread.highest == values.max())
    #expect(spread.count == values.count)
}

/// What cannot be a result counts as not measured, not as zero.
@Test func spreadLeavesOutWhatIsNoResult() throws {
    let spread = try #require(Spread([.nan, 3, -1, .infinity, 1]))
    #expect(spread == Spread([1, 3]))
    #expect(Spread([.nan, -1]) == nil)
    #expect(Spread([]) == nil)
    #expect(Spread([0])?.median == 0)
}

/// Quantiles lie straight between the nearest ranks.
@Test func quantilesLieBetweenRanks() {
    #expect(Spread.quantile(0, ofSorted: [1, 2, 4]) == 1)
    #expect(Spread.quantile(0.25, ofSorted: [1, 2, 4]) == 1.5)
    #expect(Spread.quantile(0.75, ofSorted: [1, 2, 4]) == 3)
    #expect(Spread.quantile(1, ofSorted: [1, 2, 4]) == 4)
}

/// The median of 7 draws from 1…7 is below 2 once in 100 times (at least four of seven draws at 1/7), and below 3 once
/// in 9 (at 2/7): so 2.5 % end at 2, and at 6 from above. With three or five values the ends are the values' own: 26 and
/// 5.8 % of the draws.
@Test(arguments: [(3, 1.0...3.0), (5, 1.0...5.0), (7, 2.0...6.0)])
func intervalIsThatOfTheBinomialDistribution(count: Int, expected: ClosedRange<Double>) {
    #expect(Bootstrap.interval(of: (1...count).map(Double.init)) == expected)
}

/// Fewer than three values have no interval.
@Test func intervalNeedsThreeValues() {
    #expect(Bootstrap.interval(of: []) == nil)
    #expect(Bootstrap.interval(of: [1, 2]) == nil)
    #expect(Bootstrap.interval(of: [2, 2, 2]) == 2...2)
}

/// An interval holds the median, stays among the values, and is always the same.
@Test(arguments: 0..<40)
func intervalHoldsTheMedian(seed: UInt64) throws {
    var numbers = SeededNumbers(seed: seed)
    let values = (0..<(3 + numbers.index(below: 18))).map { _ in Double.random(in: 0.1...10, using: &numbers) }
    let interval = try #require(Bootstrap.interval(of: values))
    let spread = try #require(Spread(values))
    #expect(interval.contains(spread.median))
    #expect(interval.lowerBound < interval.upperBound)
    #expect(interval.lowerBound >= spread.lowest)
    #expect(interval.upperBound <= spread.highest)
    #expect(Bootstrap.interval(of: values) == interval)
}

/// Twice the values have twice the interval: it follows from ranks alone.
@Test func intervalScalesWithValues() throws {
    let values = [1.0, 1.5, 1.25, 4, 2, 3]
    let interval = try #require(Bootstrap.interval(of: values))
    let twice = try #require(Bootstrap.interval(of: values.map { $0 * 2 }))
    #expect(twice == interval.lowerBound * 2...interval.upperBound * 2)
}
