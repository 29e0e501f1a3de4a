import Testing

@testable import RingFUSE

/// When workers that are loaded together are tried on whichever of their CPUs has room.
@Suite struct RoamTrialTests {
    /// Looks until a trial is due; the number of looks.
    private func looks(_ trial: inout RoamTrial, loadedCount: Int) -> Int {
        for count in 1...1000 where trial.look(loadedCount: loadedCount) { return count }
        return 0
    }

    @Test func loadsTogetherAreTriedAtTheirSecondLook() {
        var trial = RoamTrial()
        let first = looks(&trial, loadedCount: 2)
        #expect(first == 2)
        #expect(!trial.isRoaming)
    }

    /// A caller that stays is its worker's alone.
    @Test func oneLoadIsNotTried() {
        var trial = RoamTrial()
        #expect(looks(&trial, loadedCount: 1) == 0)
        _ = trial.look(loadedCount: 2)
        _ = trial.look(loadedCount: 1)
        #expect(looks(&trial, loadedCount: 2) == 2)
    }

    /// A caller may stay with one queue while workers roam: that is no reason to go home.
    @Test func whatRoamsIsTriedAtHomeNowAndThen() {
        var trial = RoamTrial()
        _ = looks(&trial, loadedCount: 2)
        trial.conclude(isBetter: true)
        #expect(trial.isRoaming)
        #expect(looks(&trial, loadedCount: 1) == 5)
        trial.conclude(isBetter: false)
        #expect(trial.isRoaming)
        #expect(looks(&trial, loadedCount: 1) == 10)
        trial.conclude(isBetter: true)
        #expect(!trial.isRoaming)
        #expect(looks(&trial, loadedCount: 1) == 0)
    }

    @Test func trialsInVainBecomeRare() {
        var trial = RoamTrial()
        var pauses: [Int] = []
        for _ in 0..<8 {
            pauses.append(looks(&trial, loadedCount: 2))
            trial.conclude(isBetter: false)
        }
        #expect(pauses == [2, 10, 20, 40, 80, 160, 160, 160])
        #expect(!trial.isRoaming)
    }

    @Test func restLeadsHome() {
        var trial = RoamTrial()
        let isMovedAtFirst = trial.rest()
        _ = looks(&trial, loadedCount: 2)
        trial.conclude(isBetter: true)
        let isMoved = trial.rest()
        let isMovedAgain = trial.rest()
        #expect(!isMovedAtFirst && isMoved && !isMovedAgain)
        #expect(looks(&trial, loadedCount: 2) == 2)
    }
}
