import Testing

@testable import RingFUSE

/// When measuring two seats in turn tells which is better.
@Suite struct SeatComparisonTests {
    /// Measures until it is decided.
    private func compare(_ windows: (Int) -> (here: Double, there: Double)) -> SeatComparison {
        var comparison = SeatComparison()
        while !comparison.isDecided {
            let (here, there) = windows(comparison.pairs)
            comparison.add(here: here, there: there)
        }
        return comparison
    }

    @Test func aSteadyGainIsToldSoon() {
        let comparison = compare { _ in (100, 120) }
        #expect(comparison.isBetter)
        #expect(comparison.pairs == SeatComparison.leastPairs)
        #expect(comparison.here == 100)
        #expect(comparison.there == 120)
    }

    @Test func aSmallGainIsNone() {
        let comparison = compare { _ in (100, 105) }
        #expect(!comparison.isBetter)
        #expect(comparison.pairs == SeatComparison.leastPairs)
    }

    @Test func whatIsMuchWorseIsTriedOnce() {
        let comparison = compare { _ in (100, 80) }
        #expect(!comparison.isBetter)
        #expect(comparison.pairs == 1)
    }

    /// Bursts: most windows of either seat see nothing, and the mean of few says anything.
    @Test func burstsAreMeasuredForLonger() {
        let comparison = compare { $0 % 4 == 0 ? (0, 1000) : $0 % 4 == 2 ? (1000, 0) : (0, 0) }
        #expect(!comparison.isBetter)
        #expect(comparison.pairs > SeatComparison.leastPairs)
    }

    @Test func aGainInBurstsIsFound() {
        let comparison = compare { $0 % 2 == 0 ? (500, 1000) : (400, 1100) }
        #expect(comparison.isBetter)
    }

    @Test func itEnds() {
        let comparison = compare { $0 % 2 == 0 ? (100, 1000) : (1000, 100) }
        #expect(comparison.pairs == SeatComparison.mostPairs)
        #expect(!comparison.isBetter)
    }

    @Test func nothingIsNoGain() {
        let comparison = compare { _ in (0, 0) }
        #expect(!comparison.isBetter)
    }
}
