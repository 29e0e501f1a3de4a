import SystemPackage
import TestSupport
import Testing

@testable import FileSystems

/// The bytes of access control lists, by the answers that ext4 gives (Linux 6.18).
@Suite struct AccessControlListTests {
    /// The bytes of an entry.
    static func entry(_ tag: UInt16, _ permissions: UInt16, _ number: UInt32 = .max) -> [UInt8] {
        [UInt8(tag & 0xff), UInt8(tag >> 8), UInt8(permissions & 0xff), UInt8(permissions >> 8)]
            + (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }

    /// The bytes of a list.
    static func bytes(_ entries: [[UInt8]], version: UInt8 = 2) -> [UInt8] {
        [version, 0, 0, 0] + entries.flatMap { $0 }
    }

    private func parse(_ bytes: [UInt8]) throws(Errno) -> AccessControlList? {
        let span = unsafe bytes.span.bytes
        return try AccessControlList(extendedAttribute: span)
    }

    private static let owner = entry(1, 6)
    private static let user = entry(2, 6, 5)
    private static let group = entry(4, 4)
    private static let named = entry(8, 4, 9)
    private static let mask = entry(16, 4)
    private static let others = entry(32, 4)

    @Test func readsAndWrites() throws {
        let all = Self.bytes([Self.owner, Self.user, Self.user, Self.group, Self.named, Self.mask, Self.others])
        let list = try #require(try parse(all))
        #expect(list.entries.count == 7)
        #expect(list.entries[1].subject == .user(5))
        #expect(list.entries[4].subject == .group(9))
        #expect(Array(list.extendedAttribute) == all)
        #expect(list.mode == 0o644)
        #expect(!list.isMinimal)
        let minimal = try #require(try parse(Self.bytes([Self.owner, Self.group, Self.others])))
        #expect(minimal.isMinimal)
        #expect(minimal == AccessControlList(mode: 0o644))
        #expect(try parse(Self.bytes([Self.owner, Self.group, Self.mask, Self.others]))?.mode == 0o644)
        // No entries: no list.
        #expect(try parse([]) == nil)
        #expect(try parse(Self.bytes([])) == nil)
    }

    @Test func writesNoNumberWhereThereIsNone() throws {
        let odd = Self.bytes([Self.entry(1, 7, 77), Self.entry(4, 5, 0), Self.entry(32, 0, 3)])
        let list = try #require(try parse(odd))
        #expect(
            Array(list.extendedAttribute) == Self.bytes([Self.entry(1, 7), Self.entry(4, 5), Self.entry(32, 0)]))
    }

    @Test(arguments: [
        bytes([owner, group, others]) + [0],
        [2],
        [2, 0, 0],
        bytes([entry(1, 8), group, others]),
        bytes([entry(1, 0xffff), group, others]),
        bytes([group, owner, others]),
        bytes([owner, group]),
        bytes([owner, others]),
        bytes([group, others]),
        bytes([owner, group, others, others]),
        bytes([owner, owner, group, others]),
        bytes([owner, group, group, others]),
        bytes([owner, group, mask, mask, others]),
        bytes([owner, user, group, others]),
        bytes([owner, group, named, others]),
        bytes([owner, user, mask, others]),
        bytes([owner, group, user, mask, others]),
        bytes([owner, user, group, others, mask]),
        bytes([owner, entry(2, 6), group, mask, others]),
        bytes([owner, group, entry(8, 6), mask, others]),
        bytes([owner, entry(0, 6), group, mask, others]),
        bytes([owner, entry(0x40, 6), group, mask, others]),
        bytes([owner, entry(3, 6), group, mask, others]),
    ])
    func refuses(_ bytes: [UInt8]) {
        #expect(throws: Errno.invalidArgument) { try parse(bytes) }
    }

    @Test func refusesVersionsAndSizes() {
        #expect(throws: Errno.notSupported) {
            try parse(Self.bytes([Self.owner, Self.group, Self.others], version: 1))
        }
        let users = (0..<510).map { Self.entry(2, 6, UInt32($0)) }
        #expect(throws: Errno.argListTooLong) {
            try parse(Self.bytes([Self.owner] + users + [Self.group, Self.mask, Self.others]))
        }
    }

    /// Whatever bytes come: a refusal, or a list that reads back as itself.
    @Test func survivesAnyBytes() throws {
        var random = Seeded(seed: 16)
        var lists = 0
        for _ in 0..<20_000 {
            var bytes = Self.bytes(
                [Self.owner, Self.user, Self.group, Self.named, Self.mask, Self.others].filter { _ in
                    Int.random(in: 0..<4, using: &random) != 0
                })
            for _ in 0..<Int.random(in: 0..<3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            bytes.removeLast(Int.random(in: 0..<20, using: &random) == 0 ? 1 : 0)
            guard let list = try? parse(bytes) else { continue }
            lists += 1
            let written = Array(list.extendedAttribute)
            #expect(try parse(written) == list)
            #expect(list.mode <= 0o777)
        }
        #expect(lists > 1000, "only \(lists) of the lists were right: nothing is shown")
    }

    @Test func followsPermissionBits() throws {
        var list = try #require(
            try parse(Self.bytes([Self.owner, Self.user, Self.group, Self.mask, Self.others])))
        list.change(toMode: 0o751)
        #expect(list.mode == 0o751)
        // The group's bits are the mask's; the group's own entry stays.
        #expect(list.entries.map(\.permissions) == [7, 6, 4, 5, 1])
        var minimal = AccessControlList(mode: 0o600)
        minimal.change(toMode: 0o174)
        #expect(minimal.entries.map(\.permissions) == [1, 7, 4])
    }

    @Test func isInherited() throws {
        let list = try #require(
            try parse(
                Self.bytes([
                    Self.entry(1, 7), Self.entry(2, 7, 5), Self.entry(4, 5), Self.entry(16, 7), Self.entry(32, 6),
                ])))
        let file = list.inherited(mode: 0o666)
        #expect(file.entries.map(\.permissions) == [6, 7, 5, 6, 6])
        #expect(file.mode == 0o666)
        #expect(list.inherited(mode: 0o700).mode == 0o700)
        #expect(AccessControlList(mode: 0o750).inherited(mode: 0o777).mode == 0o750)
    }
}
