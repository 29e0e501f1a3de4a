import RingFUSE
import Synchronization
import SystemPackage

/// Connections to one server that wait for their next request.
///
/// Sharded by worker, so that a worker mostly meets its own connections and no other worker at the lock. Any thread may
/// call anything.
final class ConnectionPool: Sendable {
    private final class Shard: Sendable {
        let idle = Mutex<[HTTPConnection]>([])
    }

    private let shards = (0..<16).map { _ in Shard() }
    /// All connections that may be waited on.
    private let open = Mutex<[ObjectIdentifier: WeakConnection]>([:])
    private let watching = Mutex(Watching())
    private let idleTime: UInt64

    private struct WeakConnection {
        weak var connection: HTTPConnection?
    }

    private struct Watching {
        var task: Task<Void, Never>?
        var isClosed = false
    }

    /// Connections that a shard keeps.
    private static let keptLimit = 64
    /// Nanoseconds after which a connection is looked at before it is used again.
    private static let moment: UInt64 = 1_000_000
    /// How often silent servers are looked for.
    private static let period = Duration.milliseconds(250)

    /// An empty pool.
    ///
    /// - Parameter idleTime: after which a connection that nobody uses is closed.
    init(idleTime: Duration) { self.idleTime = idleTime.nanoseconds }

    deinit { close() }

    /// A connection that waits; the one that was used last.
    ///
    /// One that has waited for more than a moment is looked at first: most servers close them after some seconds.
    func take(_ worker: UInt) -> HTTPConnection? {
        let now = Clock.now
        while let connection = takeLast(worker, now &- idleTime) {
            if now &- connection.idleSince < Self.moment || !connection.isSpoilt { return connection }
            connection.close()
        }
        return nil
    }

    private func takeLast(_ worker: UInt, _ limit: UInt64) -> HTTPConnection? {
        shard(worker).idle.withLock { idle in
            guard let last = idle.popLast() else { return nil }
            if last.idleSince >= limit { return last }
            // It has waited longest for all before it.
            idle.removeAll()
            return nil
        }
    }

    /// Puts a connection back on which a request has been answered.
    func give(_ connection: HTTPConnection, _ worker: UInt) {
        connection.isReused = true
        connection.idleSince = Clock.now
        let isKept = shard(worker).idle.withLock { idle in
            guard idle.count < Self.keptLimit else { return false }
            idle.append(connection)
            return true
        }
        if !isKept { connection.close() }
    }

    /// Has a new connection ended where the server falls silent.
    func watch(_ connection: HTTPConnection) {
        open.withLock { $0[ObjectIdentifier(connection)] = WeakConnection(connection: connection) }
        watching.withLock { watching in
            guard watching.task == nil && !watching.isClosed else { return }
            watching.task = Task.detached { [weak self] in
                while !Task.isCancelled {
                    try? await Task.sleep(for: Self.period)
                    guard let self else { return }
                    self.look()
                }
            }
        }
    }

    /// Closes all that wait. Those in use are closed by their users.
    func close() {
        watching.withLock { watching in
            watching.isClosed = true
            watching.task?.cancel()
        }
        for shard in shards { shard.idle.withLock { $0.removeAll() } }
    }

    private func look() {
        let now = Clock.now
        let all = open.withLock { open in
            open = open.filter { $0.value.connection != nil }
            return open.values.compactMap(\.connection)
        }
        for connection in all { connection.expire(at: now) }
        guard now > idleTime else { return }
        for shard in shards { shard.idle.withLock { $0.removeAll { $0.idleSince < now - idleTime } } }
    }

    private func shard(_ worker: UInt) -> Shard {
        // Engines are objects: their addresses differ in other bits than the lowest.
        shards[Int((worker >> 4 ^ worker >> 10) & 15)]
    }
}
