import NetworkStore
import RingFUSE
import SystemPackage
import TestSupport
import Testing

/// What is left of a volume that keeps removed files and whose process was killed while it removed some. See `Tests/StoreStorm`.
@Suite struct TrashCrashTests {
    /// What a task's directory and the trash hold after some of its steps: names with their sizes.
    private static func expected(after steps: Int) -> (there: Set<String>, trash: Set<String>) {
        var (there, trash): (Set<String>, Set<String>) = ([], [])
        var last: String?
        for cycle in stride(from: 0, to: steps, by: 6) {
            let done = min(6, steps - cycle)
            if done < 3 { there.insert("a\(cycle):\(done == 2 ? cycle + 1 : 0)") }
            if done >= 3 { trash.insert("a\(cycle):\(cycle + 1)") }
            if done == 4 || done == 5 { there.insert("b\(cycle):\(done == 5 ? cycle + 4 : 0)") }
            guard done == 6 else { continue }
            if let last { trash.insert(last) }
            last = "last:\(cycle + 4)"
        }
        if let last { there.insert(last) }
        return (there, trash)
    }

    @Test(arguments: EngineKind.allCases, 1...4 as ClosedRange<UInt64>)
    func nothingAcknowledgedIsLost(kind: EngineKind, seed: UInt64) async throws {
        let tasks = 4
        let fixture = VolumeFixture()
        var description = VolumeFixture.description()
        description.trashAge = 86_400
        var metadata = fixture.path
        switch kind {
        case .sqlite: try await SQLiteEngine.format(metadata, description)
        case .postgreSQL:
            metadata = try await PostgreSQLServer.shared.value.volume()
            try await PostgreSQLEngine.format(try PostgreSQLLocation(metadata), description)
        }
        var random = Seeded(seed: seed)
        let storm = try StormProcess("trash", metadata, "\(tasks)")
        for _ in 0..<Int.random(in: 1...600, using: &random) { try #require(storm.line() != nil) }
        storm.kill()
        let engine: any MetadataEngine
        switch kind {
        case .sqlite: engine = try await SQLiteEngine.open(metadata)
        case .postgreSQL: engine = try await PostgreSQLEngine.open(try PostgreSQLLocation(metadata))
        }
        #expect(try await engine.check() == [])
        let entries = try await engine.trash(after: 0, until: .max, limit: .max)
        for task in 0..<tasks {
            let directory = try #require(try await MetadataCalls(engine).lookUp(StoredName("\(task)"))).id
            let names = try await engine.names(in: directory, after: 0, limit: .max)
            let there = Set(names.map { "\(String($0.name)):\($0.node.attributes.size)" })
            let trash = Set(
                entries.filter { $0.place.directory == directory }
                    .map { "\(String($0.place.name)):\($0.node.attributes.size)" })
            let said = storm.acknowledged(task)
            // The step that was under way may be there, too; nothing after it.
            #expect(
                [said, said + 1].contains { Self.expected(after: $0) == (there, trash) },
                "task \(task) said \(said): \(there), in the trash \(trash)")
        }
        await engine.close()
    }
}
