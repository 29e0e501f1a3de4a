import CRingFUSE
import FUSEProtocol
import TestSupport
import Testing

/// INIT's messages and flags, byte by byte.
@Suite struct InitMessageTests {
    /// 64 bytes of a kernel from 7.36 on: both words of flags.
    @Test func extendedRequest() throws {
        let request = try InitRequest(raw(Golden.of(.initialize).argument))
        #expect(request.major == 7)
        #expect(request.minor == 45)
        #expect(request.maxReadahead == 131072)
        #expect(request.flags == [.asyncRead, .maxPages, .extendedInit, .overIOUring])
    }

    /// 16 bytes of an older one; and 64 without INIT_EXT, whose second word does not count.
    @Test func compatibleRequest() throws {
        let octets = hex("07000000 1f000000 00000200 01004000")
        let request = try InitRequest(raw(octets))
        #expect(request.flags == [.asyncRead, .maxPages])
        let long = octets + [UInt8](repeating: 0xff, count: 48)
        #expect(try InitRequest(raw(long)).flags == [.asyncRead, .maxPages])
    }

    /// Of another major version only the two numbers are read; of one before 7.6 too, for it sends no more.
    @Test(arguments: ["08000000 00000000", "06000000 01000000", "07000000 05000000"])
    func versionsOnly(_ bytes: String) throws {
        let octets = hex(bytes)
        let request = try InitRequest(raw(octets))
        #expect(request.flags == [])
        #expect(request.maxReadahead == 0)
    }

    /// Every prefix of those 16 bytes, and every prefix of the versions.
    @Test func truncations() {
        let octets = hex("07000000 1f000000 00000200 01004000")
        for count in 0..<16 {
            #expect(throws: WireError.self) { try InitRequest(raw(Array(octets[..<count]))) }
        }
        let newer = hex("08000000 00000000")
        for count in 0..<8 {
            #expect(throws: WireError.self) { try InitRequest(raw(Array(newer[..<count]))) }
        }
    }

    /// The reply, byte by byte.
    @Test func reply() throws {
        var reply = InitReply(minor: 45)
        reply.maxReadahead = 0x0002_0000
        reply.flags = [.asyncRead, .extendedInit, .overIOUring, .requestTimeout]
        reply.maxBackground = 64
        reply.congestionThreshold = 48
        reply.maxWrite = 0x0010_0000
        reply.timeGranularity = 1
        reply.maxPages = 256
        reply.maxStackDepth = 2
        reply.requestTimeout = 60
        let octets = try encoded { [reply] output throws(WireError) in try reply.encode(into: &output) }
        let expected = hex(
            """
            07000000 2d000000 00000200 01000040 4000 3000 00001000 01000000 0001 0000 00060000 02000000 3c00 0000
            0000000000000000 0000000000000000 00000000
            """
        )
        #expect(octets == expected)
        #expect(octets.count == 64)
        let back = try raw(octets).load(fuse_init_out.self)
        #expect(back.flags2 == 0x600)
        #expect(back.request_timeout == 60)
    }

    /// The reply to a kernel that takes 24 bytes, and room for no more.
    @Test func shortReply() throws {
        var reply = InitReply(minor: 22)
        reply.maxWrite = 4096
        reply.timeGranularity = 1
        let octets = try encoded(capacity: 24) { [reply] output throws(WireError) in try reply.encode(into: &output) }
        #expect(octets == hex("07000000 16000000 00000000 00000000 0000 0000 00100000"))
        #expect(InitReply(minor: 23).byteCount == 64)
        #expect(throws: WireError.noRoom(needed: 24, free: 23)) {
            try encoded(capacity: 23) { [reply] output throws(WireError) in try reply.encode(into: &output) }
        }
    }

    /// Each flag is the bit of the ABI, and has the name of the ABI.
    @Test func flags() {
        #expect(InitFlags.asyncRead.rawValue == 1)
        #expect(InitFlags.maxPages.rawValue == 1 << 22)
        #expect(InitFlags.extendedSetXattr.rawValue == 1 << 29)
        #expect(InitFlags.extendedInit.rawValue == 1 << 30)
        #expect(InitFlags.reserved.rawValue == 1 << 31)
        #expect(InitFlags.securityContext.rawValue == 1 << 32)
        #expect(InitFlags.overIOUring.rawValue == 1 << 41)
        #expect(InitFlags.ioUringBufferPool.rawValue == 1 << 43)
        #expect(InitFlags([.asyncRead, .overIOUring]).names == ["ASYNC_READ", "OVER_IO_URING"])
        #expect(InitFlags(rawValue: 1 << 43 | 1 << 44 | 1 << 63).names == ["HAS_IO_URING_BUFPOOL", "BIT_44", "BIT_63"])
        #expect(InitFlags(rawValue: (1 << 44) - 1).names.count == 44)
        #expect(Set(InitFlags(rawValue: (1 << 44) - 1).names).count == 44)
        #expect(InitFlags([]).names.isEmpty)
    }
}
