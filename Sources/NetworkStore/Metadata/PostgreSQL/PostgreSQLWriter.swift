internal import RingFUSE
internal import SystemPackage

/// The thread that changes a volume in PostgreSQL: what waits is done in one transaction, whose round trips, and whose wait for the
/// server's disk, are shared.
final class PostgreSQLWriter: Sendable {
    /// Operations in one transaction at the most: bounds how long the first of them waits for the last, and how many rows of
    /// others' it keeps.
    private static let groupLimit = 128

    private struct Queue {
        var waiting: [PostgreSQLWriterCore.Item] = []
        var isClosed = false
        var isRunning = true
    }

    private let queue: Monitor<Queue>

    /// Starts the thread.
    ///
    /// - Throws: `EAGAIN` where there can be no more threads.
    init(
        _ session: PostgreSQLSession,
        _ connection: PostgreSQLConnection,
        _ numbers: NumberRanges
    ) throws(Errno) {
        let queue = Monitor(Queue())
        self.queue = queue
        // A connection that is lost is closed, so that the server ends what it has begun: the thread's body must not keep it.
        let connection = Handover(connection)
        // It keeps the queue, and not the writer, whose end is to end it.
        try DedicatedThread(name: "ringfuse-meta") { _ in
            let core = PostgreSQLWriterCore(session, connection.take(), numbers) {
                queue.change(wakingOnDemand: { queue, _ in !queue.isClosed })
            }
            Self.run(queue, core)
            queue.change { $0.isRunning = false }
        }.detach()
    }

    deinit { stop() }

    /// Adds an operation; its task is resumed when it is done.
    func add(_ write: PendingWrite<RowCache>, _ needs: RowNeeds) {
        let isAdded = queue.change { queue in
            guard !queue.isClosed else { return false }
            queue.waiting.append(PostgreSQLWriterCore.Item(write: write, needs: needs))
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
    private static func run(_ queue: Monitor<Queue>, _ core: PostgreSQLWriterCore) {
        while let group = next(of: queue) { core.run(group) }
    }

    /// Waits for operations; `nil` when there will be no more.
    private static func next(of queue: Monitor<Queue>) -> [PostgreSQLWriterCore.Item]? {
        queue.wait { queue in
            if queue.waiting.isEmpty { return queue.isClosed ? .some(nil) : nil }
            let group = Array(queue.waiting.prefix(groupLimit))
            queue.waiting.removeFirst(group.count)
            return group
        }
    }
}
