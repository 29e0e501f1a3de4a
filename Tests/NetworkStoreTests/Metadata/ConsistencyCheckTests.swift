import RingFUSE
import SystemPackage
import Testing

@testable import NetworkStore

/// Each kind of damage is found, and nothing else with it.
@Suite struct ConsistencyCheckTests {
    /// A volume with something of everything, made unsound by SQL.
    private static func findings(after sql: String) async throws -> [Inconsistency] {
        let fixture = VolumeFixture()
        try await fixture.format()
        let engine = try await SQLiteEngine.open(fixture.path)
        let calls = MetadataCalls(engine)
        // Node 2 in the root, 3 in 2, file 4 with objects 1 and 2, object 2 garbage, file 5 with attributes.
        let upper = try await calls.makeDirectory("upper")
        _ = try await calls.makeDirectory("lower", in: upper)
        let file = try await calls.make("file").id
        try await calls.write(file, at: 0, 100)
        try await calls.write(file, at: 200, 100)
        try await calls.resize(file, to: 200)
        let other = try await calls.make("other").id
        try await calls.set("user.x", of: other, to: [1])
        try await calls.commit(other) { $0.extents = [Extent(offset: 0, length: 3, place: .inline([1, 2, 3]))] }
        await engine.close()
        try Database(fixture.path, .write).execute(sql)
        let reader = try await SQLiteEngine.openForReading(fixture.path)
        let findings = try await reader.check()
        await reader.close()
        return findings
    }

    @Test func soundIsSound() async throws {
        #expect(try await Self.findings(after: "SELECT 1") == [])
    }

    @Test(
        arguments: [
            ("UPDATE nodes SET links = 2 WHERE id = 4", [.linkCount(node: NodeID(4), links: 2, names: 1)]),
            ("UPDATE nodes SET links = 4 WHERE id = 1", [.linkCount(node: .root, links: 4, names: 3)]),
            (
                "DELETE FROM nodes WHERE id = 5; DELETE FROM attributes; DELETE FROM extents WHERE node = 5; "
                    + "UPDATE state SET nodes = nodes - 1, bytes = bytes - 3",
                [.nameWithoutNode(name: "other", directory: .root, node: NodeID(5))]
            ),
            (
                "INSERT INTO names VALUES (4, x'61', 3, 5); UPDATE nodes SET links = 2 WHERE id = 5; "
                    + "UPDATE nodes SET next_cookie = 4 WHERE id = 4",
                [.nameOutsideDirectory(name: "a", directory: NodeID(4))]
            ),
            (
                "INSERT INTO unlinked VALUES (4, 0, 0); INSERT INTO sessions VALUES (0, '', '', '', 0, 0, 0)",
                [.unlinkedNote(node: NodeID(4))]
            ),
            ("UPDATE nodes SET parent = 1 WHERE id = 3", [.parent(directory: NodeID(3))]),
            ("UPDATE nodes SET parent = 1 WHERE id = 4", [.parent(directory: NodeID(4))]),
            (
                // A directory inside of one that is inside of it.
                "UPDATE names SET dir = 3, cookie = 3 WHERE node = 2; UPDATE nodes SET parent = 3 WHERE id = 2; "
                    + "UPDATE nodes SET links = 3, next_cookie = 4 WHERE id = 3; UPDATE nodes SET links = 2 WHERE id = 1",
                [.unreachable(directory: NodeID(2)), .unreachable(directory: NodeID(3))]
            ),
            ("UPDATE nodes SET next_cookie = 3 WHERE id = 2", [.cookie(directory: NodeID(2))]),
            ("UPDATE names SET cookie = 3 WHERE dir = 1", [.cookie(directory: .root)]),
            (
                "INSERT INTO extents VALUES (4, 50, 10, 0, 0, NULL); UPDATE nodes SET allocated = 110 WHERE id = 4; "
                    + "UPDATE state SET bytes = bytes + 10",
                [.overlap(file: NodeID(4), offset: 50)]
            ),
            ("UPDATE extents SET data = x'01' WHERE node = 5", [.extent(file: NodeID(5), offset: 0)]),
            ("UPDATE nodes SET allocated = 7 WHERE id = 5", [.allocated(file: NodeID(5), counted: 7, found: 3)]),
            ("UPDATE nodes SET marks = 0 WHERE id = 5", [.attributes(node: NodeID(5))]),
            ("UPDATE nodes SET marks = 9 WHERE id = 5", [.attributes(node: NodeID(5))]),
            ("INSERT INTO attributes VALUES (99, x'61', x'62')", [.attributes(node: NodeID(99))]),
            ("DELETE FROM objects WHERE number = 1", [.objectMissing(object: 1, file: NodeID(4))]),
            ("UPDATE objects SET length = 99 WHERE number = 1", [.objectMissing(object: 1, file: NodeID(4))]),
            ("UPDATE objects SET extents = 2 WHERE number = 1", [.objectUse(object: 1)]),
            ("UPDATE objects SET live = 99 WHERE number = 1", [.objectUse(object: 1)]),
            ("INSERT INTO pending VALUES (1, 7); INSERT INTO sessions VALUES (7, '', '', '', 0, 0, 0)", [.number(1)]),
            ("INSERT INTO pending VALUES (2, 8)", [.number(2)]),
            ("UPDATE state SET next_object = 2", [.number(2)]),
            ("UPDATE state SET next_node = 5", [.number(5)]),
            ("UPDATE state SET nodes = 9", [.counter(name: "nodes", counted: 9, found: 5)]),
            ("UPDATE state SET bytes = 9", [.counter(name: "bytes", counted: 9, found: 103)]),
            ("UPDATE state SET garbage_bytes = 9", [.counter(name: "garbage_bytes", counted: 9, found: 100)]),
        ] as [(String, Set<Inconsistency>)])
    func findsDamage(sql: String, expected: Set<Inconsistency>) async throws {
        let findings = try await Self.findings(after: sql)
        #expect(Set(findings) == expected)
        for finding in findings { #expect(!"\(finding)".contains("\n")) }
    }
}
