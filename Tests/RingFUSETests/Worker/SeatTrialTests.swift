import SystemPackage
import Testing

@testable import RingFUSE

/// Where a worker is moved to, and when it is tried.
@Suite struct SeatTrialTests {
    private let small = SeatTrial.Shape(requests: 1000, bytes: 4_096_000, turns: 1000)
    private let large = SeatTrial.Shape(requests: 1000, bytes: 131_072_000, turns: 1000)
    private let batched = SeatTrial.Shape(requests: 1000, bytes: 4_096_000, turns: 50)

    /// Looks until a trial is due; the number of looks.
    private func looks(_ trial: inout SeatTrial, _ shape: SeatTrial.Shape) -> Int {
        for count in 1...1000 where trial.look(shape) { return count }
        return 0
    }

    @Test func aLoadIsTriedAtItsSecondLook() {
        var trial = SeatTrial()
        let first = looks(&trial, small)
        #expect(first == 2)
        #expect(trial.seat == .home)
    }

    @Test func onlyAClearGainMoves() {
        var trial = SeatTrial()
        _ = looks(&trial, small)
        trial.conclude(isBetter: false)
        #expect(trial.seat == .home)
        _ = looks(&trial, small)
        trial.conclude(isBetter: true)
        #expect(trial.seat == .away)
        _ = looks(&trial, small)
        trial.conclude(isBetter: false)
        #expect(trial.seat == .away)
        _ = looks(&trial, small)
        trial.conclude(isBetter: true)
        #expect(trial.seat == .home)
    }

    @Test func trialsInVainBecomeRare() {
        var trial = SeatTrial()
        var pauses: [Int] = []
        for _ in 0..<8 {
            pauses.append(looks(&trial, small))
            trial.conclude(isBetter: false)
        }
        #expect(pauses == [2, 10, 20, 40, 80, 160, 160, 160])
    }

    @Test func anotherLoadIsTriedAnew() {
        var trial = SeatTrial()
        for _ in 0..<6 {
            _ = looks(&trial, small)
            trial.conclude(isBetter: false)
        }
        _ = trial.look(small)
        let toLarge = looks(&trial, large)
        #expect(toLarge == 2)
        trial.conclude(isBetter: false)
        _ = trial.look(large)
        let toBatched = looks(&trial, batched)
        #expect(toBatched == 2)
    }

    /// What large requests in batches gain from a second CPU is tried first, and nothing else is shared.
    @Test func onlyBulkIsShared() {
        let bulk = SeatTrial.Shape(requests: 1000, bytes: 131_072_000, turns: 200)
        #expect(bulk.isBulk)
        #expect(!small.isBulk && !large.isBulk && !batched.isBulk)
        var trial = SeatTrial(hasHelper: true)
        _ = looks(&trial, large)
        #expect(trial.candidate == .away)
        _ = looks(&trial, bulk)
        #expect(trial.candidate == .both)
        trial.conclude(isBetter: false)
        #expect(trial.candidate == .away)
        #expect(looks(&trial, bulk) == 1)
        trial.conclude(isBetter: false)
        #expect(trial.candidate == .both)
        #expect(looks(&trial, bulk) == 10)
        trial.conclude(isBetter: true)
        #expect(trial.seat == .both)
        let isMoved = trial.rest()
        #expect(isMoved && trial.seat == .home && trial.hasHelper)
        var alone = SeatTrial()
        _ = looks(&alone, bulk)
        #expect(alone.candidate == .away)
    }

    /// A worker that shares goes home, or away, when that is found better.
    @Test func sharingEnds() {
        let bulk = SeatTrial.Shape(requests: 1000, bytes: 131_072_000, turns: 200)
        var trial = SeatTrial(hasHelper: true)
        _ = looks(&trial, bulk)
        trial.conclude(isBetter: true)
        _ = looks(&trial, small)
        #expect(trial.candidate == .home)
        trial.conclude(isBetter: true)
        #expect(trial.seat == .home)
        #expect(trial.candidate == .away)
    }

    @Test func restLeadsHome() {
        var trial = SeatTrial()
        let isMovedAtFirst = trial.rest()
        #expect(!isMovedAtFirst)
        _ = looks(&trial, large)
        trial.conclude(isBetter: true)
        #expect(trial.seat == .away)
        let isMoved = trial.rest()
        #expect(isMoved)
        #expect(trial.seat == .home)
        let isMovedAgain = trial.rest()
        #expect(!isMovedAgain)
    }

    @Test func shapesTellSizesAndBatchesApart() {
        #expect(small == SeatTrial.Shape(requests: 900, bytes: 3_686_400, turns: 800))
        #expect(small != large)
        #expect(small != batched)
        #expect(SeatTrial.Shape(requests: 0, bytes: 0, turns: 0) == SeatTrial.Shape(requests: 0, bytes: 0, turns: 9))
    }
}

/// What /proc/stat tells.
@Suite struct IdleTimeTests {
    @Test func sharesComeFromTwoLooks() {
        var time = IdleTime()
        time.look("cpu  9 9 9 9 9\ncpu0 100 0 100 800 0 0 0 0 0 0\ncpu3 0 0 0 0 0 0 0 0 0 0\nintr 1 2 3\n")
        #expect(time.share(of: 0) == 0)
        time.look("cpu  9 9 9 9 9\ncpu0 150 0 100 840 10 0 0 0 0 0\ncpu3 100 0 0 0 0 0 0 0 50 0\nintr 1 2 3\n")
        #expect(time.share(of: 0) == 0.5)
        #expect(time.share(of: 3) == 0)
        #expect(time.share(of: 7) == 0)
    }

    @Test func niceProgramsGiveWay() {
        var time = IdleTime()
        time.look("cpu0 100 100 100 100 0 0 0 0 0 0\n")
        time.look("cpu0 110 160 110 120 0 0 0 0 0 0\n")
        #expect(time.share(of: 0) == 0.8)
    }

    @Test func nonsenseIsNotIdle() {
        var time = IdleTime()
        for text in ["", "cpu0", "cpu0 1 2 x", "cpux 1 2 3 4 5", "cpu0 5 5 5 5 5", "cpu0 1 1 1 1 1", "cpu0 1 1 1 1 1"] {
            time.look(text)
            #expect(time.share(of: 0) == 0)
        }
    }

    @Test func thisMachineHasIdleTime() {
        #expect(SystemFile.text(of: "/proc/stat")?.hasPrefix("cpu") == true)
    }
}

/// When a worker polls.
@Suite struct PollWindowTests {
    @Test func withoutAWindowNeverPolls() {
        var window = PollWindow(.zero)
        let isDue = window.isDue()
        #expect(!isDue)
    }

    @Test func windowsInVainAreLeftOut() {
        var window = PollWindow(.nanoseconds(1))
        var windows = 0
        for _ in 0..<10_000 where window.isDue() {
            windows += 1
            let isFound = window.spin(until: { false })
            #expect(!isFound)
        }
        // Patience of 4; then 1, 2, 4 … 256 turns between two.
        #expect((40...60).contains(windows))
    }

    @Test func successBringsThemBack() {
        var window = PollWindow(.nanoseconds(1))
        for _ in 0..<1000 where window.isDue() { _ = window.spin(until: { false }) }
        while !window.isDue() {}
        let isFound = window.spin(until: { true })
        let isDue = window.isDue()
        #expect(isFound && isDue)
    }
}
