import FileSystems
import RingFUSE
import SystemPackage
import TestSupport

@testable import NetworkStore

/// Two mounts of a volume as far as locks go, and files in it.
final class LockPair: Sendable {
    /// Their engines.
    let engines: [PostgreSQLEngine]
    /// Their locks.
    let locks: [SharedLocks]
    /// Two files.
    let files: [NodeID]
    private let ticker: Task<Void, Never>

    /// A volume that two sessions have.
    ///
    /// - Parameters:
    ///   - second: where the second one finds it, where that is not where the first one does.
    ///   - ticks: whether requests that wait look again once in a while, unasked.
    init(_ location: PostgreSQLLocation, second: PostgreSQLLocation? = nil, ticks: Bool = true) async throws {
        let engines = [
            try await PostgreSQLEngine.open(location), try await PostgreSQLEngine.open(second ?? location),
        ]
        let locks = engines.map { SharedLocks($0) }
        for (engine, locks) in zip(engines, locks) { engine.watch { locks.hear($0) } }
        let calls = MetadataCalls(engines[0])
        files = [try await calls.make("one").id, try await calls.make("two").id]
        ticker = Task {
            while ticks, !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(300))
                for locks in locks { await locks.lookAgain() }
            }
        }
        self.engines = engines
        self.locks = locks
    }

    /// Runs a body with a volume of its own.
    static func run(ticks: Bool = true, _ body: (LockPair) async throws -> Void) async throws {
        let location = try PostgreSQLLocation(await PostgreSQLServer.shared.value.volume())
        try await PostgreSQLEngine.format(location, VolumeFixture.description())
        let pair = try await LockPair(location, ticks: ticks)
        try await body(pair)
        await pair.end()
        try await PostgreSQLEngine.remove(location)
    }

    /// Ends both sessions.
    func end() async {
        ticker.cancel()
        for engine in engines { await engine.close() }
    }

    /// A file as an owner has it open.
    func file(_ owner: UInt64, _ file: Int = 0, handle: UInt64 = 0) -> OpenFile {
        OpenFile(node: files[file], handle: HandleID(handle), lockOwner: owner)
    }

    /// Sets a lock without waiting, and tells what was thrown.
    func set(_ session: Int, _ lock: FileLock, on file: OpenFile) async -> Errno? {
        await errno { _ = try await self.locks[session].set(lock, on: file, waits: false) }
    }

    /// Starts a request that has to wait, and waits until the database knows.
    func waiting(_ session: Int, _ lock: FileLock, on file: OpenFile) async throws -> Task<Errno?, Never> {
        let before = try await waitCount()
        let task = Task { await errno { _ = try await self.locks[session].set(lock, on: file, waits: true) } }
        while try await waitCount() == before { try await Task.sleep(for: .milliseconds(5)) }
        return task
    }

    /// Requests that wait, as the database has it.
    func waitCount() async throws -> Int64 { try await number("SELECT count(*) FROM lock_waits") }

    /// Locks that are held, as the database has it.
    func lockCount() async throws -> Int64 { try await number("SELECT count(*) FROM locks") }

    /// What a query of one number gives.
    private func number(_ text: String) async throws -> Int64 {
        try await engines[0].write(.none) { (transaction) throws(Errno) in
            try transaction.rows.ask { () throws(PostgreSQLFailure) in
                try transaction.rows.connection.run(text: text)[0].int64(0)
            }
        }
    }
}

extension FileLock {
    /// A lock on a few bytes.
    init(_ kind: Kind, _ start: UInt64, _ end: UInt64) { self.init(kind: kind, start: start, end: end, processID: 7) }

    /// A lock of `flock`.
    static func whole(_ kind: Kind) -> FileLock {
        FileLock(kind: kind, start: 0, end: UInt64(Int64.max), processID: 7, isWholeFile: true)
    }
}
