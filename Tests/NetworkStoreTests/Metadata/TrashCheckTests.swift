import RingFUSE
import SystemPackage
import TestSupport
import Testing

@testable import NetworkStore

/// Damage of the trash is found, and nothing else with it; dumps of volumes with a trash are loaded.
@Suite struct TrashCheckTests {
    /// Findings in a volume with something in the trash, made unsound by SQL: file 2 in the trash, file 3 not, directory 4 in the
    /// trash and file 5 that was in it.
    private static func findings(after sql: String) async throws -> [Inconsistency] {
        let fixture = VolumeFixture()
        try await fixture.format()
        let engine = try await SQLiteEngine.open(fixture.path)
        let calls = MetadataCalls(engine)
        try await fill(calls)
        await engine.close()
        try Database(fixture.path, .write).execute(sql)
        let reader = try await SQLiteEngine.openForReading(fixture.path)
        let findings = try await reader.check()
        await reader.close()
        return findings
    }

    private static func fill(_ calls: MetadataCalls) async throws {
        try await calls.engine.setTrashAge(1000)
        for name in ["removed", "kept"] as [StoredName] {
            try await calls.write(try await calls.make(name).id, at: 0, 10)
        }
        let directory = try await calls.makeDirectory("directory")
        let name = StoredName(String(repeating: "x", count: 255))
        try await calls.write(try await calls.make(name, in: directory).id, at: 0, 10)
        try await calls.set("user.x", of: directory, to: [1])
        try await calls.removeFile("removed")
        try await calls.removeFile(name, in: directory)
        try await calls.removeDirectory("directory")
    }

    @Test(
        arguments: [
            ("SELECT 1", []),
            ("DELETE FROM names WHERE dir = 0 AND node = 2", [.trash(node: NodeID(2))]),
            (
                "UPDATE nodes SET marks = marks & 15 WHERE id = 5",
                [.unlinkedNote(node: NodeID(5)), .trash(node: NodeID(5))]
            ),
            ("UPDATE names SET name = x'61' WHERE node = 2", [.trash(node: NodeID(2))]),
            ("UPDATE names SET name = CAST('A' || substr(name, 2) AS BLOB) WHERE node = 2", [.trash(node: NodeID(2))]),
            ("INSERT INTO names VALUES (0, x'61', 3, 2)", [.trash(node: NodeID(2)), .trash(node: NodeID(2))]),
            (
                "UPDATE nodes SET links = 1 WHERE id = 2",
                [.linkCount(node: NodeID(2), links: 1, names: 0), .trash(node: NodeID(2))]
            ),
            (
                "INSERT INTO unlinked VALUES (2, 0, 0); INSERT INTO sessions VALUES (0, '', '', '', 0, 0, 0)",
                [.unlinkedNote(node: NodeID(2))]
            ),
            ("UPDATE nodes SET marks = marks & ~1 WHERE id = 4", [.attributes(node: NodeID(4))]),
            ("UPDATE nodes SET parent = 1 WHERE id = 4", [.parent(directory: NodeID(4))]),
        ] as [(String, [Inconsistency])])
    func damageIsFound(sql: String, expected: [Inconsistency]) async throws {
        #expect(try await Self.findings(after: sql) == expected)
    }

    /// From each engine to each, with all that is in the trash.
    @Test(arguments: EngineKind.allCases, EngineKind.allCases)
    func dumpsCarryIt(source: EngineKind, target: EngineKind) async throws {
        let file = try DumpTests.file()
        defer { try? file.close() }
        try await withVolume(source) { calls in
            try await Self.fill(calls)
            let before = try await TrashCan(calls.engine).items(after: 0)
            #expect(before.count == 3)
            try await calls.engine.dump(to: file) { _ in }
            let place = try await VolumePlace(target)
            try await place.load(file)
            let engine = try await place.open()
            #expect(engine.volume.trashAge == 1000)
            let can = TrashCan(engine)
            #expect(try await can.items(after: 0) == before)
            for item in before where !item.isDirectory { _ = try await can.restore(NodeID(item.entry)) }
            #expect(try await engine.trashUsage() == TrashUsage(entries: 0, bytes: 0))
            #expect(try await engine.usage().bytes == 30)
            #expect(try await engine.check() == [])
            await engine.close()
            try await place.remove()
        }
    }
}
