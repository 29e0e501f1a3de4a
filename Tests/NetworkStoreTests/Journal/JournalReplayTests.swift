import Foundation
import RingFUSE
import SystemPackage
import TestSupport
import Testing

@testable import NetworkStore

/// What is made of a journal that a mount has left behind.
@Suite struct JournalReplayTests {
    private static func withFixture(
        _ kind: EngineKind,
        isEncrypted: Bool = false,
        _ body: (JournalFixture) async throws -> Void
    ) async throws {
        let fixture = try await JournalFixture(kind, isEncrypted: isEncrypted)
        try await body(fixture)
        try await fixture.remove()
    }

    /// Bytes in blocks of memory.
    private static func content(_ parts: [(offset: UInt64, text: String)], _ volume: Volume) throws -> DirtyMap {
        var content = DirtyMap(blockSize: volume.blockSize)
        let size = UInt64(volume.blockSize)
        for (offset, text) in parts {
            var (offset, rest) = (offset, ArraySlice(text.utf8))
            while !rest.isEmpty {
                let count = min(rest.count, Int(size - offset % size))
                let fresh = content.block(offset / size) == nil ? volume.cache.take() : nil
                let bytes = ContiguousArray(rest.prefix(count))
                unsafe content.write(bytes.span.bytes, to: offset / size, at: Int(offset % size), fresh: fresh)
                (offset, rest) = (offset + UInt64(count), rest.dropFirst(count))
            }
        }
        return content
    }

    /// Has the journal acknowledge a change of a file, which is not committed.
    @discardableResult
    private static func acknowledge(
        _ file: NodeRecord,
        _ parts: [(offset: UInt64, text: String)],
        _ volume: Volume,
        at seconds: Int64 = 5_000_000_000
    ) async throws -> UInt64 {
        let content = try content(parts, volume)
        var held = HeldAttributes()
        held.permissions = 0o600
        let change = JournalChange(
            node: file.id, base: JournalRevision(file), size: content.end,
            time: Timestamp(seconds: seconds, nanoseconds: 0), held: held, ranges: JournalChange.ranges(of: content))
        let journal = try #require(volume.journal)
        let number = journal.append(change, content, durably: true)
        #expect(await journal.wait(for: number, durably: true))
        return number
    }

    /// Commits what the journal may have of a file, as its mount would.
    @discardableResult
    private static func commit(
        _ file: NodeID,
        _ text: String,
        _ engine: any MetadataEngine,
        tag: JournalTag? = nil,
        at seconds: Int64 = 5_000_000_000
    ) async throws -> NodeRecord {
        var change = ContentChange(of: file)
        let bytes = ContiguousArray(text.utf8)
        change.extents = [Extent(offset: 0, length: UInt64(bytes.count), place: .inline(bytes))]
        change.size = UInt64(bytes.count)
        change.time = Timestamp(seconds: seconds, nanoseconds: 0)
        change.tag = tag?.name
        return try await engine.commit(change, durably: false)
    }

    // MARK: What was acknowledged is there

    /// Small and large, here and there, and in order; with the attributes; and once: the next mount finds an empty journal.
    @Test(arguments: EngineKind.allCases, [false, true])
    func bringsInWhatWasAcknowledged(_ kind: EngineKind, _ isEncrypted: Bool) async throws {
        let large = String(repeating: "0123456789abcdef", count: 300_000)
        try await Self.withFixture(kind, isEncrypted: isEncrypted) { fixture in
            let (small, big) = try await fixture.mounted { (volume, calls) async throws in
                let (small, big) = (try await calls.make("small"), try await calls.make("big"))
                try await Self.acknowledge(small, [(0, "first"), (100_000, "far")], volume)
                try await Self.acknowledge(big, [(3, large)], volume)
                try await Self.acknowledge(small, [(3, "later")], volume)
                return (small.id, big.id)
            }
            if isEncrypted {
                let segment = try Data(contentsOf: URL(fileURLWithPath: fixture.path.string + "/1.segment"))
                #expect(segment.count > large.utf8.count && segment.range(of: Data("first".utf8)) == nil)
            }
            try await fixture.mounted { (volume, calls) async throws in
                let text = try await JournalFixture.text(of: small, volume)
                #expect(text.hasPrefix("firlater\0") && text.hasSuffix("\0far") && text.utf8.count == 100_003)
                #expect(try await JournalFixture.text(of: big, volume) == "\0\0\0" + large)
                let record = try await calls.engine.node(small)
                #expect(record.attributes.mode.permissions == 0o600)
                #expect(record.attributes.modificationTime.seconds == 5_000_000_000)
                #expect(try await calls.engine.check() == [])
                #expect(try await calls.engine.changesMade(by: try #require(volume.journal).identifier).isEmpty)
                try await Self.commit(small, "newer", calls.engine)
            }
            try await fixture.mounted { (volume, _) async throws in
                #expect(try await JournalFixture.text(of: small, volume).hasPrefix("newerter\0"))
            }
            #expect(fixture.said.withLock { $0 }.filter { $0.contains("had 3 changes") }.count == 1)
            #expect(fixture.saved == [])
        }
    }

    /// What is in the volume is not brought in over what came later: where the commit has noted it, and where the journal says so.
    @Test(arguments: EngineKind.allCases)
    func leavesAloneWhatIsThere(_ kind: EngineKind) async throws {
        try await Self.withFixture(kind) { fixture in
            let files = try await fixture.mounted { (volume, calls) async throws in
                let journal = try #require(volume.journal)
                var files: [NodeID] = []
                for name in ["noted", "done"] as [StoredName] {
                    let file = try await calls.make(name)
                    let number = try await Self.acknowledge(file, [(0, "old")], volume)
                    let record = try await Self.commit(file.id, "old", calls.engine, tag: journal.tag(of: number))
                    if name == "done" {
                        journal.noteCommit(of: number, record)
                        await journal.settle(calls.engine)
                    }
                    // The same time, so that nothing else would tell.
                    try await Self.commit(file.id, "new", calls.engine)
                    files.append(file.id)
                }
                let left = try await calls.engine.changesMade(by: journal.identifier)
                #expect(left.map(\.key.sequence) == [1])
                return files
            }
            try await fixture.mounted { (volume, _) async throws in
                for file in files { #expect(try await JournalFixture.text(of: file, volume) == "new") }
            }
            #expect(fixture.saved == [])
        }
    }

    /// What was acknowledged before it was known in which state the change before it would leave the file is brought in, also where that
    /// change's segment is gone; and no other change is taken for it.
    @Test(arguments: EngineKind.allCases, [false, true])
    func bringsInWhatIsBehindSegmentsThatAreGone(_ kind: EngineKind, _ isForeign: Bool) async throws {
        try await Self.withFixture(kind) { fixture in
            let file = try await fixture.mounted { (volume, calls) async throws in
                let journal = try #require(volume.journal)
                let (file, other) = (try await calls.make("f"), try await calls.make("g"))
                let first = try await Self.acknowledge(file, [(0, "old")], volume)
                let large = String(repeating: "x", count: 6 << 20)
                for _ in 0..<3 {
                    journal.noteCommit(of: try await Self.acknowledge(other, [(0, large)], volume), other)
                }
                try await Self.acknowledge(file, [(1, "new")], volume)
                let record = try await Self.commit(file.id, "old", calls.engine, tag: journal.tag(of: first))
                journal.noteCommit(of: first, record)
                await journal.settle(calls.engine)
                #expect(try journal.directory.segments() == [2] && journal.changeCount == 1)
                if isForeign { try await Self.commit(file.id, "yours", calls.engine, at: 6_000_000_000) }
                return file.id
            }
            try await fixture.mounted { (volume, _) async throws in
                #expect(try await JournalFixture.text(of: file, volume) == (isForeign ? "yours" : "onew"))
            }
            #expect(fixture.saved.count == (isForeign ? 1 : 0))
        }
    }

    /// A change that is made twice under one tag is made once.
    @Test(arguments: EngineKind.allCases)
    func tagsAreUsedOnce(_ kind: EngineKind) async throws {
        try await Self.withFixture(kind) { fixture in
            try await fixture.mounted { (volume, calls) async throws in
                let file = try await calls.make("f")
                let tag = try #require(volume.journal).tag(of: 77)
                let first = try await Self.commit(file.id, "once", calls.engine, tag: tag)
                try await Self.commit(file.id, "then", calls.engine)
                let again = try await Self.commit(file.id, "once", calls.engine, tag: tag)
                #expect(again.version == first.version + 1)
                #expect(try await JournalFixture.text(of: file.id, volume) == "then")
                #expect(try await calls.engine.changesMade(by: tag.journal) == [tag: first.version])
                #expect(try await calls.engine.check() == [])
                try await calls.engine.forgetChanges([tag], durably: true)
                #expect(try await calls.engine.changesMade(by: tag.journal) == [:])
            }
        }
    }

    // MARK: What comes too late

    /// A file that somebody else has changed, or removed, keeps what it has, and what was acknowledged is saved; what comes after it, too.
    /// Attributes that were changed are no reason; and one whose mount has removed it nobody misses.
    @Test(arguments: EngineKind.allCases)
    func savesWhatComesTooLate(_ kind: EngineKind) async throws {
        try await Self.withFixture(kind) { fixture in
            let files = try await fixture.mounted { (volume, calls) async throws in
                let names: [StoredName] = ["changed", "gone", "chmod", "removed"]
                var files: [NodeID] = []
                for name in names {
                    let file = try await calls.make(name)
                    try await Self.acknowledge(file, [(0, "mine"), (70_000, "more")], volume)
                    files.append(file.id)
                }
                try await Self.commit(files[0], "yours", calls.engine, at: 6_000_000_000)
                _ = try await calls.removeFile("gone")
                try await calls.engine.dispose(of: files[1])
                var changes = AttributeChanges()
                changes.userID = 5
                _ = try await calls.engine.change(changes, of: files[2], calls.caller)
                try #require(volume.journal).noteRemoval(of: files[3])
                await volume.journal?.synchronize()
                _ = try await calls.removeFile("removed")
                try await calls.engine.dispose(of: files[3])
                return files
            }
            try await fixture.mounted { (volume, calls) async throws in
                #expect(try await JournalFixture.text(of: files[0], volume) == "yours")
                let record = try await calls.engine.node(files[2])
                #expect(record.attributes.userID == 5 && record.attributes.size == 70_004)
                #expect(try await calls.engine.check() == [])
            }
            #expect(fixture.saved.count == 2)
            for (index, reason) in ["was changed meanwhile", "is not in the volume any more"].enumerated() {
                let lines = fixture.said.withLock { $0 }.filter { $0.contains("inode \(files[index]) \(reason)") }
                let line = try #require(lines.first)
                #expect(lines.count == 1 && line.contains("bytes 0-3, 70000-70003"), "\(line)")
                let path = try #require(line.split(separator: " ").last)
                let data = try Data(contentsOf: URL(fileURLWithPath: String(path)))
                #expect(
                    data.count == 70_004 && data.prefix(4) == Data("mine".utf8) && data.suffix(4) == Data("more".utf8))
            }
        }
    }

    /// What was written to a file in a state that is lost, since the machine had not synced it when it stopped, is not put into the state
    /// before: the file would have what nobody ever wrote. Attributes that are lost are no reason.
    @Test(arguments: EngineKind.allCases, [false, true])
    func savesWhatCameAfterSomethingLost(_ kind: EngineKind, _ isContentLost: Bool) async throws {
        try await Self.withFixture(kind) { fixture in
            let file = try await fixture.mounted { (volume, calls) async throws in
                let file = try await calls.make("f")
                var record = try await Self.commit(file.id, "as it was", calls.engine)
                record.version += 1
                if isContentLost { record.attributes.modificationTime = Timestamp(seconds: 9, nanoseconds: 0) }
                try await Self.acknowledge(record, [(3, "new")], volume)
                return file.id
            }
            try await fixture.mounted { (volume, _) async throws in
                let text = try await JournalFixture.text(of: file, volume)
                #expect(text == (isContentLost ? "as it was" : "as newwas"))
            }
            #expect(fixture.saved.count == (isContentLost ? 1 : 0))
            let lines = fixture.said.withLock { $0 }.filter { $0.contains("has lost what was done before that") }
            #expect(lines.count == fixture.saved.count)
        }
    }

    /// A volume that was used without its journal does not take what that has.
    @Test func savesWhatWasGivenUp() async throws {
        try await Self.withFixture(.sqlite) { fixture in
            let file = try await fixture.mounted { (volume, calls) async throws in
                let file = try await calls.make("f")
                try await Self.acknowledge(file, [(0, "mine")], volume)
                return file.id
            }
            let engine = try await fixture.place.open()
            let journals = try #require(engine.volume.journals)
            #expect(journals.count == 1 && journals.values.first?.directory == fixture.path.string)
            try await engine.setJournal(try #require(journals.keys.first), nil)
            await engine.close()
            try await fixture.mounted { (volume, _) async throws in
                #expect(try await JournalFixture.text(of: file, volume) == "")
            }
            #expect(
                fixture.saved.count == 1
                    && fixture.said.withLock { $0.contains { $0.contains("without this journal") } })
        }
    }

    // MARK: What is not as it was written

    /// A torn end is cut, and a damaged middle is told; all else is brought in.
    @Test func bringsInWhatCanBeRead() async throws {
        try await Self.withFixture(.sqlite) { fixture in
            let files = try await fixture.mounted { (volume, calls) async throws in
                var files: [NodeID] = []
                for name in ["a", "b", "c", "d"] as [StoredName] {
                    let file = try await calls.make(name)
                    try await Self.acknowledge(file, [(0, "this is \(name == "a" ? "a" : "x")")], volume)
                    files.append(file.id)
                }
                return files
            }
            let segment = fixture.path.string + "/1.segment"
            var data = try Data(contentsOf: URL(fileURLWithPath: segment))
            let places = data.indices.filter { data[$0...].starts(with: "this is".utf8) }
            try #require(places.count == 4)
            data[places[1]] ^= 1
            data.removeLast(2)
            try data.write(to: URL(fileURLWithPath: segment))
            try await fixture.mounted { (volume, _) async throws in
                var texts: [String] = []
                for file in files { texts.append(try await JournalFixture.text(of: file, volume)) }
                #expect(texts == ["this is a", "", "this is x", ""])
            }
            #expect(fixture.said.withLock { $0 }.filter { $0.contains("is damaged from") }.count == 1)
        }
    }

    /// Another volume's journal is refused, and so are a directory with something in it, and a journal that is in use.
    @Test func refusesWhatIsNotItsOwn() async throws {
        try await Self.withFixture(.sqlite) { fixture in
            let other = VolumeFixture()
            var description = VolumeFixture.description()
            description.identifier = "00000000000000000000000000000001"
            try await SQLiteEngine.format(other.path, description)
            try await fixture.mounted { (volume, calls) async throws in
                let refusals = [
                    (fixture.path, calls.engine.volume, "another process has this journal"),
                    (FilePath(fixture.directory), calls.engine.volume, "not empty, and no journal"),
                    (FilePath("/proc/none"), calls.engine.volume, "No such file"),
                ]
                for (path, description, text) in refusals { Self.expectRefusal(path, description, text) }
            }
            Self.expectRefusal(
                fixture.path, description, "the journal of another volume, \(VolumeFixture.description().identifier)")
        }
    }

    private static func expectRefusal(_ path: FilePath, _ description: VolumeDescription, _ text: String) {
        do throws(JournalFailure) {
            _ = try Journal(in: path, of: description, key: nil, limit: 1 << 20) { _ in }
            Issue.record("\(path) was taken")
        } catch {
            #expect("\(error)".contains(text), "\(error)")
        }
    }

    // MARK: What goes

    /// Segments go when all that they have is in the volume, and not before; and the journal fills up, and takes more when there is room.
    @Test func segmentsGo() async throws {
        try await Self.withFixture(.sqlite) { fixture in
            try await fixture.mounted { (volume, calls) async throws in
                let journal = try #require(volume.journal)
                let file = try await calls.make("f")
                let large = String(repeating: "x", count: 6 << 20)
                var numbers: [UInt64] = []
                for _ in 0..<9 { numbers.append(try await Self.acknowledge(file, [(0, large)], volume)) }
                #expect(try journal.directory.segments().count == 3 && journal.changeCount == 9)
                #expect(journal.byteCount > 54 << 20 && journal.takes(900 << 20) && !journal.takes(1 << 30))
                for number in numbers.dropFirst() { journal.noteCommit(of: number, file) }
                await journal.settle(calls.engine)
                #expect(try journal.directory.segments() == [1, 2, 3, 4] && journal.changeCount == 1)
                journal.noteCommit(of: numbers[0], file)
                await journal.settle(calls.engine)
                #expect(try journal.directory.segments() == [4] && journal.changeCount == 0)
                // Of the last one nothing is needed, either.
                let last = try await Self.acknowledge(file, [(0, "y")], volume)
                journal.noteCommit(of: last, file)
                await journal.settle(calls.engine)
                #expect(try journal.directory.segments() == [4] && journal.byteCount < 1 << 20)
            }
        }
    }
}
