internal import RingFUSE
internal import SystemPackage

/// What changes a volume: one at a time has the connection for it, the writer's own thread or whoever finds it free.
///
/// What waits is done by the thread, in one transaction (group commit), whose cost, and whose wait for the disk most of
/// all, is shared. What finds nobody at work is done at once, on the caller's thread: to wake another and be woken by it
/// costs more than a small transaction.
final class Writer: Sendable {
    /// Operations in one transaction at the most: bounds how long the first of them waits for the last.
    private static let groupLimit = 256
    /// How long an operation may take on a caller's thread, which serves others, too; and how long all are left to the
    /// writer's thread after one that took longer, because the disk keeps writers waiting.
    private static let patience = (longest: Duration.milliseconds(10), pause: Duration.milliseconds(100))

    /// How long all are left to the writer's thread after several came at a time.
    private static let companyPause = Duration.milliseconds(2)
    /// How long after a commit the connection that made it reads faster than others, whose pages are those of before.
    private static let freshness = Duration.milliseconds(1)

    private struct Queue {
        var waiting: [PendingWrite<Database>] = []
        /// Taken by whoever works with it.
        var core: WriterCore?
        /// Until when nothing is done on callers' threads.
        var pausedUntil: ContinuousClock.Instant?
        /// When something was committed last on a caller's thread.
        var committed: ContinuousClock.Instant?
        /// Whether something may have been committed that has not been waited for.
        var hasUnsynced = true
        var isClosed = false
        var isRunning = true
    }

    private let queue: Monitor<Queue>

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - core: what is worked with.
    ///   - log: the log of the database.
    /// - Throws: `EAGAIN` where there can be no more threads.
    init(_ core: WriterCore, _ log: WriteAheadLog) throws(Errno) {
        let queue = Monitor(Queue(core: core))
        self.queue = queue
        // It keeps the queue, and not the writer, whose end is to end it.
        try DedicatedThread(name: "ringfuse-meta") { _ in Self.run(queue, log) }.detach()
    }

    deinit { stop() }

    // MARK: Callers

    /// Does an operation on the caller's thread, if nobody else is at work.
    ///
    /// - Returns: whether it is done.
    func tryNow(_ write: PendingWrite<Database>) -> Bool {
        let core = queue.change { (queue, _) -> WriterCore? in
            guard !queue.isClosed, queue.waiting.isEmpty, queue.core != nil else { return nil }
            if let until = queue.pausedUntil {
                guard until < .now else { return nil }
                queue.pausedUntil = nil
            }
            queue.hasUnsynced = true
            return queue.core.take()
        }
        guard let core else { return false }
        let start = ContinuousClock.now
        _ = core.run([write])
        let end = ContinuousClock.now
        queue.change { (queue, wakes) in
            queue.core = core
            queue.committed = end
            if end - start > Self.patience.longest { queue.pausedUntil = end + Self.patience.pause }
            wakes = !queue.waiting.isEmpty || queue.isClosed
        }
        return true
    }

    /// Reads on the caller's thread with the connection that writes, if it has just written there and nobody has it.
    ///
    /// Each commit makes all pages of other connections stale: to read one row they read the way to it anew, some four system
    /// calls. Where several threads come at a time they keep to connections of their own.
    ///
    /// - Parameter body: a few microseconds of work.
    /// - Returns: `nil` where nothing was read.
    func readNow<Result>(_ body: (Database) throws(Errno) -> Result) throws(Errno) -> Result? {
        let core = queue.change { (queue, _) -> WriterCore? in
            guard let committed = queue.committed, queue.core != nil, queue.pausedUntil == nil, !queue.isClosed
            else { return nil }
            guard committed + Self.freshness > .now else {
                queue.committed = nil
                return nil
            }
            return queue.core.take()
        }
        guard let core else { return nil }
        defer {
            queue.change { (queue, wakes) in
                queue.core = core
                wakes = !queue.waiting.isEmpty || queue.isClosed
            }
        }
        return try core.read(body)
    }

    /// Whether all that has returned is on the disk.
    var isSynchronized: Bool { queue.change { (queue, _) in !queue.hasUnsynced } }

    /// Adds an operation for the thread; its task is resumed when it is done.
    func add(_ write: PendingWrite<Database>) {
        let isAdded = queue.change { (queue, wakes) in
            guard !queue.isClosed else { return false }
            queue.waiting.append(write)
            // Otherwise whoever is at work will look.
            wakes = queue.core != nil
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

    // MARK: The thread

    private static func run(_ queue: Monitor<Queue>, _ log: WriteAheadLog) {
        while let (core, group) = next(of: queue) {
            let durable = core.run(group)
            if !durable.isEmpty {
                // The connection stays here: whoever writes to the log meanwhile may have to wait for the disk, too, and
                // nobody is to do that on a thread that serves others. They queue up, and share the next wait.
                log.synchronize(for: durable)
            }
            queue.change { (queue, _) in
                queue.core = core
                if !durable.isEmpty { queue.hasUnsynced = false }
                // Where several come at a time, one transaction for all of them costs half of one for each.
                if group.count > 1 {
                    queue.pausedUntil = max(queue.pausedUntil ?? .now, .now + Self.companyPause)
                }
            }
            // Who hears of it finds it said that all is on the disk.
            for write in durable { write.resume() }
        }
        close(queue)
        queue.change { $0.isRunning = false }
    }

    /// Waits for operations, and for the connection to do them with; `nil` when there will be no more.
    private static func next(of queue: Monitor<Queue>) -> (WriterCore, [PendingWrite<Database>])? {
        queue.wait { queue in
            guard queue.core != nil else { return nil }
            if queue.waiting.isEmpty { return queue.isClosed ? .some(nil) : nil }
            guard let core = queue.core.take() else { return nil }
            queue.hasUnsynced = true
            let group = Array(queue.waiting.prefix(groupLimit))
            queue.waiting.removeFirst(group.count)
            return (core, group)
        }
    }

    /// Closes the connection. Whoever gets the lock finds it closed.
    private static func close(_ queue: Monitor<Queue>) {
        var core = queue.change { $0.core.take() }
        withExtendedLifetime(core?.end()) { core = nil }
    }
}
