import CSQLite
import Glibc
import RingFUSE
import SystemPackage
import Testing

@testable import NetworkStore

/// Small content of an encrypted volume, which is in its database.
@Suite struct InlineEncryptionTests {
    private static let key = VolumeKey(ContiguousArray(repeating: 3, count: 32))
    private static let content = ContiguousArray("this must not be found in the database".utf8)

    /// Makes a volume that has one file with small content, cut in the middle, and one that shares with it.
    private func make(_ fixture: VolumeFixture) async throws -> (file: NodeID, other: NodeID) {
        var description = VolumeFixture.description()
        description.wrappedKey = "aes-256-gcm file a0 b0"
        try await SQLiteEngine.format(fixture.path, description)
        let engine = try await SQLiteEngine.open(fixture.path)
        let template = NodeTemplate(NewNode(mode: .regular), by: Caller(userID: 0, groupID: 0))
        let file = try await engine.make(Name(StoredName("f").bytes.span), in: .root, template).id
        var change = ContentChange(of: file)
        change.extents = [Extent(offset: 0, length: UInt64(Self.content.count), place: .inline(Self.content))]
        // Not before it has a key.
        await #expect(throws: Errno.keyMissing) { _ = try await engine.commit(change, durably: false) }
        #expect(engine.encryptInline(with: Self.key))
        _ = try await engine.commit(change, durably: false)
        let other = try await engine.make(Name(StoredName("g").bytes.span), in: .root, template).id
        _ = try await engine.share(5..<8, of: file, with: other, at: 0, Caller(userID: 0, groupID: 0))
        var hole = ContentChange(of: file)
        hole.holes = [10..<15]
        _ = try await engine.commit(hole, durably: true)
        #expect(try engine.extents(of: file, in: 0..<100) == Self.extents)
        #expect(try engine.extents(of: other, in: 0..<100).map(\.place) == [.inline(Self.part(5..<8))])
        await engine.close()
        return (file, other)
    }

    private static func part(_ range: Range<Int>) -> ContiguousArray<UInt8> { ContiguousArray(content[range]) }

    private static var extents: [Extent] {
        [
            Extent(offset: 0, length: 10, place: .inline(part(0..<10))),
            Extent(offset: 15, length: UInt64(content.count) - 15, place: .inline(part(15..<content.count))),
        ]
    }

    /// Nothing of it is in the database; with the key it is all there, and without it can be checked and removed.
    @Test func hidden() async throws {
        let fixture = VolumeFixture()
        let (file, _) = try await make(fixture)
        let bytes = try #require(Self.bytes(of: fixture.path))
        for word in ["found in", "database"] {
            #expect(bytes.firstRange(of: Array(word.utf8)) == nil)
        }
        let reading = try await SQLiteEngine.openForReading(fixture.path)
        #expect(try await reading.check() == [])
        #expect(throws: Errno.keyMissing) { _ = try reading.extents(of: file, in: 0..<100) }
        await reading.close()
        let engine = try await SQLiteEngine.open(fixture.path)
        let removed = try await engine.removeFile(Name(StoredName("f").bytes.span), in: .root)
        try await engine.dispose(of: removed.id)
        #expect(try engine.usage().bytes == 3)
        await engine.close()
    }

    /// A changed byte is an error for the file that has it, and for no other.
    @Test func damaged() async throws {
        let fixture = VolumeFixture()
        let (file, other) = try await make(fixture)
        let database = try Database(fixture.path, .write)
        try database.execute(
            """
            UPDATE extents SET data = CAST(substr(data, 1, 33) || x'00' || substr(data, 35) AS BLOB)
            WHERE node = \(file.rawValue) AND offset = 0
            """)
        let engine = try await SQLiteEngine.open(fixture.path)
        #expect(engine.encryptInline(with: Self.key))
        #expect(throws: Errno.ioError) { _ = try engine.extents(of: file, in: 0..<100) }
        #expect(try engine.extents(of: other, in: 0..<100).map(\.place) == [.inline(Self.part(5..<8))])
        await engine.close()
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
