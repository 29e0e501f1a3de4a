internal import RingFUSE
internal import Synchronization
internal import SystemPackage

/// Threads that ask the server for what is only read. Each has a connection, and asks all that waits for it at once: under load one
/// round trip, and one turn of the client's and the server's processes, are shared by many.
final class PostgreSQLReaders: Sendable {
    /// Threads at the most; each but the first begins to work, and connects, when those before it are busy.
    private static let count = 4

    private let readers: [PostgreSQLReader]
    private let session: PostgreSQLSession

    /// Starts the threads.
    ///
    /// - Throws: `EAGAIN` where there can be no more threads.
    init(_ session: PostgreSQLSession) throws(Errno) {
        self.session = session
        var readers: [PostgreSQLReader] = []
        for _ in 0..<Self.count { readers.append(try PostgreSQLReader(session)) }
        self.readers = readers
    }

    /// Asks the server, and waits for the answer.
    ///
    /// - Throws: `ESTALE` where the volume is lost, `EIO`.
    func read(
        _ statement: PostgreSQLStatement,
        _ parameters: PostgreSQLParameters = PostgreSQLParameters()
    ) async throws(Errno) -> PostgreSQLRows {
        try session.status.check()
        let query = PendingQuery(statement, parameters)
        await unsafe withUnsafeContinuation { continuation in
            unsafe query.continuation = unsafe continuation
            leastBusy.add(query)
        }
        return try query.result.get()
    }

    /// The first that has nothing to do, or the one with the least.
    private var leastBusy: PostgreSQLReader {
        var best = readers[0]
        var load = best.load
        for reader in readers where load > 0 {
            let other = reader.load
            if other < load { (best, load) = (reader, other) }
        }
        return best
    }

    /// Refuses what is asked from now on, and waits for the threads to end.
    func close() {
        for reader in readers { reader.stop() }
        for reader in readers { reader.waitForEnd() }
    }
}

/// A question that waits for its answer. Until it is added to a queue it belongs to its task, then to the reader's thread, until that
/// resumes the task.
@safe
final class PendingQuery: @unchecked Sendable {
    /// What is asked.
    let statement: PostgreSQLStatement
    /// With which values.
    let parameters: PostgreSQLParameters
    /// The answer.
    var result: Result<PostgreSQLRows, Errno> = .failure(.ioError)
    /// Who waits.
    fileprivate var continuation: UnsafeContinuation<Void, Never>?

    /// A question.
    fileprivate init(_ statement: PostgreSQLStatement, _ parameters: PostgreSQLParameters) {
        self.statement = statement
        self.parameters = parameters
        unsafe continuation = nil
    }

    /// Gives the answer.
    fileprivate func answer(_ result: Result<PostgreSQLRows, Errno>) {
        self.result = result
        unsafe continuation.take()?.resume()
    }
}

/// A thread that asks.
private final class PostgreSQLReader: Sendable {
    /// Questions in one round trip at the most.
    private static let groupLimit = 64

    private struct Queue {
        var waiting: [PendingQuery] = []
        var isClosed = false
        var isRunning = true
    }

    private let queue: Monitor<Queue>
    private let count: Counter

    /// Questions that it has.
    private final class Counter: Sendable {
        let value = Atomic(0)
    }

    /// Starts the thread.
    init(_ session: PostgreSQLSession) throws(Errno) {
        let (queue, count) = (Monitor(Queue()), Counter())
        (self.queue, self.count) = (queue, count)
        try DedicatedThread(name: "ringfuse-query") { _ in
            let link = PostgreSQLLink(
                session, preparing: PostgreSQLStatement.reading, PostgreSQLSession.planning)
            while let group = Self.next(of: queue) {
                Self.run(group, link, session) {
                    queue.change(wakingOnDemand: { queue, _ in !queue.isClosed })
                }
                count.value.subtract(group.count, ordering: .relaxed)
            }
            queue.change { $0.isRunning = false }
        }.detach()
    }

    deinit { stop() }

    /// How many questions it has.
    var load: Int { count.value.load(ordering: .relaxed) }

    func add(_ query: PendingQuery) {
        let isAdded = queue.change { queue in
            guard !queue.isClosed else { return false }
            queue.waiting.append(query)
            count.value.add(1, ordering: .relaxed)
            return true
        }
        if !isAdded { query.answer(.failure(.staleNFSFileHandle)) }
    }

    func stop() { queue.change { $0.isClosed = true } }

    func waitForEnd() { queue.wait { queue in queue.isRunning ? nil : () } }

    private static func next(of queue: Monitor<Queue>) -> [PendingQuery]? {
        queue.wait { queue in
            if queue.waiting.isEmpty { return queue.isClosed ? .some(nil) : nil }
            let group = Array(queue.waiting.prefix(groupLimit))
            queue.waiting.removeFirst(group.count)
            return group
        }
    }

    /// Asks, again where the connection breaks, and one by one where a question is refused.
    private static func run(
        _ group: [PendingQuery],
        _ link: PostgreSQLLink,
        _ session: PostgreSQLSession,
        while isWanted: () -> Bool
    ) {
        while true {
            let connection: PostgreSQLConnection
            do throws(Errno) { connection = try link.connected(while: isWanted) } catch {
                return group.forEach { $0.answer(.failure(error)) }
            }
            do throws(PostgreSQLFailure) {
                for query in group { try connection.send(query.statement, query.parameters) }
                let results = try connection.exchange()
                for (query, rows) in zip(group, results) { query.answer(.success(rows)) }
                return
            } catch {
                if error.isBroken {
                    link.lose(error)
                } else if group.count > 1 {
                    return group.forEach { run([$0], link, session, while: isWanted) }
                } else {
                    session.say("the database refuses a question: \(error) (\(error.state))")
                    return group[0].answer(.failure(error.errno))
                }
            }
        }
    }
}
