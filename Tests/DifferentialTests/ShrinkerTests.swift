import Testing

@testable import Differential

/// Failing scripts become small.
@Suite
struct ShrinkerTests {
    @Test
    func keepsOnlyWhatIsNeeded() {
        let lines = (0..<100).map(String.init)
        let small = Shrinker.shrink(lines) { $0.contains("7") && $0.contains("93") }
        #expect(small == ["7", "93"])
    }

    @Test
    func takesAwayWhatOnlyAnotherLineNeeded() {
        // "b" must stay as long as "c" is there; only "a" is needed.
        let small = Shrinker.shrink(["a", "b", "c"]) { lines in
            lines.contains("a") && (lines.contains("b") || !lines.contains("c"))
        }
        #expect(small == ["a"])
    }

    @Test
    func givesUpAfterABoundedNumberOfTrials() {
        var trials = 0
        let lines = (0..<2000).map(String.init)
        let same = Shrinker.shrink(lines) { _ in
            trials += 1
            return false
        }
        #expect(same == lines)
        #expect(trials <= Shrinker.mostTrials)
    }
}
