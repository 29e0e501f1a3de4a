import Glibc
import RingFUSE
import SystemPackage
import TestSupport
import Testing

@testable import NetworkStore

/// Volumes of before there were quotas, and damage to them.
@Suite struct QuotaSchemaTests {
    /// What makes the newest schema the first one again.
    private static let downgrade = [
        "DROP TABLE quotas", "DROP INDEX nodes_by_quota", "ALTER TABLE nodes DROP COLUMN quota",
    ]

    /// Something that was there before.
    private static func fill(_ engine: any MetadataEngine) async throws {
        let calls = MetadataCalls(engine)
        let directory = try await calls.makeDirectory("directory")
        try await calls.write(try await calls.make("file", in: directory).id, at: 0, 100)
        try await calls.make("link", .symbolicLink, target: "directory/file")
        await engine.close()
    }

    /// What was there can be used, and gets a quota.
    private static func use(_ engine: any MetadataEngine) async throws {
        let calls = MetadataCalls(engine)
        let directory = try #require(try await calls.lookUp("directory"))
        #expect(directory.quota == NodeID(0))
        let link = try #require(try await calls.lookUp("link")).id
        #expect(try await engine.target(of: link) == "directory/file")
        let quota = try await QuotaWalk(engine).set(directory.id, QuotaRecord.Limits(bytes: 100))
        #expect(quota.bytes == 100 && quota.nodes == 2)
        try await calls.make("new", .symbolicLink, target: "somewhere")
        #expect(try await engine.check() == [])
        await engine.close()
    }

    /// The first schema as it was made, by what has been its text ever since.
    @Test func ofSQLiteAreBroughtUpToDate() async throws {
        let fixture = VolumeFixture()
        try await fixture.format()
        try await Self.fill(try await SQLiteEngine.open(fixture.path))
        let database = try Database(fixture.path, .write)
        for text in Self.downgrade { try database.execute(text) }
        try database.execute("PRAGMA user_version = 1")
        // It is the one that there was.
        let old = try Database(fixture.directory + "/old.db", .create)
        try Schema.migrate(old, steps: [Schema.steps[0]])
        let tables = """
            SELECT group_concat(name || ' ' || coalesce(
                (SELECT group_concat(c.name || c.type || c."notnull" || c.pk) FROM pragma_table_info(s.name) c), ''))
            FROM (SELECT name FROM sqlite_schema ORDER BY name) s
            """
        #expect(try database.prepare(tables).firstText() == (try old.prepare(tables).firstText()))
        await #expect(throws: VolumeError.older(path: fixture.path, version: 1, known: Schema.version)) {
            try await SQLiteEngine.openForReading(fixture.path)
        }
        try await Self.use(try await SQLiteEngine.open(fixture.path))
        #expect(try database.number("PRAGMA user_version") == Schema.version)
    }

    @Test func ofPostgreSQLAreBroughtUpToDate() async throws {
        let server = try await PostgreSQLServer.shared.value
        let location = try PostgreSQLLocation(server.volume())
        try await PostgreSQLEngine.format(location, VolumeFixture.description())
        try await Self.fill(try await PostgreSQLEngine.open(location))
        let downgrade = ["DROP TABLE locks, lock_waits"] + Self.downgrade + ["UPDATE volume SET version = 1"]
        try server.run(downgrade.joined(separator: "; "), schema: location.schema)
        let path = location.description
        await #expect(throws: VolumeError.older(path: path, version: 1, known: PostgreSQLSchema.version)) {
            try await PostgreSQLEngine.openForReading(location)
        }
        // Not while an older program has it: that would count nothing.
        try server.run(
            "INSERT INTO sessions VALUES (99, 'other', '', '', 7, 0, now(), 1000, now() + interval '1 h', 0, 0, 0, 0)",
            schema: location.schema)
        await #expect(throws: VolumeError.inUse(path: path, by: "process 7 on other", mayForce: false)) {
            try await PostgreSQLEngine.open(location)
        }
        try server.run("DELETE FROM sessions", schema: location.schema)
        try await Self.use(try await PostgreSQLEngine.open(location))
        try await PostgreSQLEngine.remove(location)
    }

    /// A dump of the first format has no quotas.
    @Test func oldDumpsAreLoaded() async throws {
        let path = FilePath("/tmp/ringfuse-dump-\(getpid())-\(UInt32.random(in: 0...UInt32.max))")
        let file = try FileDescriptor.open(
            path, .readWrite, options: [.create, .exclusiveCreate, .closeOnExec], permissions: [.ownerReadWrite])
        defer {
            unsafe unlink(path.string)
            try? file.close()
        }
        let writer = DumpWriter(file) { _ in }
        try writer.write(DumpHeader(dump: 1, volume: VolumeFixture.description(), nextNode: 2, nextObject: 1))
        let root: [Int64] = [1, 0o40755, 0, 0, 2, 0, 0, 0, 0, 0, 1, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0]
        try writer.write(DumpRow(table: .nodes, values: root.map { .number($0) } + [.nothing]))
        try writer.finish()
        try file.seek(offset: 0, from: .start)
        let fixture = VolumeFixture()
        try await SQLiteEngine.load(fixture.path, from: file)
        let engine = try await SQLiteEngine.open(fixture.path)
        #expect(try engine.node(.root).quota == NodeID(0))
        #expect(try await engine.check() == [])
        await engine.close()
    }

    @Test(
        arguments: [
            (
                "UPDATE quotas SET bytes = 7 WHERE directory = 3",
                [
                    .quota(
                        directory: NodeID(3), bytes: Inconsistency.Count(counted: 7, found: 100),
                        nodes: Inconsistency.Count(counted: 2, found: 2))
                ]
            ),
            (
                "UPDATE quotas SET nodes = 5 WHERE directory = 2",
                [
                    .quota(
                        directory: NodeID(2), bytes: Inconsistency.Count(counted: 100, found: 100),
                        nodes: Inconsistency.Count(counted: 5, found: 4))
                ]
            ),
            // A directory that belongs to the quota around its own.
            (
                "UPDATE nodes SET quota = 2 WHERE id = 5; UPDATE nodes SET quota = 1 WHERE id = 1; "
                    + "INSERT INTO quotas VALUES (1, 0, -1, -1, 0, 1, 1)",
                [.quotaMembership(node: NodeID(5))]
            ),
            (
                "UPDATE nodes SET quota = 77 WHERE id = 1", [.quotaMembership(node: NodeID(77))]
            ),
        ] as [(String, [Inconsistency])])
    func damageIsFound(sql: String, expected: [Inconsistency]) async throws {
        let fixture = VolumeFixture()
        try await fixture.format()
        let engine = try await SQLiteEngine.open(fixture.path)
        let calls = MetadataCalls(engine)
        // Node 2 with a quota, 3 in it with one, file 4 in that; 5 in the root.
        let outer = try await calls.makeDirectory("outer")
        let inner = try await calls.makeDirectory("inner", in: outer)
        try await calls.write(try await calls.make("file", in: inner).id, at: 0, 100)
        _ = try await calls.makeDirectory("beside")
        for directory in [outer, inner] { try await QuotaWalk(engine).set(directory, QuotaRecord.Limits()) }
        try await calls.make("link", in: outer, .symbolicLink, target: "x")
        await engine.close()
        try Database(fixture.path, .write).execute(sql)
        let reader = try await SQLiteEngine.openForReading(fixture.path)
        let findings = try await reader.check()
        await reader.close()
        #expect(Set(findings).isSuperset(of: expected), "\(findings)")
        #expect(!findings.isEmpty)
    }
}
