internal import Synchronization
internal import SystemPackage

/// Connections that read, each used by one thread at a time: as many as there are threads that read at once.
final class ReaderPool: Sendable {
    /// Connections that are kept while nobody reads; more than machines have workers, as a rule.
    private static let idleLimit = 64

    private struct State {
        var idle: [Database] = []
        var isClosed = false
    }

    private let path: String
    private let access: Database.Access
    private let memory: SQLiteEngine.Memory
    private let status: EngineStatus
    private let cipher: InlineCipher
    private let state = Mutex(State())

    /// A pool, with one connection.
    init(
        _ path: String,
        _ access: Database.Access,
        _ memory: SQLiteEngine.Memory,
        _ cipher: InlineCipher,
        _ status: EngineStatus
    ) throws(SQLiteFailure) {
        self.path = path
        self.access = access
        self.memory = memory
        self.status = status
        self.cipher = cipher
        let first = try open()
        state.withLock { $0.idle.append(first) }
    }

    /// Reads on a connection that nobody else uses meanwhile.
    ///
    /// - Throws: `ESTALE` where the volume is lost, `EIO`, and what `body` throws.
    @inline(__always)
    func read<Result>(_ body: (Database) throws(Errno) -> Result) throws(Errno) -> Result {
        try status.check()
        let database = try take()
        defer { giveBack(database) }
        return try body(database)
    }

    /// Closes all connections, those in use when they are given back.
    func close() {
        let idle = state.withLock { state in
            state.isClosed = true
            defer { state.idle = [] }
            return state.idle
        }
        _ = consume idle
    }

    private func take() throws(Errno) -> Database {
        let idle = try state.withLock { (state) throws(Errno) -> Database? in
            guard !state.isClosed else { throw .staleNFSFileHandle }
            return state.idle.popLast()
        }
        if let idle { return idle }
        do throws(SQLiteFailure) {
            return try open()
        } catch {
            status.report(error)
            throw error.errno
        }
    }

    private func giveBack(_ database: Database) {
        state.withLock { state in
            guard !state.isClosed, state.idle.count < Self.idleLimit else { return }
            state.idle.append(database)
        }
    }

    private func open() throws(SQLiteFailure) -> Database {
        let database = try Database(path, access, cipher: cipher, report: status.report)
        try database.configure(cache: memory.readerCache, mapped: memory.mapped)
        return database
    }
}
