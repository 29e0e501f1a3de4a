import FUSEProtocol
import TestSupport
import Testing

/// Notifications, byte by byte.
@Suite struct NotificationTests {
    /// What a name is in these tests.
    private let foo = Array("foo".utf8)

    /// NOTIFY_POLL.
    @Test func wakePoll() throws {
        let octets = try encoded { output throws(WireError) in
            try NotificationEncoder.wakePoll(kernelHandle: 5, to: &output)
        }
        #expect(octets == hex("18000000 01000000 0000000000000000 0500000000000000"))
    }

    /// NOTIFY_INVAL_INODE.
    @Test func invalidateInode() throws {
        let octets = try encoded { output throws(WireError) in
            try NotificationEncoder.invalidateInode(9, offset: -1, length: 4096, to: &output)
        }
        #expect(
            octets == hex("28000000 02000000 0000000000000000 0900000000000000 ffffffffffffffff 0010000000000000")
        )
    }

    /// NOTIFY_INVAL_ENTRY: the length is without NUL, the message with it.
    @Test(arguments: [(false, "00000000"), (true, "01000000")])
    func invalidateEntry(expiresOnly: Bool, flags: String) throws {
        let octets = try encoded { output throws(WireError) in
            try NotificationEncoder.invalidateEntry(
                parent: 1,
                name: foo.span,
                expiresOnly: expiresOnly,
                to: &output
            )
        }
        #expect(
            octets == hex("24000000 03000000 0000000000000000 0100000000000000 03000000 \(flags) 666f6f00")
        )
    }

    /// NOTIFY_STORE: the length counts the data that is yet to follow.
    @Test func storeHead() throws {
        let octets = try encoded { output throws(WireError) in
            try NotificationEncoder.storeHead(node: 9, offset: 4096, dataByteCount: 16, to: &output)
        }
        #expect(
            octets == hex("38000000 04000000 0000000000000000 0900000000000000 0010000000000000 10000000 00000000")
        )
        #expect(throws: WireError.badLength) {
            try encoded { output throws(WireError) in
                try NotificationEncoder.storeHead(node: 9, offset: 0, dataByteCount: .max, to: &output)
            }
        }
    }

    /// NOTIFY_RETRIEVE.
    @Test func retrieve() throws {
        let octets = try encoded { output throws(WireError) in
            try NotificationEncoder.retrieve(unique: 3, node: 9, offset: 4096, byteCount: 16, to: &output)
        }
        let expected = """
            30000000 05000000 0000000000000000
            0300000000000000 0900000000000000 0010000000000000 10000000 00000000
            """
        #expect(octets == hex(expected))
    }

    /// NOTIFY_DELETE.
    @Test func delete() throws {
        let octets = try encoded { output throws(WireError) in
            try NotificationEncoder.delete(parent: 1, child: 9, name: foo.span, to: &output)
        }
        let expected = """
            2c000000 06000000 0000000000000000
            0100000000000000 0900000000000000 03000000 00000000 666f6f00
            """
        #expect(octets == hex(expected))
    }

    /// NOTIFY_RESEND and NOTIFY_INC_EPOCH: nothing but a header.
    @Test func headersOnly() throws {
        let resend = try encoded { output throws(WireError) in try NotificationEncoder.resend(to: &output) }
        let epoch = try encoded { output throws(WireError) in try NotificationEncoder.incrementEpoch(to: &output) }
        #expect(resend == hex("10000000 07000000 0000000000000000"))
        #expect(epoch == hex("10000000 08000000 0000000000000000"))
    }

    /// NOTIFY_PRUNE.
    @Test func prune() throws {
        let nodes: [UInt64] = [9, 10]
        let octets = try encoded { output throws(WireError) in
            try NotificationEncoder.prune(nodes.span, to: &output)
        }
        let expected = """
            30000000 09000000 0000000000000000
            02000000 00000000 0000000000000000 0900000000000000 0a00000000000000
            """
        #expect(octets == hex(expected))
    }

    /// Names that no directory entry has.
    @Test(arguments: ["", ".", "..", "a/b"])
    func badNames(_ name: String) {
        let octets = Array(name.utf8)
        #expect(throws: WireError.badName) {
            try encoded { output throws(WireError) in
                try NotificationEncoder.delete(parent: 1, child: 2, name: octets.span, to: &output)
            }
        }
        #expect(throws: WireError.badName) {
            try encoded { output throws(WireError) in
                try NotificationEncoder.invalidateEntry(parent: 1, name: octets.span, expiresOnly: true, to: &output)
            }
        }
    }

    /// A message that does not fit as a whole is not begun.
    @Test func noRoom() throws {
        let octets = try encoded(capacity: 43) { output throws(WireError) in
            var errors: [WireError] = []
            do throws(WireError) {
                try NotificationEncoder.delete(parent: 1, child: 9, name: foo.span, to: &output)
            } catch {
                errors.append(error)
            }
            #expect(errors == [.noRoom(needed: 44, free: 43)])
        }
        #expect(octets.isEmpty)
    }
}
