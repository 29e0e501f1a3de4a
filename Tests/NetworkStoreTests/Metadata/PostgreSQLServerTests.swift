import FileSystems
import Glibc
import NetworkStore
import RingFUSE
import SystemPackage
import TestSupport
import Testing

/// A server that goes away under a session, and comes back.
@Suite struct PostgreSQLServerTests {
    /// Tasks that make files one after another, each once.
    private struct Makers {
        let engine: PostgreSQLEngine
        let made = Locked<[String]>([])
        let failed = Locked<[Errno]>([])
        let isOver = Locked(false)

        /// Makes files until it is over.
        ///
        /// - Parameter durably: whether each is written, too, and has to survive a crash.
        func run(_ task: Int, durably: Bool) async {
            let calls = MetadataCalls(engine)
            var number = 0
            while !isOver.withLock({ $0 }) {
                let name = "\(task)-\(number)"
                number += 1
                do throws(Errno) {
                    let file = try await calls.make(StoredName(name))
                    if durably {
                        try await calls.commit(file.id, durably: true) {
                            $0.extents = [Extent(offset: 0, length: 1, place: .inline([1]))]
                        }
                    }
                    made.withLock { $0.append(name) }
                } catch {
                    failed.withLock { $0.append(error) }
                }
            }
        }

        /// Waits until as many more files are made.
        ///
        /// - Throws: where that goes wrong again and again.
        func waitForMore(_ count: Int) async throws {
            let goal = made.withLock { $0.count } + count
            while made.withLock({ $0.count }) < goal {
                if failed.withLock({ $0.count }) > 500 { throw TestFailure("files cannot be made any more") }
                try await Task.sleep(for: .milliseconds(5))
            }
        }

        /// Runs tasks beside something.
        func run(durably: Bool = false, beside body: () async throws -> Void) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<4 { group.addTask { await run(task, durably: durably) } }
                do {
                    try await body()
                } catch {
                    isOver.withLock { $0 = true }
                    throw error
                }
                isOver.withLock { $0 = true }
                try await group.waitForAll()
            }
        }

        /// Expects all that was made to be there, and the volume to be sound.
        func expectAllThere() async throws {
            let names = try await Set(MetadataCalls(engine).list(limit: 1000))
            #expect(Set(made.withLock { $0 }).subtracting(names) == [])
            #expect(try await engine.check() == [])
        }
    }

    /// Connections break at any moment. Each change is made once: a name that is made again would be there already.
    @Test func brokenConnectionsLoseAndRepeatNothing() async throws {
        let server = try await PostgreSQLServer.shared.value
        let location = try PostgreSQLLocation(server.volume())
        try await PostgreSQLEngine.format(location, VolumeFixture.description())
        let makers = Makers(engine: try await PostgreSQLEngine.open(location))
        try await makers.run {
            for _ in 0..<15 {
                try await makers.waitForMore(50)
                try server.run(
                    """
                    SELECT count(pg_terminate_backend(pid)) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
                    JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE n.nspname = '\(location.schema)' AND l.pid <> pg_backend_pid()
                    """, schema: location.schema)
            }
        }
        #expect(makers.failed.withLock { $0 } == [])
        let found = try await MetadataCalls(makers.engine).list(limit: 1000)
        #expect(found.sorted() == makers.made.withLock { $0.sorted() })
        try await makers.expectAllThere()
        await makers.engine.close()
    }

    /// The answers of commits are lost on their way: whether they were made is found out.
    @Test func lostAnswersAreLookedFor() async throws {
        let server = try await PostgreSQLServer.shared.value
        let direct = try PostgreSQLLocation(server.volume())
        try await PostgreSQLEngine.format(direct, VolumeFixture.description())
        let proxy = try CuttingProxy(before: server.port)
        let url = "postgres://ringfuse@127.0.0.1:\(proxy.port)/postgres?schema=\(direct.schema)"
        let engine = try await Self.open(try PostgreSQLLocation(url))
        let makers = Makers(engine: engine)
        try await makers.run {
            for _ in 0..<25 {
                try await makers.waitForMore(20)
                proxy.cut()
            }
            try await makers.waitForMore(20)
        }
        #expect(makers.failed.withLock { $0 } == [])
        let found = try await MetadataCalls(engine).list(limit: 1000)
        #expect(found.sorted() == makers.made.withLock { $0.sorted() })
        try await makers.expectAllThere()
        await engine.close()
    }

    /// An answer is lost, and the server cannot be reached for longer than operations wait: they fail, whether or not they
    /// were made, and what comes after them is made all the same.
    @Test func operationsAfterAnAbandonedOneAreMade() async throws {
        let server = try PostgreSQLServer()
        let direct = try PostgreSQLLocation(server.volume())
        try await PostgreSQLEngine.format(direct, VolumeFixture.description())
        let proxy = try CuttingProxy(before: server.port)
        let url = "postgres://ringfuse@127.0.0.1:\(proxy.port)/postgres?schema=\(direct.schema)"
        let engine = try await Self.open(try PostgreSQLLocation(url), patience: .milliseconds(500))
        let calls = MetadataCalls(engine)
        var expected: Set<String> = []
        var abandoned: Set<String> = []
        var lost = 0
        var round = 0
        // Which answers are lost is chance.
        while round < 10 || lost == 0 && round < 100 {
            let stream = Task { [round] () -> (made: [String], failed: String) in
                var made: [String] = []
                while true {
                    let name = "\(round)-\(made.count)"
                    do { _ = try await calls.make(StoredName(name)) } catch { return (made, name) }
                    made.append(name)
                }
            }
            try await Task.sleep(for: .milliseconds(20 + 7 * (round % 10)))
            proxy.cut()
            // What was sent is made, and its answer dropped.
            try await Task.sleep(for: .milliseconds(10))
            server.stop()
            let outcome = await stream.value
            try server.start()
            expected.formUnion(outcome.made)
            abandoned.insert(outcome.failed)
            for name in ["\(round)-after", "\(round)-last"] {
                _ = try await calls.make(StoredName(name))
                expected.insert(name)
            }
            if try await calls.list(limit: 100_000).contains(outcome.failed) { lost += 1 }
            round += 1
        }
        let found = Set(try await calls.list(limit: 100_000))
        #expect(found.isSuperset(of: expected))
        #expect(found.subtracting(expected).isSubset(of: abandoned))
        #expect(lost > 0, "no answer of a commit was lost")
        await engine.close()
        server.stop()
        server.remove()
    }

    /// Opens a volume, once there is somebody at the port.
    private static func open(
        _ location: PostgreSQLLocation,
        patience: Duration = .seconds(30)
    ) async throws -> PostgreSQLEngine {
        while true {
            if let engine = try? await PostgreSQLEngine.open(location, patience: patience) { return engine }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// The server is restarted: operations wait, and go on.
    @Test func restartsAreWaitedFor() async throws {
        let server = try PostgreSQLServer()
        let location = try PostgreSQLLocation(server.volume())
        try await PostgreSQLEngine.format(location, VolumeFixture.description())
        let makers = Makers(engine: try await PostgreSQLEngine.open(location))
        try await makers.run {
            for _ in 0..<2 {
                try await makers.waitForMore(50)
                server.stop()
                try server.start()
            }
            try await makers.waitForMore(50)
        }
        #expect(makers.failed.withLock { $0 } == [])
        try await makers.expectAllThere()
        await makers.engine.close()
        server.stop()
        server.remove()
    }

    /// The server crashes: what was durable is there.
    @Test func crashesLoseNothingDurable() async throws {
        let server = try PostgreSQLServer()
        let location = try PostgreSQLLocation(server.volume())
        try await PostgreSQLEngine.format(location, VolumeFixture.description())
        let makers = Makers(engine: try await PostgreSQLEngine.open(location))
        try await makers.run(durably: true) {
            for _ in 0..<2 {
                try await makers.waitForMore(50)
                server.stop(signal: SIGQUIT)
                try server.start()
            }
            try await makers.waitForMore(50)
        }
        // A file that was made, and lost before it was written, is gone.
        #expect(makers.failed.withLock { $0.allSatisfy { $0 == .staleNFSFileHandle } })
        try await makers.expectAllThere()
        await makers.engine.close()
        server.stop()
        server.remove()
    }
}
