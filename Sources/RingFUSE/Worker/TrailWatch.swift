/// Decides when workers follow callers (``CallerTrail``): while several have a load of small requests that come one at a time,
/// and a caller is seen to move between them.
///
/// Following costs a request some nanoseconds, and a hundred where callers on several CPUs do not move.
///
/// A value without clock or thread.
struct TrailWatch: Sendable, Equatable {
    /// Whether workers follow.
    private(set) var isFollowing = false
    private var pace = TrialPace()
    private var looksInVain = 0
    private var hasFound = false
    private var lastMoves: UInt64 = 0

    /// Looks after which nothing is followed, where no caller has moved.
    static let firstPatience = 3
    /// Looks without a move, after one that had some: a caller that is held moves little.
    static let patience = 10

    /// Takes a look at a mount that has a load.
    ///
    /// - Parameters:
    ///   - isTogether: whether several workers have one, of small requests that come one at a time.
    ///   - moves: how often callers were seen to move so far.
    mutating func look(isTogether: Bool, moves: UInt64) {
        defer { lastMoves = moves }
        guard isFollowing else {
            if isTogether && pace.isDue() { (isFollowing, hasFound, looksInVain) = (true, false, 0) }
            return
        }
        if moves > lastMoves {
            (hasFound, looksInVain) = (true, 0)
            pace.changed()
        } else {
            looksInVain += 1
        }
        if looksInVain >= (hasFound ? Self.patience : Self.firstPatience) {
            isFollowing = false
            pace.changedNothing()
        }
    }

    /// Takes a look at a mount that has nothing to do.
    mutating func rest() { self = TrailWatch() }
}
