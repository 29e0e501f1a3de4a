import CSQLite
import Glibc
import RingFUSE
import SystemPackage
import TestSupport
import Testing

@testable import NetworkStore

/// Small content of an encrypted volume, which is in its database.
@Suite struct InlineEncryptionTests {
    private static let key = VolumeKey(ContiguousArray(repeating: 3, count: 32))
    private static let content = ContiguousArray("this must not be found in the database".utf8)

    /// Makes a volume that has one file with small content, cut in the middle, and one that shares with it.
    private func make(_ place: VolumePlace) async throws -> (file: NodeID, other: NodeID) {
        var description = VolumeFixture.description()
        description.wrappedKey = "aes-256-gcm file a0 b0"
        try await place.format(description)
        let engine = try await place.open()
        let template = NodeTemplate(NewNode(mode: .regular), by: Caller(userID: 0, groupID: 0))
        let file = try await engine.make(Name(StoredName("f").bytes.span), in: .root, template).id
        var change = ContentChange(of: file)
        change.extents = [Extent(offset: 0, length: UInt64(Self.content.count), place: .inline(Self.content))]
        // Not before it has a key.
        await #expect(throws: Errno.keyMissing) { _ = try await engine.commit(change, durably: false) }
        engine.encryptInline(with: Self.key)
        _ = try await engine.commit(change, durably: false)
        let other = try await engine.make(Name(StoredName("g").bytes.span), in: .root, template).id
        _ = try await engine.share(5..<8, of: file, with: other, at: 0, Caller(userID: 0, groupID: 0))
        var hole = ContentChange(of: file)
        hole.holes = [10..<15]
        _ = try await engine.commit(hole, durably: true)
        try await Self.check(engine, file, other)
        await engine.close()
        return (file, other)
    }

    /// All of it is there.
    private static func check(_ engine: any MetadataEngine, _ file: NodeID, _ other: NodeID) async throws {
        #expect(try await engine.extents(of: file, in: 0..<100) == extents)
        #expect(try await engine.extents(of: other, in: 0..<100).map(\.place) == [.inline(part(5..<8))])
    }

    private static func part(_ range: Range<Int>) -> ContiguousArray<UInt8> { ContiguousArray(content[range]) }

    private static var extents: [Extent] {
        [
            Extent(offset: 0, length: 10, place: .inline(part(0..<10))),
            Extent(offset: 15, length: UInt64(content.count) - 15, place: .inline(part(15..<content.count))),
        ]
    }

    /// Nothing of it is in the database; with the key it is all there, and without it can be checked and removed.
    @Test(arguments: EngineKind.allCases)
    func hidden(_ kind: EngineKind) async throws {
        let place = try await VolumePlace(kind)
        let (file, other) = try await make(place)
        try await expectHidden(in: place)
        let reading = try await place.openForReading()
        #expect(try await reading.check() == [])
        await #expect(throws: Errno.keyMissing) { _ = try await reading.extents(of: file, in: 0..<100) }
        reading.encryptInline(with: Self.key)
        try await Self.check(reading, file, other)
        await reading.close()
        let engine = try await place.open()
        // What is left of it would have to be encrypted anew.
        var change = ContentChange(of: file)
        change.holes = [2..<3]
        await #expect(throws: Errno.keyMissing) { _ = try await engine.commit(change, durably: false) }
        let removed = try await engine.removeFile(Name(StoredName("f").bytes.span), in: .root)
        try await engine.dispose(of: removed.id)
        #expect(try await engine.usage().bytes == 3)
        await engine.close()
        try await place.remove()
    }

    /// A changed byte is an error for the file that has it, and for no other.
    @Test(arguments: EngineKind.allCases)
    func damaged(_ kind: EngineKind) async throws {
        let place = try await VolumePlace(kind)
        let (file, other) = try await make(place)
        let condition = "WHERE node = \(file.rawValue) AND offset = 0"
        switch place {
        case .sqlite(let fixture):
            try Database(fixture.path, .write).execute(
                "UPDATE extents SET data = CAST(substr(data, 1, 33) || x'00' || substr(data, 35) AS BLOB) \(condition)")
        case .postgreSQL(let location):
            let quoted = condition.replacing("offset", with: "\"offset\"")
            let change = "set_byte(data, 33, get_byte(data, 33) # 1)"
            _ = try PostgreSQLConnection(location).run(text: "UPDATE extents SET data = \(change) \(quoted)")
        }
        let engine = try await place.open()
        engine.encryptInline(with: Self.key)
        await #expect(throws: Errno.ioError) { _ = try await engine.extents(of: file, in: 0..<100) }
        #expect(try await engine.extents(of: other, in: 0..<100).map(\.place) == [.inline(Self.part(5..<8))])
        await engine.close()
        try await place.remove()
    }

    /// What opens the volume is changed by whoever knows what it was, also beside a session that runs.
    @Test(arguments: EngineKind.allCases)
    func rewrapped(_ kind: EngineKind) async throws {
        let place = try await VolumePlace(kind)
        let (file, other) = try await make(place)
        let engine = try await place.open()
        let old = try #require(engine.volume.wrappedKey)
        await #expect(throws: Errno.resourceTemporarilyUnavailable) {
            try await engine.replaceWrappedKey("aes-256-gcm file a0 b1", with: "aes-256-gcm file a1 b1")
        }
        try await engine.replaceWrappedKey(old, with: "aes-256-gcm file a1 b1")
        engine.encryptInline(with: Self.key)
        try await Self.check(engine, file, other)
        await engine.close()
        let reading = try await place.openForReading()
        #expect(reading.volume.wrappedKey == "aes-256-gcm file a1 b1")
        #expect(try await reading.check() == [])
        await reading.close()
        try await place.remove()
    }

    /// A dump has it as the database has it, and any engine can read it after that.
    @Test(arguments: EngineKind.allCases, EngineKind.allCases)
    func dumped(_ source: EngineKind, _ target: EngineKind) async throws {
        let (from, to) = (try await VolumePlace(source), try await VolumePlace(target))
        let (file, other) = try await make(from)
        let dump = try DumpTests.file()
        defer { try? dump.close() }
        let reading = try await from.openForReading()
        try await reading.dump(to: dump) { _ in }
        await reading.close()
        try await to.load(dump)
        let engine = try await to.open()
        #expect(try await engine.check() == [])
        engine.encryptInline(with: Self.key)
        try await Self.check(engine, file, other)
        await engine.close()
        try await expectHidden(in: to)
        try await to.remove()
        try await from.remove()
    }

    /// Looks for the content in what the engine keeps.
    private func expectHidden(in place: VolumePlace) async throws {
        switch place {
        case .sqlite(let fixture):
            let bytes = try #require(Self.bytes(of: fixture.path))
            for word in ["found in", "database"] { #expect(bytes.firstRange(of: Array(word.utf8)) == nil) }
        case .postgreSQL(let location):
            let rows = try PostgreSQLConnection(location).run(
                text: """
                    SELECT count(*), count(*) FILTER (WHERE position('found in'::bytea IN data) > 0
                        OR position('database'::bytea IN data) > 0) FROM extents WHERE data IS NOT NULL
                    """)
            #expect(rows[0].int64(0) == 3 && rows[0].int64(1) == 0)
        }
    }

    private static func bytes(of path: String) -> [UInt8]? {
        guard let file = try? FileDescriptor.open(FilePath(path), .readOnly) else { return nil }
        defer { try? file.close() }
        var all: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while let count = try? unsafe piece.withUnsafeMutableBytes({ unsafe try file.read(into: $0) }), count > 0 {
            all += piece[..<count]
        }
        return all
    }
}
