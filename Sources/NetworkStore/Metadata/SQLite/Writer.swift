internal import RingFUSE
internal import SystemPackage

/// The one thread that changes a volume. What waits for it is done in one transaction (group commit), whose cost, and
/// whose wait for the disk most of all, is shared.
final class Writer: Sendable {
    /// Operations in one transaction at the most: bounds how long the first of them waits for the last.
    private static let groupLimit = 256

    private struct Queue {
        var waiting: [PendingWrite] = []
        var isClosed = false
        var isRunning = true
    }

    private let queue = Monitor(Queue())

    /// Starts the thread.
    ///
    /// - Parameter core: what it works with; belongs to the thread from now on.
    /// - Throws: `EAGAIN` where there can be no more threads.
    init(_ core: WriterCore) throws(Errno) {
        let core = Handover(core)
        let queue = queue
        // It keeps the queue, and not the writer, whose end is to end it.
        try DedicatedThread(name: "ringfuse-meta") { _ in Self.run(queue, core) }.detach()
    }

    deinit { stop() }

    /// Adds an operation; its task is resumed when it is done.
    func add(_ write: PendingWrite) {
        let isAdded = queue.change { queue in
            guard !queue.isClosed else { return false }
            queue.waiting.append(write)
            return true
        }
        guard !isAdded else { return }
        write.fail(.staleNFSFileHandle)
        write.resume()
    }

    /// Refuses operations from now on, and has the thread end when it has done those that wait.
    func stop() { queue.change { $0.isClosed = true } }

    /// Waits until the thread has let go of all it had.
    func waitForEnd() { queue.wait { queue in queue.isRunning ? nil : () } }

    /// The life of the thread.
    private static func run(_ queue: Monitor<Queue>, _ handover: Handover<WriterCore>) {
        var core: WriterCore? = handover.take()
        while true {
            let group: [PendingWrite]? = queue.wait { queue in
                if queue.waiting.isEmpty { return queue.isClosed ? .some(nil) : nil }
                if queue.waiting.count <= groupLimit {
                    var all: [PendingWrite] = []
                    swap(&all, &queue.waiting)
                    return all
                }
                let group = Array(queue.waiting.prefix(groupLimit))
                queue.waiting.removeFirst(groupLimit)
                return group
            }
            guard let group else { break }
            core?.run(group)
        }
        // Whoever gets the lock finds the connection closed.
        withExtendedLifetime(core?.end()) { core = nil }
        queue.change { $0.isRunning = false }
    }
}
