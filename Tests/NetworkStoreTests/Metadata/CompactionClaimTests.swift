import FileSystems
import RingFUSE
import SystemPackage
import TestSupport
import Testing

@testable import NetworkStore

/// Which of several sessions of a volume moves bytes, and what others hear of it.
@Suite struct CompactionClaimTests {
    /// A volume that is formatted, on the server that all tests share.
    private static func format() async throws -> PostgreSQLLocation {
        let location = try PostgreSQLLocation(await PostgreSQLServer.shared.value.volume())
        try await PostgreSQLEngine.format(location, VolumeFixture.description())
        return location
    }

    /// Whoever has only one session at a time need not ask.
    @Test func isNobodysElseInAFile() async throws {
        let fixture = VolumeFixture()
        try await fixture.format()
        let engine = try await SQLiteEngine.open(fixture.path)
        #expect(try await engine.claimCompaction())
        #expect(engine.compactionClaimRest == .zero)
        await engine.close()
    }

    /// Of several that ask at once one gets it, and keeps it until it ends; then the next one who asks gets it.
    @Test func oneHasIt() async throws {
        let location = try await Self.format()
        var engines: [PostgreSQLEngine] = []
        for _ in 0..<5 { engines.append(try await PostgreSQLEngine.open(location)) }
        for _ in 0..<2 {
            let owners = try await withThrowingTaskGroup(of: Int?.self) { group in
                for (index, engine) in engines.enumerated() {
                    group.addTask { try await engine.claimCompaction() ? index : nil }
                }
                var owners: [Int] = []
                for try await owner in group { if let owner { owners.append(owner) } }
                return owners
            }
            try #require(owners.count == 1)
            for (index, engine) in engines.enumerated() {
                #expect(try await engine.claimCompaction() == (index == owners[0]))
            }
            await engines.remove(at: owners[0]).close()
        }
        #expect(try await engines[0].claimCompaction())
        for engine in engines { await engine.close() }
    }

    /// A session that was silent for longer than its lease has lost it: another gets it, and not before.
    @Test func isLostWithTheSession() async throws {
        let server = try await PostgreSQLServer.shared.value
        let location = try await Self.format()
        let silent = try await PostgreSQLEngine.open(location, lease: .seconds(3600))
        let other = try await PostgreSQLEngine.open(location, lease: .milliseconds(400))
        #expect(try await silent.claimCompaction())
        #expect(try await !other.claimCompaction())
        try server.run(
            """
            UPDATE sessions SET lease = 1, deadline = clock_timestamp() WHERE epoch <> (SELECT max(epoch) FROM sessions)
            """, schema: location.schema)
        // Without an end if it is never noticed.
        while try await !other.claimCompaction() { try await Task.sleep(for: .milliseconds(20)) }
        #expect(await errno { try await silent.claimCompaction() } == .staleNFSFileHandle)
        #expect(try await other.claimCompaction())
        for engine in [silent, other] { await engine.close() }
    }

    /// What programs that know of no claim have made of a volume's description counts: it is nobody's, and all else stays.
    @Test func isKeptBesideAllElse() async throws {
        let location = try await Self.format()
        let (first, second) = (try await PostgreSQLEngine.open(location), try await PostgreSQLEngine.open(location))
        #expect(try await first.claimCompaction())
        try await second.setTrashAge(77)
        #expect(try await first.claimCompaction())
        #expect(try await !second.claimCompaction())
        #expect(try await second.refreshVolume().trashAge == 77)
        let server = try await PostgreSQLServer.shared.value
        try server.run(
            """
            UPDATE volume SET description =
                convert_to((convert_from(description, 'UTF8')::jsonb - 'compactor')::text, 'UTF8')
            """, schema: location.schema)
        #expect(try await second.claimCompaction())
        #expect(try await second.refreshVolume().trashAge == 77)
        #expect(try await !first.claimCompaction())
        for engine in [first, second] { await engine.close() }
    }

    /// Of a move the other sessions hear nothing, which would have their kernels drop what they have cached; of a change they do.
    @Test func movesAreNotTold() async throws {
        let location = try await Self.format()
        let (first, second) = (try await PostgreSQLEngine.open(location), try await PostgreSQLEngine.open(location))
        let heard = Locked<[ForeignChanges]>([])
        second.watch { changes in heard.withLock { $0.append(changes) } }
        while heard.withLock({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(5)) }
        let calls = MetadataCalls(first)
        let (moved, last) = (try await calls.make("moved").id, try await calls.make("last").id)
        let before = try await calls.commit(moved) {
            $0.extents = [Extent(offset: 0, length: 3, place: .inline([1, 2, 3]))]
        }
        func hears(of file: NodeID) async throws {
            while !heard.withLock({ $0.contains { $0.nodes.contains(file) || $0.isEverything } }) {
                try await Task.sleep(for: .milliseconds(5))
            }
        }
        heard.withLock { $0 = [] }
        try await calls.change(last) { $0.mode = NodeMode(.regular, permissions: 0o600) }
        try await hears(of: last)
        heard.withLock { $0 = [] }
        let number = try await first.reserveObjects(1).lowerBound
        let place = Extent(offset: 0, length: 3, place: .object(number, offset: 0))
        let after = try await calls.commit(moved) {
            ($0.objects, $0.extents) = ([ObjectRecord(number: number, length: 3, layout: [1, 2, 3])], [place])
            $0.movedVersion = before.version
        }
        #expect(after == before)
        #expect(try await MetadataCalls(second).extents(moved) == [place])
        // It is told of after the move.
        try await calls.change(last) { $0.mode = NodeMode(.regular, permissions: 0o640) }
        try await hears(of: last)
        #expect(heard.withLock { !$0.contains { $0.nodes.contains(moved) || $0.isEverything } })
        for engine in [first, second] {
            #expect(try await engine.check() == [])
            await engine.close()
        }
    }
}
