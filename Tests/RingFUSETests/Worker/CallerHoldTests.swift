import Testing

@testable import RingFUSE

/// When a worker holds a caller.
@Suite struct CallerHoldTests {
    /// Moves until a caller is held; the number of moves.
    ///
    /// - Parameters:
    ///   - stays: requests before the first move.
    ///   - later: requests after each tenth move.
    private func moves(_ hold: inout CallerHold, staying stays: Int, later: Int = 0) -> Int {
        for _ in 0..<stays { _ = hold.arrived(hasMoved: false) }
        for count in 1...100_000 {
            if hold.arrived(hasMoved: true) { return count }
            if count % 10 == 0 { for _ in 0..<later { _ = hold.arrived(hasMoved: false) } }
        }
        return 0
    }

    @Test func whoStaysIsNeverHeld() {
        var hold = CallerHold()
        let isHeld = (0..<10000).contains { _ in hold.arrived(hasMoved: false) }
        #expect(!isHeld)
    }

    @Test func whoMovesIsHeldSoon() {
        var hold = CallerHold()
        #expect(moves(&hold, staying: 3) == 4)
    }

    /// As long as hundreds stay for each that is held.
    @Test func whatPaysGoesOn() {
        var hold = CallerHold()
        let counts = (0..<20).map { _ in moves(&hold, staying: 100) }
        #expect(counts.allSatisfy { $0 == 4 })
    }

    @Test func whatDoesNotBecomesRare() {
        var hold = CallerHold()
        // That it stays long after it was held tells nothing.
        let counts = (0..<15).map { _ in moves(&hold, staying: 10, later: 5) }
        #expect(counts == [4, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 16384])
        // And is found out anew where it has come to pay.
        #expect(moves(&hold, staying: 100) == 16384)
        #expect(moves(&hold, staying: 100) == 4)
    }
}

/// When workers look for callers that move.
@Suite struct TrailWatchTests {
    @Test func loadsTogetherAreFollowedAtOnce() {
        var watch = TrailWatch()
        watch.look(isTogether: false, moves: 0)
        #expect(!watch.isFollowing)
        watch.look(isTogether: true, moves: 0)
        #expect(watch.isFollowing)
    }

    /// A caller that is held has one queue: that is no reason to let it go.
    @Test func whatMovesIsFollowedOn() {
        var watch = TrailWatch()
        for look in 1...100 {
            // One move in ten looks.
            watch.look(isTogether: look == 1, moves: UInt64(look + 8) / 10)
            #expect(watch.isFollowing)
        }
        for _ in 0..<10 { watch.look(isTogether: true, moves: 10) }
        #expect(!watch.isFollowing)
    }

    @Test func nothingIsFollowedInVain() {
        var watch = TrailWatch()
        var starts: [Int] = []
        for look in 1...120 {
            let before = watch.isFollowing
            watch.look(isTogether: true, moves: 7)
            if watch.isFollowing && !before { starts.append(look) }
        }
        // Three looks each, and pauses that double.
        #expect(starts == [1, 14, 37, 80])
    }

    @Test func restEndsIt() {
        var watch = TrailWatch()
        watch.look(isTogether: true, moves: 0)
        watch.rest()
        #expect(!watch.isFollowing)
        // What was counted before is not news.
        watch.look(isTogether: true, moves: 5000)
        for _ in 0..<3 { watch.look(isTogether: true, moves: 5000) }
        #expect(!watch.isFollowing)
    }
}
