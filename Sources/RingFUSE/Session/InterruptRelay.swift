import Synchronization

/// Passes on what one worker hears and all must know: the end of the connection, and INTERRUPTs. Those come through
/// /dev/fuse, to whichever worker reads them, also for requests on the ring.
final class InterruptRelay: Sendable {
    private let mailboxes = Mutex<[Mailbox]>([])

    /// The mailboxes of all workers.
    func connect(_ boxes: [Mailbox]) { mailboxes.withLock { $0 += boxes } }

    /// Tells every worker; the one that serves the request knows it.
    func send(_ unique: UInt64) { post(.interrupt(unique: unique)) }

    /// Tells every worker that the connection has ended. One whose entries are all being served would not notice.
    func stop() { post(.stop) }

    private func post(_ message: Mailbox.Message) {
        let boxes = mailboxes.withLock { $0 }
        for box in boxes { box.post(message) }
    }
}
