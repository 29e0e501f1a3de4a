import FileSystems
import Glibc
import RingFUSE
import SystemPackage
import TestSupport
import Testing

@testable import NetworkStore

/// Sessions in PostgreSQL: several at a time, and those that are over.
@Suite struct PostgreSQLSessionTests {
    /// A volume that is formatted, on the server that all tests share.
    private static func format(_ volume: VolumeDescription = VolumeFixture.description()) async throws
        -> PostgreSQLLocation
    {
        let location = try PostgreSQLLocation(await PostgreSQLServer.shared.value.volume())
        try await PostgreSQLEngine.format(location, volume)
        return location
    }

    /// What opening throws; `nil` for nothing.
    private static func refusal(of location: PostgreSQLLocation) async -> VolumeError? {
        do throws(VolumeError) {
            await (try PostgreSQLEngine.openForReading(location)).close()
            await (try PostgreSQLEngine.open(location)).close()
            return nil
        } catch {
            return error
        }
    }

    @Test func formatsOnce() async throws {
        let volume = VolumeFixture.description(byteLimit: 5, nodeLimit: 6)
        let location = try await Self.format(volume)
        await #expect(throws: VolumeError.exists(path: location.description)) {
            try await PostgreSQLEngine.format(location, VolumeFixture.description())
        }
        let engine = try await PostgreSQLEngine.open(location)
        #expect(engine.volume == volume)
        #expect(try await engine.node(.root).attributes.mode.permissions == 0o755)
        await #expect(throws: VolumeError.self) { try await PostgreSQLEngine.remove(location) }
        await engine.close()
        try await PostgreSQLEngine.remove(location)
        #expect(await Self.refusal(of: location) == .missing(path: location.description))
    }

    @Test func saysWhatIsNoVolume() async throws {
        let server = try await PostgreSQLServer.shared.value
        let location = try PostgreSQLLocation(server.volume())
        let path = location.description
        #expect(await Self.refusal(of: location) == .missing(path: path))
        try server.run(
            "CREATE SCHEMA \(location.schema); CREATE TABLE \(location.schema).other (x int)", schema: "public")
        #expect(await Self.refusal(of: location) == .foreign(path: path))
        try server.run("CREATE TABLE volume (x int)", schema: location.schema)
        #expect(await Self.refusal(of: location) == .foreign(path: path))
        let newer = try await Self.format()
        try server.run("UPDATE volume SET version = 99", schema: newer.schema)
        #expect(
            await Self.refusal(of: newer)
                == .newer(path: newer.description, version: 99, known: PostgreSQLSchema.version))
        let nowhere = try PostgreSQLLocation("postgres://ringfuse@127.0.0.1:1/postgres")
        guard case .database(_, let text) = await Self.refusal(of: nowhere) else {
            Issue.record("opened a volume where nobody listens")
            return
        }
        #expect(text.contains("refused") && !text.contains("\n"))
    }

    /// Neither told, nor kept: what is secret in a URL is refused.
    @Test(arguments: [
        "postgres://me:secret@host:5/db", "postgresql://me:se:cret@host/db?schema=x",
        "postgres://host/db?password=secret",
        "postgres://me:secret@host?sslmode=require", "postgres://host/db?schema=x&sslpassword=secret",
    ])
    func refusesPasswords(url: String) {
        do throws(VolumeError) {
            _ = try PostgreSQLLocation(url)
            Issue.record("\(url) was taken")
        } catch {
            #expect(!"\(error)".contains("secret") && !"\(error)".contains("cret@"))
            #expect("\(error)".contains("PGPASSWORD"))
        }
    }

    @Test func readsURLs() throws {
        let location = try PostgreSQLLocation("postgres://me@host:5/db?sslmode=require&schema=other&service=x")
        #expect(location.schema == "other")
        #expect(location.uri == "postgres://me@host:5/db?sslmode=require&service=x")
        #expect(location.description == "postgres://me@host:5/db?schema=other&sslmode=require&service=x")
        #expect(try PostgreSQLLocation("postgresql://").schema == "ringfuse")
        for schema in ["", "1", "A", "a b", "a'b", "pg_x", String(repeating: "x", count: 64)] {
            #expect(throws: VolumeError.self) { try PostgreSQLLocation("postgres://h/d?schema=\(schema)") }
        }
    }

    // MARK: Several at a time

    @Test func sessionsSeeEachOther() async throws {
        let location = try await Self.format()
        let (first, second) = (try await PostgreSQLEngine.open(location), try await PostgreSQLEngine.open(location))
        let (one, other) = (MetadataCalls(first), MetadataCalls(second))
        let file = try await one.make("file")
        #expect(try await other.lookUp("file") == file)
        #expect(try await other.make("another").id != file.id)
        await #expect(throws: Errno.fileExists) { try await other.make("file") }
        _ = try await other.write(file.id, at: 0, 100)
        #expect(try await one.extents(file.id).count == 1)
        // A number that is pending for one session is not the other's to use.
        let number = try await first.reserveObjects(1).lowerBound
        await #expect(throws: Errno.invalidArgument) {
            try await other.commit(file.id) {
                $0.objects = [ObjectRecord(number: number, length: 1, layout: [])]
                $0.extents = [Extent(offset: 0, length: 1, place: .object(number, offset: 0))]
            }
        }
        #expect(try await first.usage().nodes == 3)
        #expect(try await second.usage().bytes == 100)
        await first.close()
        // What it has counted stays, and what it had pending is garbage.
        #expect(try await second.usage().nodes == 3)
        #expect(try await second.garbage(limit: 10) == [number])
        #expect(try await second.check() == [])
        await second.close()
        try await PostgreSQLEngine.remove(location)
    }

    /// Two sessions change the same few directories at random, moving them into each other; whatever comes of it fits together.
    @Test func sessionsDoNotHarmEachOther() async throws {
        let location = try await Self.format()
        let engines = [try await PostgreSQLEngine.open(location), try await PostgreSQLEngine.open(location)]
        let done = Locked(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                let calls = MetadataCalls(engines[task % 2])
                group.addTask {
                    var random = Seeded(seed: UInt64(task))
                    var places: [NodeID] = [.root]
                    for _ in 0..<80 {
                        let result = await errno { try await Self.step(calls, &places, &random) }
                        if result == nil { done.withLock { $0 += 1 } }
                        #expect(result != .ioError)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(done.withLock { $0 } > 200)
        for engine in engines {
            #expect(try await engine.check() == [])
            await engine.close()
        }
        let reader = try await PostgreSQLEngine.openForReading(location)
        #expect(try await reader.check() == [])
        await reader.close()
    }

    /// Does something in one of a few directories.
    private static func step(_ calls: MetadataCalls, _ places: inout [NodeID], _ random: inout Seeded) async throws {
        func pick() -> NodeID { places[Int.random(in: 0..<places.count, using: &random)] }
        func name() -> StoredName { StoredName(String(Int.random(in: 0..<4, using: &random))) }
        switch Int.random(in: 0..<8, using: &random) {
        case 0..<2:
            let made = try await calls.make(name(), in: pick(), .directory)
            if places.count < 6 { places.append(made.id) }
        case 2: _ = try await calls.make(name(), in: pick())
        case 3..<6: _ = try await calls.rename(name(), in: pick(), to: name(), into: pick())
        case 6:
            if let found = try await calls.lookUp(name(), in: pick()), found.type == .regular {
                _ = try await calls.write(found.id, at: UInt64.random(in: 0..<4, using: &random) << 12, 4096)
            }
        default:
            let removed = try await calls.removeFile(name(), in: pick())
            if removed.attributes.linkCount == 0 { try await calls.engine.dispose(of: removed.id) }
        }
    }

    // MARK: Those that are over

    /// A session that is silent for longer than its lease is ended by another: what it commits after that is refused, and what it
    /// leaves is put in order.
    @Test func silentSessionsAreEnded() async throws {
        let server = try await PostgreSQLServer.shared.value
        let location = try await Self.format()
        let told = Locked<[String]>([])
        let silent = try await PostgreSQLEngine.open(location, lease: .seconds(3600)) { text in
            told.withLock { $0.append(text) }
        }
        let calls = MetadataCalls(silent)
        let file = try await calls.make("file").id
        _ = try await calls.write(file, at: 0, 10)
        try await calls.removeFile("file")
        let number = try await silent.reserveObjects(1).lowerBound
        let kept = try await calls.make("kept")
        try server.run("UPDATE sessions SET lease = 1, deadline = clock_timestamp()", schema: location.schema)
        let other = try await PostgreSQLEngine.open(location, lease: .milliseconds(400))
        // Until it has been noticed; without an end if it never is.
        while await errno({ try await other.node(file) }) == nil { try await Task.sleep(for: .milliseconds(20)) }
        for attempt in 0..<2 {
            let error = await errno { try await calls.make(StoredName("late\(attempt)")) }
            #expect(error == .staleNFSFileHandle)
        }
        #expect(await errno { try await calls.node(kept.id) } == .staleNFSFileHandle)
        #expect(told.withLock { $0.count } == 1)
        #expect(try await other.garbage(limit: 10).contains(number))
        #expect(try await MetadataCalls(other).list() == ["kept"])
        #expect(try await other.check() == [])
        await silent.close()
        #expect(try await other.usage().nodes == 2)
        #expect(try await other.check() == [])
        await other.close()
    }

    @Test func livingSessionsAreNot() async throws {
        let location = try await Self.format()
        let engines = [
            try await PostgreSQLEngine.open(location, lease: .milliseconds(1000)),
            try await PostgreSQLEngine.open(location, lease: .milliseconds(1000)),
        ]
        try await Task.sleep(for: .milliseconds(2500))
        for (index, engine) in engines.enumerated() {
            try await MetadataCalls(engine).make(StoredName("\(index)"))
            await engine.close()
        }
    }
}
