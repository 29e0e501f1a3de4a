import CRingFUSE
import FUSEProtocol
import TestSupport
import Testing

/// Headers of replies and the structures behind them.
@Suite struct ReplyTests {
    /// Success and failure, byte by byte.
    @Test func headers() throws {
        let success = try encoded { output throws(WireError) in
            try ReplyHeader(unique: 0x1122_3344_5566_7788, payloadByteCount: 5).encode(into: &output)
        }
        #expect(success == hex("15000000 00000000 8877665544332211"))
        let failure = try encoded { output throws(WireError) in
            try ReplyHeader(unique: 2, errno: 2).encode(into: &output)
        }
        #expect(failure == hex("10000000 feffffff 0200000000000000"))
    }

    /// The largest errno that the kernel takes.
    @Test func largestErrno() {
        #expect(ReplyHeader(unique: 2, errno: 511).error == -511)
        #expect(ReplyHeader(unique: 2, errno: 511).length == 16)
    }

    /// Structures go out as they are, one after another, wherever the output begins.
    @Test func createReply() throws {
        var entry = fuse_entry_out()
        entry.nodeid = 9
        entry.generation = 1
        entry.entry_valid = 2
        entry.attr_valid_nsec = 3
        entry.attr.ino = 10
        entry.attr.mode = 0o100644
        entry.attr.flags = 1
        let open = fuse_open_out(fh: 7, open_flags: FOPEN_KEEP_CACHE, backing_id: -1)
        let octets = try encoded { output throws(WireError) in
            output.append(0xee)
            try output.append(entry)
            try output.append(open)
        }
        let expected = hex(
            """
            ee
            0900000000000000 0100000000000000 0200000000000000 0000000000000000 00000000 03000000
            0a00000000000000 0000000000000000 0000000000000000
            0000000000000000 0000000000000000 0000000000000000
            00000000 00000000 00000000 a4810000 00000000 00000000 00000000 00000000 00000000 01000000
            0700000000000000 02000000 ffffffff
            """
        )
        #expect(octets == expected)
        let back = try raw(octets).load(fuse_open_out.self, at: 129)
        #expect(back.fh == 7)
        #expect(back.backing_id == -1)
    }

    /// What does not fit throws, and leaves the output as it was.
    @Test func noRoom() throws {
        let (none, nine, ten) = ([UInt8](), [UInt8](1...9), [UInt8](1...10))
        let octets = try encoded(capacity: 17) { output throws(WireError) in
            try output.append(UInt64(1))
            var errors: [WireError] = []
            do throws(WireError) { try output.append(fuse_open_out()) } catch { errors.append(error) }
            do throws(WireError) { try output.append(contentsOf: raw(ten)) } catch { errors.append(error) }
            #expect(errors == [.noRoom(needed: 16, free: 9), .noRoom(needed: 10, free: 9)])
            try output.append(contentsOf: raw(none))
            try output.append(contentsOf: raw(nine))
        }
        #expect(octets == hex("0100000000000000 010203040506070809"))
    }

    /// Reading behind the end throws, at any offset.
    @Test(arguments: [-1, 1, 8, 9, Int.max])
    func loadOutside(offset: Int) {
        let octets = [UInt8](repeating: 0, count: 8)
        #expect(throws: WireError.self) { _ = try raw(octets).load(UInt64.self, at: offset) }
    }
}
