import RingFUSE
import SystemPackage
import TestSupport
import Testing

@testable import NetworkStore

/// What journals look like on the disk, and what is made of one that is not as it was written.
@Suite struct JournalRecordTests {
    private static let header = JournalSegment.Header(
        volume: "0123456789abcdef0123456789abcdef", journal: "fedcba9876543210fedcba9876543210", generation: 7,
        number: 3)
    /// The versions that are read.
    private static let formats: [UInt32] = [1, 2]

    private static func at(_ seconds: Int64, _ nanoseconds: UInt32) -> Timestamp {
        Timestamp(seconds: seconds, nanoseconds: nanoseconds)
    }

    /// A change with all that there can be, and its content: "abc" at 2, "de" at 4095, over the end of a block.
    private static func change() throws -> (JournalChange, DirtyMap, BlockMemory) {
        let memory = try BlockMemory(byteCount: 16 * 4096, blockSize: 4096)
        var content = DirtyMap(blockSize: 4096)
        for (index, offset, text) in [(0, 2, "abc"), (0, 4095, "d"), (1, 0, "e")] as [(UInt64, Int, String)] {
            let fresh = content.block(index) == nil ? memory.take() : nil
            let bytes = ContiguousArray(text.utf8)
            unsafe content.write(bytes.span.bytes, to: index, at: offset, fresh: fresh)
        }
        var held = HeldAttributes()
        held.permissions = 0o640
        held.groupID = 5
        held.modificationTime = at(-1, 999_999_999)
        let change = JournalChange(
            node: NodeID(9), base: JournalRevision(version: 4, modified: at(1000, 1)), size: 4097, time: at(2000, 2),
            held: held, ranges: JournalChange.ranges(of: content))
        return (change, content, memory)
    }

    private static func header(_ format: UInt32) -> JournalSegment.Header {
        var header = header
        header.version = format
        return header
    }

    /// What the second record says.
    private static func landing(_ format: UInt32) -> JournalLanding {
        JournalLanding(
            node: format == 1 ? nil : NodeID(9), revision: JournalRevision(version: 5, modified: at(3000, 3)))
    }

    /// A segment of four records, and where each ends, the header first.
    private static func segment(
        key: VolumeKey? = nil,
        _ header: JournalSegment.Header = header
    ) throws -> (ContiguousArray<UInt8>, [Int]) {
        let (change, content, _) = try change()
        var part = JournalPart(of: header, at: 0)
        part.bytes = header.bytes
        var ends = [part.bytes.count]
        JournalRecord.append(change, content, 1, key: key, to: &part)
        ends.append(part.bytes.count)
        JournalRecord.append(done: landing(header.version), 1, to: &part)
        ends.append(part.bytes.count)
        JournalRecord.append(done: nil, 2, to: &part)
        ends.append(part.bytes.count)
        JournalRecord.append(removed: NodeID(9), 3, to: &part)
        ends.append(part.bytes.count)
        return (part.bytes, ends)
    }

    /// The bytes are those, and no others: journals of today are to be read by what comes later. Checksums are of another implementation;
    /// format 2 has others than format 1, of the version and of where each record is, too, and says which file is done.
    @Test(arguments: formats)
    func areWrittenDown(_ format: UInt32) throws {
        let (bytes, ends) = try Self.segment(Self.header(format))
        let checksums =
            format == 1
            ? ["44434299", "7c70ea09", "5ed31a36", "31fa2810", "576f0bba"]
            : ["812d85bd", "8d881089", "5655b18b", "bfa02321", "4104c45f"]
        let texts = (Self.header.volume + Self.header.journal).utf8
        let body =
            "0900000000000000" + "0400000000000000" + "e80300000000000001000000" + "ab000000" + "0110000000000000"
            + "d00700000000000002000000" + "a0010000" + "05000000" + "ffffffffffffffffffc99a3b" + "03000000"
            + "02000000000000000300000000000000" + "ff0f0000000000000100000000000000"
            + "00100000000000000100000000000000" + "6162636465"
        let done = "0500000000000000b80b00000000000003000000"
        let records = [
            ("01000000" + "64fe81ef" + "8100000000000000" + "0100000000000000", body),
            format == 1
                ? ("02000000" + "ec82bd48" + "1400000000000000" + "0100000000000000", done)
                : ("02000000" + "40966574" + "1c00000000000000" + "0100000000000000", done + "0900000000000000"),
            ("02000000" + "00000000" + "0000000000000000" + "0200000000000000", ""),
            ("03000000" + "77cb2f87" + "0800000000000000" + "0300000000000000", "0900000000000000"),
        ]
        let text = { (range: Range<Int>) in Hexadecimal.text(bytes[range]) }
        #expect(
            text(0..<ends[0])
                == "52464a530\(format)000000" + Hexadecimal.text(texts) + "0700000000000000" + "0300000000000000"
                + checksums[0] + "00000000")
        for (index, (header, body)) in records.enumerated() {
            #expect(
                text(ends[index]..<ends[index + 1])
                    == "52464a72" + checksums[index + 1] + header + "0000000000000000" + body, "\(index)")
        }
    }

    /// What was written is read, encrypted or not; and not without the key, or with another one.
    @Test(arguments: [false, true], formats)
    func areRead(_ isEncrypted: Bool, _ format: UInt32) throws {
        let key = isEncrypted ? VolumeKey.random() : nil
        let header = Self.header(format)
        let (bytes, ends) = try Self.segment(key: key, header)
        let (change, _, _) = try Self.change()
        let read = try #require(JournalSegment(bytes, key: key))
        #expect(read.header == header && read.damage.isEmpty && read.torn == 0)
        #expect(read.records.map(\.sequence) == [1, 1, 2, 3])
        let wanted: [JournalRecord] = [
            .change(change, ArraySlice("abcde".utf8)), .done(Self.landing(format)), .done(nil), .removed(NodeID(9)),
        ]
        #expect(read.records.map(\.record) == wanted)
        guard isEncrypted else { return }
        #expect(!bytes.indices.dropFirst(ends[0]).contains { bytes[$0...].starts(with: "abcd".utf8) })
        for wrong in [nil, VolumeKey.random()] {
            let read = try #require(JournalSegment(bytes, key: wrong))
            #expect(read.records.count == 3 && read.damage == [ends[0]..<ends[1]])
        }
    }

    /// A segment that ends anywhere has the records before that, and no damage.
    @Test(arguments: formats)
    func areCutAnywhere(_ format: UInt32) throws {
        let (bytes, ends) = try Self.segment(Self.header(format))
        for count in 0...bytes.count {
            guard let read = JournalSegment(ContiguousArray(bytes.prefix(count)), key: nil) else {
                #expect(count < ends[0])
                continue
            }
            let whole = ends.lastIndex { $0 <= count } ?? 0
            #expect(read.records.count == whole && read.damage.isEmpty && read.torn == count - ends[whole], "\(count)")
        }
    }

    /// A file may be longer than what is in it, with zeros.
    @Test(arguments: formats)
    func zerosAtTheEndAreNothing(_ format: UInt32) throws {
        let (bytes, ends) = try Self.segment(Self.header(format))
        for whole in ends.indices {
            let padded = bytes.prefix(ends[whole]) + ContiguousArray(repeating: 0, count: 5000)
            let read = try #require(JournalSegment(ContiguousArray(padded), key: nil))
            #expect(read.records.count == whole && read.damage.isEmpty && read.torn == 5000)
        }
    }

    /// Any byte that is not what was written costs one record, and no other; it is told where, unless it may be the end that was torn.
    @Test(arguments: formats)
    func costOneRecordWhereOneIsDamaged(_ format: UInt32) throws {
        let (bytes, ends) = try Self.segment(Self.header(format))
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0x55
            guard index >= ends[0] else {
                // The last four bytes of the header mean nothing.
                #expect((JournalSegment(damaged, key: nil)?.header == nil) == (index < 92), "\(index)")
                continue
            }
            let read = try #require(JournalSegment(damaged, key: nil))
            let hit = try #require(ends.firstIndex { $0 > index }) - 1
            #expect(read.records.count == 3, "\(index)")
            let isLast = hit == 3
            #expect(read.damage == (isLast ? [] : [ends[hit]..<ends[hit + 1]]), "\(index)")
            #expect(read.torn == (isLast ? ends[4] - ends[3] : 0), "\(index)")
        }
    }

    // MARK: Where it is

    /// A record counts where it was written, and nowhere else: not in another segment, nor in that of another mount, journal or volume,
    /// nor at another place of its own. Until format 2 it did.
    @Test(arguments: formats)
    func areBoundToTheirPlace(_ format: UInt32) throws {
        let (bytes, ends) = try Self.segment(Self.header(format))
        var others = Array(repeating: Self.header(format), count: 4)
        others[0].number = 4
        others[1].generation = 8
        others[2].journal = Self.header.volume
        others[3].volume = Self.header.journal
        for other in others {
            let read = try #require(JournalSegment(other.bytes + bytes.dropFirst(ends[0]), key: nil))
            #expect(read.records.count == (format == 1 ? 4 : 0) && read.damage == [], "\(other)")
            #expect(read.torn == (format == 1 ? 0 : ends[4] - ends[0]))
        }
        for (index, (start, end)) in zip(ends, ends.dropFirst()).enumerated() {
            for distance in [1, 8, 4096] {
                // Behind something that is torn; what is whole comes after it once more, where that was to be.
                let moved = bytes[..<start] + ContiguousArray(repeating: 0, count: distance) + bytes[start..<end]
                let read = try #require(JournalSegment(ContiguousArray(moved), key: nil))
                #expect(read.records.count == (format == 1 ? index + 1 : index), "\(index), \(distance)")
            }
            let twice = bytes[..<end] + bytes[start..<end]
            let read = try #require(JournalSegment(ContiguousArray(twice), key: nil))
            #expect(read.records.count == (format == 1 ? index + 2 : index + 1) && read.damage == [], "\(index)")
        }
    }

    /// What an old segment has left below the end of a new one, which was torn, is nobody's, and costs nothing that is whole.
    @Test func whatWasThereBeforeIsNothing() throws {
        let (old, _) = try Self.segment()
        var header = Self.header
        header.number = 4
        let (new, ends) = try Self.segment(header)
        for count in ends[0]..<new.count {
            let both = ContiguousArray(new[..<count] + old[count...])
            let read = try #require(JournalSegment(both, key: nil))
            // Bodies are the same in both.
            let whole = (1..<ends.count).prefix { both[..<ends[$0]] == new[..<ends[$0]] }.count
            #expect(read.records.count == whole && read.damage == [], "\(count)")
        }
    }

    /// A journal that is the content of a file is content, also where the record that has it cannot be read.
    @Test func contentIsNoJournal() throws {
        let (inner, _) = try Self.segment()
        let memory = try BlockMemory(byteCount: 16 * 4096, blockSize: 4096)
        var content = DirtyMap(blockSize: 4096)
        unsafe content.write(inner.span.bytes, to: 0, at: 0, fresh: memory.take())
        let change = JournalChange(
            node: NodeID(9), base: JournalRevision(version: 4, modified: Self.at(1000, 1)), size: UInt64(inner.count),
            time: Self.at(2000, 2), ranges: JournalChange.ranges(of: content))
        var part = JournalPart(of: Self.header, at: UInt64(JournalSegment.Header.size))
        JournalRecord.append(change, content, 1, key: nil, to: &part)
        let start = part.bytes.count
        JournalRecord.append(done: nil, 1, to: &part)
        var bytes = Self.header.bytes + part.bytes
        #expect(try #require(JournalSegment(bytes, key: nil)).records.count == 2)
        // So that it is not known how long it is.
        bytes[JournalSegment.Header.size + 20] ^= 1
        let read = try #require(JournalSegment(bytes, key: nil))
        #expect(read.records.map(\.record) == [.done(nil)])
        #expect(read.damage == [JournalSegment.Header.size..<JournalSegment.Header.size + start])
    }

    /// A version that is not known is told from a header that is damaged.
    @Test(arguments: [0, 3, .max] as [UInt32])
    func otherVersionsAreNotRead(_ format: UInt32) throws {
        let (bytes, _) = try Self.segment(Self.header(format))
        let read = try #require(JournalSegment(bytes, key: nil))
        #expect(!read.header.isKnown && read.header.version == format && read.records.isEmpty)
    }

    // MARK: Any bytes

    /// Bodies that any bytes are never trap, and make no sense by chance.
    @Test func anyBytesAreHarmless() throws {
        let (bytes, ends) = try Self.segment()
        let body = bytes[(ends[0] + 40)..<ends[1]]
        for index in body.indices {
            for value in [0, 1, 0x7f, 0x80, 0xff] as [UInt8] {
                var changed = body
                changed[index] = value
                var reader = JournalReader(changed)
                guard let change = JournalChange(&reader) else { continue }
                #expect(change.byteCount == UInt64(reader.rest.count))
                #expect(change.ranges.allSatisfy { $0.upperBound <= Volume.largestFile })
            }
            var reader = JournalReader(body[..<index])
            #expect(JournalChange(&reader) == nil)
        }
    }
}
