import Foundation
import RingFUSE
import SystemPackage
import TestSupport
import Testing

@testable import NetworkStore

/// Two sessions that change what lies in the same objects do not wait for each other in a circle.
@Suite struct PostgreSQLOrderTests {
    /// Bytes of each file.
    private static let length: UInt64 = 1000

    /// Objects with two files each, as small files are packed.
    private static let objectCount = 16

    /// Makes the files.
    ///
    /// - Returns: one of each object, in the order of the objects, and the other ones.
    private static func makeFiles(_ calls: MetadataCalls) async throws -> (first: [NodeID], second: [NodeID]) {
        let numbers = try await calls.engine.reserveObjects(objectCount)
        var files: (first: [NodeID], second: [NodeID]) = ([], [])
        for number in numbers {
            let pair = (
                try await calls.make(StoredName("first \(number)")).id,
                try await calls.make(StoredName("second \(number)")).id
            )
            var (one, other) = (ContentChange(of: pair.0), ContentChange(of: pair.1))
            one.objects = [ObjectRecord(number: number, length: 2 * length, layout: [1, 2, 3])]
            one.extents = [Extent(offset: 0, length: length, place: .object(number, offset: 0))]
            other.extents = [Extent(offset: 0, length: length, place: .object(number, offset: length))]
            _ = try await calls.engine.commit([one, other], durably: false)
            files.first.append(pair.0)
            files.second.append(pair.1)
        }
        return files
    }

    /// A byte of each file becomes a hole.
    private static func change(
        _ files: [NodeID],
        at offset: UInt64,
        by engine: PostgreSQLEngine
    ) async throws {
        let changes = files.map { file in
            var change = ContentChange(of: file)
            change.holes = [offset..<offset + 1]
            return change
        }
        let records = try await engine.commit(changes, durably: false)
        #expect(records.allSatisfy { $0 != nil })
    }

    /// Locks an object in the middle, so that whoever wants it has others by then; until ``letGo(_:_:)``.
    private static func holdAnObject(_ server: PostgreSQLServer, _ schema: String) async throws {
        Thread.detachNewThread {
            // Where it fails nobody is ever seen to sleep; it ends by being ended.
            _ = try? server.run(
                """
                BEGIN; SELECT number FROM objects ORDER BY number OFFSET \(objectCount / 2) LIMIT 1 FOR UPDATE;
                SELECT pg_sleep(600)
                """, schema: schema)
        }
        try await expect("1", "wait_event = 'PgSleep'", server, schema)
    }

    /// Ends that, as soon as both sessions wait: one for the object, the other for the first, or for the object, too.
    private static func letGo(_ server: PostgreSQLServer, _ schema: String) async throws {
        try await expect("2", "wait_event_type = 'Lock'", server, schema)
        _ = try server.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'", schema: schema)
    }

    /// Waits until there are so many connections of a kind.
    private static func expect(
        _ count: String,
        _ condition: String,
        _ server: PostgreSQLServer,
        _ schema: String
    ) async throws {
        let question = "SELECT count(*) FROM pg_stat_activity WHERE \(condition)"
        for _ in 0..<3000 {
            if try server.run(question, schema: schema) == count + "\n" { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("never \(count) connections where \(condition)")
    }

    /// Each session changes a file of each object, the one in the opposite order of the other. The server counts what it had to break.
    @Test func commitsOfSeveralFilesTakeObjectsInOrder() async throws {
        let server = try PostgreSQLServer()
        defer {
            server.stop()
            server.remove()
        }
        let location = try PostgreSQLLocation(server.volume())
        try await PostgreSQLEngine.format(location, VolumeFixture.description())
        let (first, second) = (try await PostgreSQLEngine.open(location), try await PostgreSQLEngine.open(location))
        let files = try await Self.makeFiles(MetadataCalls(first))
        for round in 0..<3 as Range<UInt64> {
            try await Self.holdAnObject(server, location.schema)
            async let one: Void = Self.change(files.first, at: 2 * round, by: first)
            async let other: Void = Self.change(files.second.reversed(), at: 2 * round, by: second)
            try await Self.letGo(server, location.schema)
            _ = try await (one, other)
        }
        #expect(try await first.check() == [])
        // Servers count when a connection ends, if not before.
        for engine in [first, second] { await engine.close() }
        var count = ""
        for _ in 0..<3 {
            try await Task.sleep(for: .milliseconds(500))
            count = try server.run(
                "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()", schema: location.schema)
        }
        #expect(count == "0\n")
    }
}
