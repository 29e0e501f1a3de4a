import Foundation
import RingFUSE
import SystemPackage
import TestSupport
import Testing

@testable import NetworkStore

/// Journals of other versions than this one.
@Suite struct JournalFormatTests {
    private static let identifier = "fedcba9876543210fedcba9876543210"

    /// The first segment of a journal as format 1 had it: "abc" at 2 and "de" at 4095 of inode 9, with attributes, which is not done.
    private static let oldSegment =
        "52464a53" + "01000000" + Hexadecimal.text("0123456789abcdef0123456789abcdef".utf8)
        + Hexadecimal.text(identifier.utf8) + "0700000000000000" + "0300000000000000" + "44434299" + "00000000"
        + "52464a72" + "7c70ea09" + "0100000064fe81ef" + "8100000000000000" + "0100000000000000" + "0000000000000000"
        + "09000000000000000400000000000000e80300000000000001000000ab0000000110000000000000d00700000000000002000000a0010000"
        + "05000000ffffffffffffffffffc99a3b0300000002000000000000000300000000000000ff0f000000000000010000000000000000100000"
        + "0000000001000000000000006162636465"

    /// Leaves a journal as an older version has.
    ///
    /// - Returns: the file that it has something of.
    private static func leaveOldJournal(_ fixture: JournalFixture) async throws -> NodeID {
        let engine = try await fixture.place.open()
        let calls = MetadataCalls(engine)
        var file = try await calls.make("f0")
        while file.id.rawValue < 9 { file = try await calls.make(StoredName("f\(file.id.rawValue)")) }
        try #require(file.id.rawValue == 9)
        // As it was when that was written.
        let time = Timestamp(seconds: 1000, nanoseconds: 1)
        while file.version < 4 { file = try await calls.change(file.id) { $0.modificationTime = .to(time) } }
        try await engine.setJournal(identifier, JournalMark(host: "here", directory: fixture.path.string))
        await engine.close()
        try FileManager.default.createDirectory(atPath: fixture.path.string, withIntermediateDirectories: true)
        try Data("ringfuse journal 1\n\(engine.volume.identifier)\n\(identifier)\n".utf8).write(
            to: url(fixture, "journal"))
        try Data(hex(oldSegment)).write(to: url(fixture, "3.segment"))
        return file.id
    }

    private static func url(_ fixture: JournalFixture, _ name: String) -> URL {
        URL(fileURLWithPath: fixture.path.appending(name).string)
    }

    /// What an older version has acknowledged is brought in, and what is acknowledged then is written in the format of today, which older
    /// versions refuse.
    @Test func olderOnesAreBroughtIn() async throws {
        let fixture = try await JournalFixture(.sqlite)
        let file = try await Self.leaveOldJournal(fixture)
        try await fixture.mounted { (volume, calls) async throws in
            let text = try await JournalFixture.text(of: file, volume)
            #expect(text == "\0\0abc" + String(repeating: "\0", count: 4090) + "de")
            let attributes = try await calls.engine.node(file).attributes
            #expect(attributes.mode.permissions == 0o640 && attributes.groupID == 5)
            #expect(attributes.modificationTime == Timestamp(seconds: -1, nanoseconds: 999_999_999))
            #expect(try await calls.engine.changesMade(by: Self.identifier).isEmpty)
            #expect(volume.journal?.identifier == Self.identifier)
            let segments = try #require(volume.journal).directory.segments()
            #expect(segments == [4])
        }
        let segment = try Data(contentsOf: Self.url(fixture, "4.segment"))
        #expect(JournalSegment(ContiguousArray(segment), key: nil)?.header.version == 2)
        let title = try String(contentsOf: Self.url(fixture, "journal"), encoding: .utf8).split(separator: "\n")
        #expect(title == ["ringfuse journal 2", "0123456789abcdef0123456789abcdef", Substring(Self.identifier)])
        // And again, as it is now.
        try await fixture.mounted { (volume, _) async throws in
            #expect(try await JournalFixture.text(of: file, volume).hasSuffix("de"))
        }
        #expect(fixture.saved == [] && fixture.said.withLock { $0 }.filter { $0.contains("had 1 changes") }.count == 1)
        try await fixture.remove()
    }

    /// What a newer version has written refuses the mount, in one line, and stays as it is; so does what it has in a segment of its own.
    @Test func newerOnesAreRefused() async throws {
        let fixture = try await JournalFixture(.sqlite)
        let file = try await Self.leaveOldJournal(fixture)
        var header = JournalSegment.Header(
            volume: "0123456789abcdef0123456789abcdef", journal: Self.identifier, generation: 8, number: 4)
        header.version = 3
        try Data(header.bytes + [1, 2, 3]).write(to: Self.url(fixture, "4.segment"))
        do {
            try await fixture.mounted { (_, _) async throws in }
            Issue.record("mounted")
        } catch {
            let line = "4.segment: written in format 3 by a newer version, and formats up to 2 are known here"
            #expect("\(error)".contains(line) && !"\(error)".contains("\n"), "\(error)")
        }
        // Nothing was brought in before that was found.
        let engine = try await fixture.place.open()
        #expect(try await engine.node(file).attributes.size == 0)
        #expect(engine.volume.journals?[Self.identifier] != nil)
        await engine.close()
        let names = try FileManager.default.contentsOfDirectory(atPath: fixture.path.string)
        #expect(names.sorted() == ["3.segment", "4.segment", "journal", "lock"])
        try Data("ringfuse journal 3\nwhatever\n".utf8).write(to: Self.url(fixture, "journal"))
        do throws(JournalFailure) {
            _ = try Journal(in: fixture.path, of: VolumeFixture.description(), key: nil, limit: 1 << 20) { _ in }
            Issue.record("opened")
        } catch {
            #expect("\(error)".contains("journal/journal: written in format 3 by a newer version"), "\(error)")
        }
        try await fixture.remove()
    }

    /// A segment over which another one was copied is told; what it has is the other's, and is brought in once.
    @Test func copiesAreTold() async throws {
        let fixture = try await JournalFixture(.sqlite)
        let file = try await Self.leaveOldJournal(fixture)
        try FileManager.default.copyItem(at: Self.url(fixture, "3.segment"), to: Self.url(fixture, "4.segment"))
        try await fixture.mounted { (volume, _) async throws in
            #expect(try await JournalFixture.text(of: file, volume).hasSuffix("de"))
        }
        let said = fixture.said.withLock { $0 }
        #expect(said.filter { $0.contains("4.segment is a copy of segment 3") }.count == 1 && fixture.saved == [])
        try await fixture.remove()
    }
}
