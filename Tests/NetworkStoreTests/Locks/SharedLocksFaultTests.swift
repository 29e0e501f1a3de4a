import FileSystems
import Glibc
import RingFUSE
import SystemPackage
import TestSupport
import Testing

@testable import NetworkStore

/// Locks of sessions that end, and of ones whose way to the server breaks.
@Suite(.timeLimit(.minutes(5))) struct SharedLocksFaultTests {
    private static func format() async throws -> (PostgreSQLServer, PostgreSQLLocation) {
        let server = try await PostgreSQLServer.shared.value
        let location = try PostgreSQLLocation(server.volume())
        try await PostgreSQLEngine.format(location, VolumeFixture.description())
        return (server, location)
    }

    /// What a session holds goes with it, and who waits for it hears of that.
    @Test func goWithTheirSession() async throws {
        let (_, location) = try await Self.format()
        let pair = try await LockPair(location, ticks: false)
        #expect(await pair.set(0, FileLock(.write, 0, 9), on: pair.file(1)) == nil)
        #expect(await pair.set(0, .whole(.write), on: pair.file(1, 1, handle: 1)) == nil)
        let ranges = try await pair.waiting(1, FileLock(.write, 0, 9), on: pair.file(1))
        let whole = try await pair.waiting(1, .whole(.write), on: pair.file(2, 1, handle: 1))
        await pair.engines[0].close()
        #expect(await ranges.value == nil)
        #expect(await whole.value == nil)
        #expect(await pair.set(0, FileLock(.write, 20, 29), on: pair.file(1)) == .staleNFSFileHandle)
        await pair.end()
    }

    /// A session that is over its time has lost its locks, and is told so.
    @Test func areLostWithTheLease() async throws {
        let (server, location) = try await Self.format()
        let pair = try await LockPair(location)
        #expect(await pair.set(0, FileLock(.write, 0, 9), on: pair.file(1)) == nil)
        let waiter = try await pair.waiting(1, FileLock(.write, 5, 5), on: pair.file(1))
        let late = try await pair.waiting(0, FileLock(.write, 5, 5), on: pair.file(2))
        let silent = pair.engines[0].session.epoch
        // A third one looks after silent sessions often. Until it has ended the first, that must not say that it lives.
        try server.run(
            "UPDATE sessions SET lease = 1, deadline = clock_timestamp() WHERE epoch = \(silent)",
            schema: location.schema)
        let third = try await PostgreSQLEngine.open(location, lease: .milliseconds(400))
        #expect(await waiter.value == nil)
        #expect(await late.value == .staleNFSFileHandle)
        #expect(await pair.set(0, FileLock(.unlock, 0, 9), on: pair.file(1)) == .staleNFSFileHandle)
        await third.close()
        await pair.end()
    }

    /// Connections break all the time, some of them after a commit whose answer is lost: nobody gets what another has, and nothing
    /// stays locked.
    @Test func areNeitherLostNorGivenTwice() async throws {
        let (server, location) = try await Self.format()
        let proxy = try CuttingProxy(before: server.port)
        let url = "postgres://ringfuse@127.0.0.1:\(proxy.port)/postgres?schema=\(location.schema)"
        var made: LockPair?
        while made == nil {
            made = try? await LockPair(location, second: try PostgreSQLLocation(url))
            if made == nil { try await Task.sleep(for: .milliseconds(50)) }
        }
        let pair = try #require(made)
        let (inside, rounds, isOver) = (Locked(0), Locked(0), Locked(false))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<6 {
                group.addTask {
                    let file = pair.file(UInt64(task + 1), handle: UInt64(task + 1))
                    while !isOver.withLock({ $0 }) {
                        let error = await errno {
                            _ = try await pair.locks[task % 2].set(FileLock(.write, 0, 9), on: file, waits: true)
                        }
                        #expect(error == nil)
                        let count = inside.withLock { count in
                            count += 1
                            return count
                        }
                        #expect(count == 1, "two have the lock")
                        await Task.yield()
                        inside.withLock { $0 -= 1 }
                        rounds.withLock { $0 += 1 }
                        if task < 3 {
                            let error = await errno {
                                _ = try await pair.locks[task % 2].set(FileLock(.unlock, 0, 9), on: file, waits: false)
                            }
                            #expect(error == nil)
                        } else {
                            await pair.locks[task % 2].closed(file)
                        }
                    }
                }
            }
            for _ in 0..<12 {
                let goal = rounds.withLock { $0 } + 8
                while rounds.withLock({ $0 }) < goal { try await Task.sleep(for: .milliseconds(5)) }
                proxy.cut()
            }
            isOver.withLock { $0 = true }
            try await group.waitForAll()
        }
        #expect(try await pair.lockCount() == 0)
        #expect(try await pair.waitCount() == 0)
        await pair.end()
    }

    /// The server is restarted, once by a crash, while locks are held and waited for: what is held stays held, and waits go on.
    @Test func outliveRestartsOfTheServer() async throws {
        let server = try PostgreSQLServer()
        let location = try PostgreSQLLocation(server.volume())
        try await PostgreSQLEngine.format(location, VolumeFixture.description())
        let pair = try await LockPair(location)
        #expect(await pair.set(0, FileLock(.write, 0, 9), on: pair.file(1)) == nil)
        let waiter = try await pair.waiting(1, FileLock(.write, 0, 4), on: pair.file(1))
        for signal in [SIGINT, SIGQUIT] {
            server.stop(signal: signal)
            try server.start()
            let refused = await pair.set(1, FileLock(.read, 9, 9), on: pair.file(2))
            #expect(refused == .resourceTemporarilyUnavailable)
        }
        #expect(await pair.set(0, FileLock(.unlock, 0, 9), on: pair.file(1)) == nil)
        #expect(await waiter.value == nil)
        await pair.end()
        server.stop()
        server.remove()
    }
}
