import FileSystems
import RingFUSE
import SystemPackage
import TestSupport
import Testing

@testable import NetworkStore

/// How often the server is asked for an operation: what a network costs.
@Suite struct PostgreSQLRoundTripTests {
    /// How often the connection that writes has asked so far.
    private static func count(_ engine: PostgreSQLEngine) async throws -> Int {
        try await engine.write(.none) { (transaction) throws(Errno) in transaction.rows.connection.roundTrips }
    }

    /// How often it asks while something is done, alone.
    private static func roundTrips(of engine: PostgreSQLEngine, _ body: () async throws -> Void) async throws -> Int {
        let before = try await count(engine)
        try await body()
        // The counting itself ends a transaction, and begins another.
        return try await count(engine) - before - 2
    }

    private static func withEngine(_ body: (PostgreSQLEngine, MetadataCalls) async throws -> Void) async throws {
        let location = try PostgreSQLLocation(await PostgreSQLServer.shared.value.volume())
        try await PostgreSQLEngine.format(location, VolumeFixture.description())
        // Nothing is asked beside what is counted.
        let engine = try await PostgreSQLEngine.open(location, lease: .seconds(3600)) { Issue.record("\($0)") }
        _ = try await count(engine)
        try await body(engine, MetadataCalls(engine))
        await engine.close()
        try await PostgreSQLEngine.remove(location)
    }

    @Test func twoForMostOperations() async throws {
        try await Self.withEngine { engine, calls in
            let directory = try await calls.makeDirectory("directory")
            let file = try await calls.make("file").id
            let number = try await engine.reserveObjects(1).lowerBound
            let operations: [(String, () async throws -> Void)] = [
                ("make", { try await calls.make("another") }),
                ("link", { try await calls.link(file, to: "link", in: directory) }),
                ("rename", { try await calls.rename("another", to: "moved", into: directory) }),
                ("replace", { try await calls.rename("link", in: directory, to: "moved", into: directory) }),
                ("chmod", { try await calls.change(file) { $0.mode = NodeMode(.regular, permissions: 0o600) } }),
                ("reserve", { _ = try await engine.reserveObjects(1) }),
                (
                    "object",
                    {
                        try await calls.commit(file, durably: true) {
                            $0.objects = [ObjectRecord(number: number, length: 100, layout: [])]
                            $0.extents = [Extent(offset: 0, length: 100, place: .object(number, offset: 0))]
                        }
                    }
                ),
                (
                    "overwrite",
                    {
                        try await calls.commit(file, durably: true) {
                            $0.extents = [Extent(offset: 10, length: 1, place: .inline([1]))]
                        }
                    }
                ),
                ("truncate", { try await calls.resize(file, to: 50) }),
                ("synchronize", { try await engine.synchronize() }),
                ("remove", { try await calls.removeFile("file") }),
                ("refuse", { _ = await errno { try await calls.removeFile("file") } }),
            ]
            for (name, operation) in operations {
                let count = try await Self.roundTrips(of: engine, operation)
                #expect(count == 2, "\(name)")
            }
            // Whether it is empty; the directories above it.
            #expect(try await Self.roundTrips(of: engine) { _ = try await calls.makeDirectory("empty") } == 2)
            #expect(try await Self.roundTrips(of: engine) { try await calls.removeDirectory("empty") } == 3)
            let upper = try await calls.makeDirectory("upper")
            let lower = try await calls.makeDirectory("lower", in: try await calls.makeDirectory("middle", in: upper))
            let count = try await Self.roundTrips(of: engine) {
                try await calls.rename("directory", to: "moved", into: lower)
            }
            #expect(count == 3)
        }
    }

    /// One more in a quota, however many are around it, and none beside it.
    @Test func threeInAQuota() async throws {
        try await Self.withEngine { engine, calls in
            let outer = try await calls.makeDirectory("outer")
            let inner = try await calls.makeDirectory("inner", in: outer)
            for directory in [outer, inner] { try await QuotaWalk(engine).set(directory, QuotaRecord.Limits(bytes: 9)) }
            #expect(try await Self.roundTrips(of: engine) { try await calls.make("file", in: inner) } == 3)
            let file = try #require(try await calls.lookUp("file", in: inner)).id
            let change = { (content: inout ContentChange) in
                content.extents = [Extent(offset: 0, length: 1, place: .inline([1]))]
            }
            #expect(try await Self.roundTrips(of: engine) { try await calls.commit(file, change) } == 3)
            #expect(try await Self.roundTrips(of: engine) { try await calls.make("file") } == 2)
        }
    }

    /// Two for each lock. What nobody holds costs nothing to give up.
    @Test func twoForALock() async throws {
        try await Self.withEngine { engine, calls in
            let locks = SharedLocks(engine)
            let node = try await calls.make("file").id
            let (one, other) = (
                OpenFile(node: node, handle: HandleID(1), lockOwner: 1),
                OpenFile(node: node, handle: HandleID(2), lockOwner: 2)
            )
            let operations: [(String, Int, () async throws -> Void)] = [
                ("unlock nothing", 0, { _ = try await locks.set(FileLock(.unlock, 0, 9), on: one, waits: false) }),
                ("close without", 0, { await locks.closed(one) }),
                ("release without", 0, { await locks.released(one) }),
                ("lock", 2, { _ = try await locks.set(FileLock(.write, 0, 9), on: one, waits: true) }),
                ("look", 0, { _ = try await locks.conflict(with: FileLock(.write, 0, 9), on: other) }),
                (
                    "be refused", 2,
                    { _ = await errno { _ = try await locks.set(FileLock(.read, 0, 9), on: other, waits: false) } }
                ),
                ("unlock", 2, { _ = try await locks.set(FileLock(.unlock, 0, 9), on: one, waits: false) }),
                ("close after", 0, { await locks.closed(one) }),
                ("flock", 2, { _ = try await locks.set(.whole(.write), on: one, waits: true) }),
                ("release", 2, { await locks.released(one) }),
                ("release again", 0, { await locks.released(one) }),
            ]
            for (name, expected, operation) in operations {
                let count = try await Self.roundTrips(of: engine, operation)
                #expect(count == expected, "\(name)")
            }
        }
    }

    /// As many where removed files are kept.
    @Test func twoWithATrash() async throws {
        try await Self.withEngine { engine, calls in
            try await engine.setTrashAge(1000)
            for name in ["a", "b", "c"] as [StoredName] {
                try await calls.write(try await calls.make(name).id, at: 0, 10)
            }
            #expect(try await Self.roundTrips(of: engine) { try await calls.removeFile("a") } == 2)
            #expect(try await Self.roundTrips(of: engine) { try await calls.rename("b", to: "c") } == 2)
            let entries = try await engine.trash(after: 0, until: .max, limit: 10)
            try #require(entries.count == 2)
            let restored = try await Self.roundTrips(of: engine) {
                _ = try await engine.restore(entries[0], to: entries[0].place)
            }
            let discarded = try await Self.roundTrips(of: engine) {
                _ = try await engine.discard([entries[1]], inUse: [])
            }
            #expect(restored == 2 && discarded == 2)
            #expect(try await engine.trash(after: 0, until: .max, limit: 10).isEmpty)
        }
    }

    @Test func companyShares() async throws {
        try await Self.withEngine { engine, calls in
            let count = try await Self.roundTrips(of: engine) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for task in 0..<64 { group.addTask { _ = try await calls.make(StoredName("\(task)")) } }
                    try await group.waitForAll()
                }
            }
            // Each alone would take 128.
            #expect(count < 100)
        }
    }
}
