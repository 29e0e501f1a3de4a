import Synchronization

/// Passes INTERRUPTs on: they come through /dev/fuse, to whichever worker reads them, also for requests on the ring.
final class InterruptRelay: Sendable {
    private let mailboxes = Mutex<[Mailbox]>([])

    /// The mailboxes of all workers.
    func connect(_ boxes: [Mailbox]) { mailboxes.withLock { $0 += boxes } }

    /// Tells every worker; the one that serves the request knows it.
    func send(_ unique: UInt64) {
        let boxes = mailboxes.withLock { $0 }
        for box in boxes { box.post(.interrupt(unique: unique)) }
    }
}
