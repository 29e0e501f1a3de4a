import Synchronization

/// What one worker may lend its neighbour's: entries of its queue, with the requests in them.
///
/// All requests of one caller go to one queue, and on the ring one worker copies all of their data, while other CPUs may
/// be idle. A lent entry is served by the other worker, and comes back to it with its next request, since the kernel
/// hands a request to the thread that committed the entry last (fs/fuse/dev_uring.c, `fuse_uring_commit_fetch`). So what
/// is lent once costs nothing more. It goes back, with the next request that arrives in it, when nothing is to be lent
/// any more.
///
/// Invariant: an entry belongs to one worker at any time. It changes hands with a message, behind a lock, and only while
/// it holds a request, when the kernel does not touch it.
package final class Loan: Sendable {
    /// Entries that the helper has room for.
    let limit: Int
    /// What is to be lent; used only while the loan lives.
    let wish: SharedByte<LoanTerms>

    /// A loan of nothing yet.
    ///
    /// - Parameters:
    ///   - limit: entries at most.
    ///   - terms: what to lend from the start.
    package init(limit: Int, terms: LoanTerms = .nothing) {
        self.limit = limit
        wish = SharedByte(terms)
    }

    deinit { wish.free() }

    /// What is to be lent; any thread may ask and change it.
    var terms: LoanTerms {
        get { wish.value }
        set { wish.value = newValue }
    }
}

/// Which requests a worker shares with its helper.
package enum LoanTerms: UInt8, AtomicRepresentable, Sendable {
    /// None; what was lent goes back.
    case nothing
    /// What the kernel's page cache writes back: nobody waits for one of these, but for all of them.
    case writeback
    /// Whatever comes several at a time.
    case everything

    /// The terms for a worker.
    ///
    /// - Parameters:
    ///   - seat: where it serves.
    ///   - isNeighbourFree: whether the helper, and its CPU, have nothing else to do.
    init(seat: SeatTrial.Seat, isNeighbourFree: Bool) {
        switch seat {
        case .both: self = .everything
        case .home: self = isNeighbourFree ? .writeback : .nothing
        // Both are on one CPU.
        case .away: self = .nothing
        }
    }
}

/// A loan as one of its two workers sees it.
package struct LoanSide: Sendable {
    let loan: Loan
    /// The other worker.
    let other: Mailbox

    /// A side.
    package init(_ loan: Loan, with other: Mailbox) {
        self.loan = loan
        self.other = other
    }
}

/// An entry on its way to a helper.
package struct LentEntry: Sendable {
    /// Its memory, which must outlive the commands that name it.
    let arena: QueueArena
    /// Its number in there.
    let place: Int
    /// Its number with its lender.
    let entry: Int
}
