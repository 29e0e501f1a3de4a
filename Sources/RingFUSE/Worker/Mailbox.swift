import CRingFUSE
import Synchronization
package import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// What other threads have for a worker: jobs to run, requests to interrupt.
///
/// Posting takes a lock and, where the box was empty, a write to an eventfd that wakes the worker. The worker
/// looks inside only after it was woken, so the hot path never touches the lock.
package final class Mailbox: Sendable {
    /// A message to a worker.
    package enum Message: Sendable {
        /// Run a job of the worker's executor.
        case job(UnownedJob)
        /// The caller of the request with this number was interrupted.
        case interrupt(unique: UInt64)
        /// The same, from a worker that may have lent the request's entry.
        case forwardedInterrupt(unique: UInt64)
        /// An asynchronous operation's task was cancelled.
        case cancelOperation(slot: Int, generation: UInt32)
        /// The worker has rested for a while: buffers that nothing is in are given back.
        case giveBack
        /// Entries of another worker are to be served, and the requests in them.
        case lend([LentEntry])
        /// An entry that was lent is back, with a request in it.
        case handBack(entry: Int)
        /// The connection has ended: requests that are still being served are cancelled.
        case stop

        fileprivate var isInterrupt: Bool {
            switch self {
            case .interrupt, .forwardedInterrupt: true
            default: false
            }
        }
    }

    private let messages = Mutex<[Message]>([])
    /// Readable while messages wait.
    package let eventFile: FileDescriptor

    /// An empty box.
    ///
    /// - Throws: `EMFILE`, `ENFILE`, `ENOMEM`.
    package init() throws(Errno) {
        let file = rfuse_eventfd()
        guard file >= 0 else { throw Errno(rawValue: -file) }
        eventFile = FileDescriptor(rawValue: file)
    }

    deinit { try? eventFile.close() }

    /// Leaves a message and wakes the worker. Any thread may.
    ///
    /// Interrupts go to all workers, and one that sleeps in a read of the device does not look into its box: of
    /// interrupts only the latest are kept. An older one belongs to a request that was answered long ago, or the
    /// kernel would have handed this worker a request and then thousands of interrupts before the worker's next turn.
    package func post(_ message: Message) {
        let wasEmpty = messages.withLock { box in
            if box.count >= Self.limit { box.removeAll(where: \.isInterrupt) }
            box.append(message)
            return box.count == 1
        }
        if wasEmpty { wake() }
    }

    /// Messages beyond which interrupts are dropped.
    private static let limit = 4096

    /// Takes all messages. Call it only after the eventfd was read, or a wake-up may be lost.
    package func takeAll() -> [Message] {
        messages.withLock { box in
            let all = box
            box.removeAll(keepingCapacity: true)
            return all
        }
    }

    /// Makes the eventfd unreadable again; for a worker that polls it instead of reading it on its ring.
    package func acknowledge() {
        var count: UInt64 = 0
        _ = unsafe read(eventFile.rawValue, &count, 8)
    }

    private func wake() {
        var one: UInt64 = 1
        // Fails only with EAGAIN, when the counter is full: then the worker is being woken anyway.
        _ = unsafe write(eventFile.rawValue, &one, 8)
    }
}
