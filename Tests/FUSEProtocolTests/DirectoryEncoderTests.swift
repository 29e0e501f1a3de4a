import CRingFUSE
import TestSupport
import Testing

@testable import FUSEProtocol

/// Entries of directories: bytes, padding, and what does not fit.
@Suite struct DirectoryEncoderTests {
    /// Appends an entry named by text.
    private func append(_ name: String, to output: inout OutputRawSpan) throws(WireError) -> Bool {
        let octets = Array(name.utf8)
        return try DirectoryEncoder.append(name: octets.span, inode: 5, nextOffset: 6, type: 8, to: &output)
    }

    /// One entry, byte by byte: five bytes of padding, which are zero.
    @Test func oneEntry() throws {
        let octets = try encoded { output throws(WireError) in
            let fits = try append("foo", to: &output)
            #expect(fits)
        }
        #expect(octets == hex("0500000000000000 0600000000000000 03000000 08000000 666f6f 0000000000"))
    }

    /// One entry of READDIRPLUS: 128 bytes more before it.
    @Test func onePlusEntry() throws {
        var entry = fuse_entry_out()
        entry.nodeid = 9
        entry.attr.ino = 5
        let name = Array("foobar.c".utf8)
        let octets = try encoded { output throws(WireError) in
            let fits = try DirectoryEncoder.append(
                entry: entry,
                name: name.span,
                inode: 5,
                nextOffset: 6,
                type: 8,
                to: &output
            )
            #expect(fits)
        }
        let head = try raw(octets).load(fuse_direntplus.self)
        #expect(octets.count == 160)
        #expect(head.entry_out.nodeid == 9)
        #expect(head.entry_out.attr.ino == 5)
        #expect(Array(octets[128...]) == hex("0500000000000000 0600000000000000 08000000 08000000 666f6f6261722e63"))
    }

    /// Padding for each length of names, and every entry where the kernel looks for it.
    @Test func padding() throws {
        let names = (1...17).map { String(repeating: "n", count: $0) }
        let octets = try encoded { output throws(WireError) in
            for name in names {
                let fits = try append(name, to: &output)
                #expect(fits)
            }
        }
        var found: [String] = []
        var offset = 0
        while offset < octets.count {
            let entry = try raw(octets).load(fuse_dirent.self, at: offset)
            let start = offset + 24
            found.append(String(decoding: octets[start..<(start + Int(entry.namelen))], as: UTF8.self))
            let end = start + (Int(entry.namelen) + 7) / 8 * 8
            #expect(octets[(start + Int(entry.namelen))..<end].allSatisfy { $0 == 0 })
            offset = end
        }
        #expect(found == names)
        #expect(offset == octets.count)
    }

    /// An entry that would fit but for its padding does not, and nothing of it is left behind.
    @Test(arguments: [0, 1, 23, 24, 27, 31])
    func doesNotFit(room: Int) throws {
        let octets = try encoded(capacity: 32 + room) { output throws(WireError) in
            let first = try append("foo", to: &output)
            let second = try append("bar", to: &output)
            #expect(first)
            #expect(!second)
        }
        #expect(octets.count == 32)
        #expect(octets[24] == UInt8(ascii: "f"))
    }

    /// The same of READDIRPLUS; with one byte more it fits.
    @Test(arguments: [(159, false), (160, true)])
    func plusFits(capacity: Int, expected: Bool) throws {
        let name = Array("a".utf8)
        let octets = try encoded(capacity: capacity) { output throws(WireError) in
            let fits = try DirectoryEncoder.append(
                entry: fuse_entry_out(),
                name: name.span,
                inode: 1,
                nextOffset: 1,
                type: 4,
                to: &output
            )
            #expect(fits == expected)
        }
        #expect(octets.count == (expected ? 160 : 0))
    }

    /// Names that would make the kernel refuse the whole directory.
    @Test(arguments: ["", "a/b", "a\0", String(repeating: "n", count: 4096)])
    func badNames(_ name: String) throws {
        let octets = try encoded(capacity: 8192) { output throws(WireError) in
            var errors: [WireError] = []
            do throws(WireError) { _ = try append(name, to: &output) } catch { errors.append(error) }
            #expect(errors == [.badName])
        }
        #expect(octets.isEmpty)
    }

    /// NUL and slash are found wherever they stand in a name, and nothing else is taken for them.
    @Test(arguments: 1...24) func octetsOfNames(length: Int) {
        for position in 0..<length {
            for filling in [0x01, 0x2e, 0x30, 0x61, 0x80, 0xaf, 0xff] as [UInt8] {
                for octet in UInt8.min...UInt8.max {
                    var name = [UInt8](repeating: filling, count: length)
                    name[position] = octet
                    #expect(NameRule.lookedUp.allows(name.span) == (octet != 0 && octet != UInt8(ascii: "/")))
                    #expect(NameRule.anything.allows(name.span) == (octet != 0))
                }
            }
        }
    }

    /// A directory does have "." and "..".
    @Test func dots() throws {
        let octets = try encoded { output throws(WireError) in
            let fits = [try append(".", to: &output), try append("..", to: &output)]
            #expect(fits == [true, true])
        }
        #expect(octets.count == 64)
    }
}
