import FUSEProtocol
import TestSupport
import Testing

/// What is agreed on with kernels old and new.
@Suite struct InitNegotiationTests {
    /// A row of the table: an offer, and what has to come out.
    struct Row: Sendable, CustomTestStringConvertible {
        /// The kernel's minor version.
        var minor: UInt32
        /// What it offers.
        var offered: InitFlags
        /// Pages wished for.
        var maxPages: UInt16 = 256
        /// Bytes of a WRITE wished for.
        var maxWrite: UInt32 = 1 << 20
        /// Bytes of a page.
        var pageSize = 4096
        /// What is agreed on: the minor version, flags, WRITEs, pages and room.
        var expected: Expected

        /// What is agreed on.
        struct Expected: Equatable, Sendable {
            var minor: UInt32
            var flags: InitFlags
            var maxWrite: UInt32
            var maxPages: UInt16
            var payloadCapacity: Int
        }

        var testDescription: String { "7.\(minor), \(maxWrite) bytes, \(maxPages) pages of \(pageSize)" }
    }

    /// What a kernel of 6.18 offers, as far as it matters here.
    private static let modern: InitFlags = [
        .asyncRead, .bigWrites, .maxPages, .extendedInit, .overIOUring, .extendedSetXattr, .passthrough,
    ]

    /// What the server wants, in all rows: also things that not every kernel offers.
    private static let wanted: InitFlags = [.asyncRead, .overIOUring, .extendedSetXattr, .ioUringBufferPool]

    /// The table.
    static let rows: [Row] = [
        Row(
            minor: 23,
            offered: [.asyncRead, .bigWrites],
            expected: .init(
                minor: 23,
                flags: [.asyncRead, .bigWrites],
                maxWrite: 131072,
                maxPages: 32,
                payloadCapacity: 131072
            )
        ),
        Row(
            minor: 31,
            offered: [.asyncRead, .bigWrites, .maxPages],
            expected: .init(
                minor: 31,
                flags: [.asyncRead, .bigWrites, .maxPages],
                maxWrite: 1 << 20,
                maxPages: 256,
                payloadCapacity: 1 << 20
            )
        ),
        Row(
            minor: 38,
            offered: [.bigWrites, .maxPages, .extendedInit, .extendedSetXattr, .posixLocks],
            expected: .init(
                minor: 38,
                flags: [.bigWrites, .maxPages, .extendedSetXattr],
                maxWrite: 1 << 20,
                maxPages: 256,
                payloadCapacity: 1 << 20
            )
        ),
        Row(
            minor: 45,
            offered: modern,
            expected: .init(
                minor: 45,
                flags: [.asyncRead, .bigWrites, .maxPages, .extendedInit, .overIOUring, .extendedSetXattr],
                maxWrite: 1 << 20,
                maxPages: 256,
                payloadCapacity: 1 << 20
            )
        ),
        Row(
            minor: 46,
            offered: modern.union(.ioUringBufferPool),
            expected: .init(
                minor: 46,
                flags: [
                    .asyncRead, .bigWrites, .maxPages, .extendedInit, .overIOUring, .extendedSetXattr,
                    .ioUringBufferPool,
                ],
                maxWrite: 1 << 20,
                maxPages: 256,
                payloadCapacity: 1 << 20
            )
        ),
        // Pools without the ring are nothing; then no upper flag is left, and INIT_EXT goes too.
        Row(
            minor: 46,
            offered: [.maxPages, .extendedInit, .ioUringBufferPool],
            expected: .init(
                minor: 46,
                flags: [.maxPages],
                maxWrite: 1 << 20,
                maxPages: 256,
                payloadCapacity: 1 << 20
            )
        ),
        // A newer kernel than we know speaks what we speak.
        Row(
            minor: 99,
            offered: modern,
            expected: .init(
                minor: 46,
                flags: [.asyncRead, .bigWrites, .maxPages, .extendedInit, .overIOUring, .extendedSetXattr],
                maxWrite: 1 << 20,
                maxPages: 256,
                payloadCapacity: 1 << 20
            )
        ),
        // WRITEs no larger than the pages; room for the pages even if WRITEs are smaller.
        Row(
            minor: 45,
            offered: [.maxPages],
            maxPages: 16,
            expected: .init(minor: 45, flags: [.maxPages], maxWrite: 65536, maxPages: 16, payloadCapacity: 65536)
        ),
        Row(
            minor: 45,
            offered: [.maxPages],
            maxPages: 16,
            maxWrite: 8192,
            expected: .init(minor: 45, flags: [.maxPages], maxWrite: 8192, maxPages: 16, payloadCapacity: 65536)
        ),
        // Never less than a page for WRITE, a page for all, and 8192 bytes of room.
        Row(
            minor: 45,
            offered: [.maxPages],
            maxPages: 0,
            maxWrite: 0,
            expected: .init(minor: 45, flags: [.maxPages], maxWrite: 4096, maxPages: 1, payloadCapacity: 8192)
        ),
        // Large pages: the most there can be does not overflow.
        Row(
            minor: 45,
            offered: [.maxPages],
            maxPages: .max,
            maxWrite: .max,
            pageSize: 65536,
            expected: .init(
                minor: 45,
                flags: [.maxPages],
                maxWrite: 0xffff_0000,
                maxPages: .max,
                payloadCapacity: 0xffff_0000
            )
        ),
    ]

    /// Wishes for a test.
    private func wishes(_ flags: InitFlags) -> ServerWishes {
        ServerWishes(
            flags: flags,
            maxWrite: 1 << 20,
            maxPages: 256,
            maxReadahead: 1 << 16,
            maxBackground: 64,
            pageSize: 4096
        )
    }

    /// A request, through its bytes.
    private func request(
        _ minor: UInt32,
        _ flags: InitFlags,
        major: UInt32 = 7,
        maxReadahead: UInt32 = 1 << 17
    ) throws -> InitRequest {
        var builder = RequestBuilder().adding(major).adding(minor).adding(maxReadahead)
            .adding(UInt32(truncatingIfNeeded: flags.rawValue))
        if flags.contains(.extendedInit) {
            builder = builder.adding(UInt32(flags.rawValue >> 32)).adding(octets: [UInt8](repeating: 0, count: 44))
        }
        return try InitRequest(raw(builder.octets))
    }

    /// The reply and what is agreed on, where there is any.
    private func negotiate(
        _ request: InitRequest,
        _ wishes: ServerWishes
    ) throws -> (reply: InitReply, agreed: NegotiatedSession) {
        let outcome = InitNegotiation(request: request, wishes: wishes)
        guard case .reply(let reply, let agreed) = outcome else {
            throw Failure.noReply(outcome)
        }
        return (reply, agreed)
    }

    /// Why a test went no further.
    enum Failure: Error {
        case noReply(InitNegotiation)
    }

    /// Each row of the table; and the reply says what was agreed on.
    @Test(arguments: rows)
    func table(_ row: Row) throws {
        var wishes = wishes(Self.wanted)
        wishes.maxPages = row.maxPages
        wishes.maxWrite = row.maxWrite
        wishes.pageSize = row.pageSize
        let (reply, agreed) = try negotiate(request(row.minor, row.offered), wishes)
        let outcome = Row.Expected(
            minor: agreed.minor,
            flags: agreed.flags,
            maxWrite: agreed.maxWrite,
            maxPages: agreed.maxPages,
            payloadCapacity: agreed.payloadCapacity
        )
        #expect(outcome == row.expected)
        #expect(reply.minor == agreed.minor)
        #expect(reply.flags == agreed.flags)
        #expect(reply.maxWrite == agreed.maxWrite)
        #expect(reply.maxPages == (row.offered.contains(.maxPages) ? agreed.maxPages : 0))
        #expect(reply.byteCount == 64)
    }

    /// Kernels that are too old, and one that is too new.
    @Test func otherVersions() throws {
        let wishes = wishes(Self.wanted)
        #expect(InitNegotiation(request: try request(22, [.asyncRead]), wishes: wishes) == .olderMinor)
        #expect(InitNegotiation(request: try request(0, []), wishes: wishes) == .olderMinor)
        #expect(InitNegotiation(request: try request(30, [], major: 6), wishes: wishes) == .olderMajor)
        let newer = InitNegotiation(request: try request(0, [], major: 8), wishes: wishes)
        #expect(newer == .newerMajor(InitReply(minor: 46)))
        guard case .newerMajor(let reply) = newer else { return }
        let octets = try encoded { output throws(WireError) in try reply.encode(into: &output) }
        #expect(octets == hex("07000000 2e000000") + [UInt8](repeating: 0, count: 56))
    }

    /// The ring only if both sides want it.
    @Test func ring() throws {
        let offering = try request(45, Self.modern)
        #expect(try negotiate(offering, wishes([.overIOUring])).agreed.flags.contains(.overIOUring))
        #expect(try !negotiate(offering, wishes([])).agreed.flags.contains(.overIOUring))
        let silent = try request(45, Self.modern.subtracting(.overIOUring))
        #expect(try !negotiate(silent, wishes([.overIOUring])).agreed.flags.contains(.overIOUring))
    }

    /// Flags that nobody may wish for.
    @Test func flagsOutOfReach() throws {
        let everything = InitFlags(rawValue: .max)
        let agreed = try negotiate(request(45, [.asyncRead, .reserved]), wishes(everything)).agreed
        #expect(agreed.flags == .asyncRead)
    }

    /// Passthrough: not beside the writeback cache, not without a depth; and the depth only with it.
    @Test func passthrough() throws {
        let offer = try request(45, [.extendedInit, .passthrough, .writebackCache])
        let granted = try negotiate(offer, wishes([.passthrough]))
        #expect(granted.agreed.flags == [.extendedInit, .passthrough])
        #expect(granted.reply.maxStackDepth == 1)
        let cached = try negotiate(offer, wishes([.passthrough, .writebackCache]))
        #expect(cached.agreed.flags == [.writebackCache])
        #expect(cached.reply.maxStackDepth == 0)
        var shallow = wishes([.passthrough])
        shallow.maxStackDepth = 0
        #expect(try negotiate(offer, shallow).agreed.flags == [])
    }

    /// With passthrough the kernel has to clear set-ID bits itself, and does so only where nobody has taken that over.
    @Test func passthroughLeavesSetIDBitsToTheKernel() throws {
        let all: InitFlags = [.passthrough, .handleKillPrivilegesV2, .atomicTruncate]
        let granted = try negotiate(request(45, all.union(.extendedInit)), wishes(all))
        #expect(granted.agreed.flags == [.extendedInit, .passthrough])
        let without = try negotiate(
            request(45, [.extendedInit, .handleKillPrivilegesV2, .atomicTruncate]), wishes(all))
        #expect(without.agreed.flags == [.handleKillPrivilegesV2, .atomicTruncate])
    }

    /// Automatic invalidation goes where explicit is to be had, and stays where not.
    @Test func explicitInvalidation() throws {
        let both: InitFlags = [.autoInvalidateData, .explicitInvalidateData]
        #expect(try negotiate(request(45, both), wishes(both)).agreed.flags == .explicitInvalidateData)
        #expect(try negotiate(request(29, .autoInvalidateData), wishes(both)).agreed.flags == .autoInvalidateData)
    }

    /// A timeout needs the flag, offered and wished for, and a number.
    @Test func requestTimeout() throws {
        let offer = try request(45, [.extendedInit, .requestTimeout])
        var wishes = wishes([.requestTimeout])
        #expect(try negotiate(offer, wishes).agreed.flags == [])
        wishes.requestTimeout = 60
        let granted = try negotiate(offer, wishes)
        #expect(granted.agreed.requestTimeout == 60)
        #expect(granted.reply.requestTimeout == 60)
        #expect(granted.agreed.flags == [.extendedInit, .requestTimeout])
        #expect(try negotiate(request(42, [.extendedInit]), wishes).agreed.requestTimeout == 0)
    }

    /// Reading ahead: the smaller of the two.
    @Test func readahead() throws {
        #expect(try negotiate(request(45, []), wishes([])).agreed.maxReadahead == 1 << 16)
        let small = try request(45, [], maxReadahead: 4096)
        #expect(try negotiate(small, wishes([])).reply.maxReadahead == 4096)
    }

    /// Background requests and the threshold: 3/4, or what is wished for, but never more than all and never none.
    @Test(
        arguments: [
            (64, nil, 48), (64, 10, 10), (64, 100, 64), (64, 0, 1), (1, nil, 1), (65535, nil, 49151), (0, nil, 0),
        ] as [(UInt16, UInt16?, UInt16)]
    )
    func background(limit: UInt16, threshold: UInt16?, expected: UInt16) throws {
        var wishes = wishes([])
        wishes.maxBackground = limit
        wishes.congestionThreshold = threshold
        let (reply, agreed) = try negotiate(request(45, []), wishes)
        #expect(agreed.congestionThreshold == expected)
        #expect(agreed.maxBackground == limit)
        #expect(reply.congestionThreshold == expected)
        #expect(reply.timeGranularity == 1)
    }
}
