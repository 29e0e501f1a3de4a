import Ring
import Synchronization

/// The workers of a session, as the watchdog and the statistics see them.
final class Roster: Sendable {
    /// One worker.
    struct Member: Sendable {
        /// What its thread is called.
        let name: String
        /// The CPU it is pinned to.
        let cpu: Int?
        /// The CPU it may be moved to, and back.
        var alternate: Int?
        /// What it may lend to the worker whose home that is.
        var loan: Loan?
        /// Whose requests come to which worker, of all of them.
        var trail: CallerTrail?
        /// The queues it serves, in the order of its entries; empty for one that reads the device.
        let queues: [UInt16]
        let meter: WorkerMeter
        /// By which its ring can be taken away, where requests come over that.
        let lifeline: RingLifeline?
        /// Its mailbox, whose descriptor stands in for that ring's.
        let mailbox: Mailbox
        /// Has whoever waits for the thread's end wait no longer.
        let giveUp: @Sendable () -> Void
        /// Has buffers that nothing is in given back, now or soon, and tells whether it has; `nil` where they are to stay.
        let giveBack: (@Sendable () -> Bool)?
        /// Has its buffers take huge pages, until they are given back; used where ``giveBack`` is not `nil`.
        let useHugePages: @Sendable () -> Void

        /// The queue of an entry; `nil` on the device, and for one that was lent.
        func queue(of entry: Int) -> Int? {
            guard !queues.isEmpty, entry < meter.ownCount else { return nil }
            return Int(queues[entry / (meter.ownCount / queues.count)])
        }
    }

    private let all = Mutex<[Member]>([])

    /// Adds a worker.
    func add(_ member: Member) { all.withLock { $0.append(member) } }

    /// All of them, in the order in which they came.
    var members: [Member] { all.withLock { $0 } }
}
