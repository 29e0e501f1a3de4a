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

    private static func segment(key: VolumeKey? = nil) throws -> (ContiguousArray<UInt8>, [Int]) {
        let (change, content, _) = try change()
        var bytes = header.bytes
        var ends = [bytes.count]
        JournalRecord.append(change, content, 1, key: key, to: &bytes)
        ends.append(bytes.count)
        JournalRecord.append(done: JournalRevision(version: 5, modified: at(3000, 3)), 1, to: &bytes)
        ends.append(bytes.count)
        JournalRecord.append(done: nil, 2, to: &bytes)
        ends.append(bytes.count)
        JournalRecord.append(removed: NodeID(9), 3, to: &bytes)
        ends.append(bytes.count)
        return (bytes, ends)
    }

    /// The bytes are those of version 1, and no others: journals of today are to be read by what comes later.
    @Test func areWrittenDown() throws {
        let (bytes, ends) = try Self.segment()
        let text = { (range: Range<Int>) in Hexadecimal.text(bytes[range]) }
        #expect(
            text(0..<ends[0])
                == "52464a5301000000" + Hexadecimal.text((Self.header.volume + Self.header.journal).utf8)
                + "0700000000000000" + "0300000000000000" + text(88..<92) + "00000000")
        let body =
            "0900000000000000" + "0400000000000000" + "e80300000000000001000000" + "ab000000" + "0110000000000000"
            + "d00700000000000002000000" + "a0010000" + "05000000" + "ffffffffffffffffffc99a3b" + "03000000"
            + "02000000000000000300000000000000" + "ff0f0000000000000100000000000000"
            + "00100000000000000100000000000000" + "6162636465"
        #expect(text(ends[0] + 40..<ends[1]) == body)
        #expect(text(ends[0]..<ends[0] + 4) == "52464a72")
        #expect(
            text(ends[0] + 8..<ends[0] + 12) == "01000000"
                && text(ends[0] + 16..<ends[0] + 40)
                    == "\(Hexadecimal.text([UInt8(body.count / 2)]))00000000000000" + "0100000000000000"
                    + "0000000000000000"
        )
        #expect(text(ends[1] + 40..<ends[2]) == "0500000000000000b80b00000000000003000000")
        #expect(ends[3] - ends[2] == 40 && text(ends[3] + 40..<ends[4]) == "0900000000000000")
        // Checksums of other implementations: CRC-32C of nothing, and of the number 9.
        #expect(
            text(ends[2] + 12..<ends[2] + 16) == "00000000" && text(ends[3] + 12..<ends[3] + 16) == Self.checksumOf9)
    }

    /// CRC-32C of the eight bytes of 9.
    private static let checksumOf9 = "77cb2f87"

    /// What was written is read, encrypted or not; and not without the key, or with another one.
    @Test(arguments: [false, true])
    func areRead(_ isEncrypted: Bool) throws {
        let key = isEncrypted ? VolumeKey.random() : nil
        let (bytes, ends) = try Self.segment(key: key)
        let (change, _, _) = try Self.change()
        let read = try #require(JournalSegment(bytes, key: key))
        #expect(read.header == Self.header && read.damage.isEmpty && read.torn == 0)
        #expect(read.records.map(\.sequence) == [1, 1, 2, 3])
        let wanted: [JournalRecord] = [
            .change(change, ArraySlice("abcde".utf8)), .done(JournalRevision(version: 5, modified: Self.at(3000, 3))),
            .done(nil), .removed(NodeID(9)),
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
    @Test func areCutAnywhere() throws {
        let (bytes, ends) = try Self.segment()
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
    @Test func zerosAtTheEndAreNothing() throws {
        let (bytes, ends) = try Self.segment()
        for whole in ends.indices {
            let padded = bytes.prefix(ends[whole]) + ContiguousArray(repeating: 0, count: 5000)
            let read = try #require(JournalSegment(ContiguousArray(padded), key: nil))
            #expect(read.records.count == whole && read.damage.isEmpty && read.torn == 5000)
        }
    }

    /// Any byte that is not what was written costs one record, and no other; it is told where, unless it may be the end that was torn.
    @Test func costOneRecordWhereOneIsDamaged() throws {
        let (bytes, ends) = try Self.segment()
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
