import NetworkStore
import RingFUSE
import SystemPackage
import TestSupport
import Testing

/// What is left of a volume whose process was killed. See `Tests/StoreStorm`.
@Suite struct MetadataCrashTests {
    /// What a task's directory holds after some of its steps: the sizes of files by their names.
    private static func expected(after steps: Int) -> [String: UInt64] {
        var names: [String: UInt64] = [:]
        for cycle in stride(from: 0, to: steps, by: 5) {
            let done = min(5, steps - cycle)
            let size = UInt64(done >= 2 ? cycle + 1 : 0)
            if done < 3 { names["a\(cycle)"] = size }
            if done == 3 || done == 4 { names["b\(cycle)"] = size }
            if done >= 4 { names["c\(cycle)"] = size }
        }
        return names
    }

    @Test(arguments: EngineKind.allCases, 1...4 as ClosedRange<UInt64>)
    func nothingAcknowledgedIsLost(kind: EngineKind, seed: UInt64) async throws {
        let tasks = 4
        let fixture = VolumeFixture()
        let metadata: String
        switch kind {
        case .sqlite:
            metadata = fixture.path
            try await fixture.format()
        case .postgreSQL:
            metadata = try await PostgreSQLServer.shared.value.volume()
            try await PostgreSQLEngine.format(try PostgreSQLLocation(metadata), VolumeFixture.description())
        }
        var random = Seeded(seed: seed)
        let storm = try StormProcess("storm", metadata, "\(tasks)")
        for _ in 0..<Int.random(in: 1...600, using: &random) { try #require(storm.line() != nil) }
        storm.kill()
        // What it had said before it died, read or not.
        let engine = try await Self.open(metadata)
        let calls = MetadataCalls(engine)
        #expect(try await engine.check() == [])
        for task in 0..<tasks {
            let directory = try #require(try await calls.lookUp(StoredName("\(task)"))).id
            let names = try await engine.names(in: directory, after: 0, limit: .max)
            let found = Dictionary(uniqueKeysWithValues: names.map { (String($0.name), $0.node.attributes.size) })
            let said = storm.acknowledged(task)
            // The step that was under way may be there, too; nothing after it.
            #expect(
                [said, said + 1].contains { Self.expected(after: $0) == found }, "task \(task) said \(said): \(found)")
        }
        await engine.close()
        let reader = try await Self.open(metadata)
        #expect(try await reader.check() == [])
        await reader.close()
    }

    private static func open(_ metadata: String) async throws -> any MetadataEngine {
        guard PostgreSQLLocation.isLocation(metadata) else { return try await SQLiteEngine.open(metadata) }
        return try await PostgreSQLEngine.open(try PostgreSQLLocation(metadata))
    }

    @Test func anotherProcessIsKeptOutUntilItDies() async throws {
        let fixture = VolumeFixture()
        try await fixture.format()
        let holder = try StormProcess("hold", fixture.path)
        do {
            _ = try await SQLiteEngine.open(fixture.path)
            Issue.record("opened twice")
        } catch {
            guard case .inUse(_, let by, false) = error else { throw error }
            #expect(by.hasPrefix("process \(holder.process) on "))
        }
        let reader = try await SQLiteEngine.openForReading(fixture.path)
        #expect(try reader.node(.root).type == .directory)
        await reader.close()
        holder.kill()
        await (try SQLiteEngine.open(fixture.path)).close()
    }
}
