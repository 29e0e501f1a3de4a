import RingFUSE
import SystemPackage
import Testing

@testable import FileSystems

/// Access control lists on files: in step with permission bits, and inherited.
@Suite struct MemoryAccessControlTests {
    private let calls = Calls(MemoryFileSystem(byteLimit: 1 << 20))
    private let access: StoredName = "system.posix_acl_access"
    private let byDefault: StoredName = "system.posix_acl_default"

    private static func list(_ owner: UInt16, _ group: UInt16, mask: UInt16? = nil, _ others: UInt16) -> [UInt8] {
        typealias List = AccessControlListTests
        let named = mask.map { _ in [List.entry(2, 7, 5)] } ?? []
        let mask = mask.map { [List.entry(16, $0)] } ?? []
        return List.bytes([List.entry(1, owner)] + named + [List.entry(4, group)] + mask + [List.entry(32, others)])
    }

    @Test func changeTheMode() async throws {
        let file = try await calls.makeFile("file").node
        try await calls.change(file) { $0.mode = NodeMode(.regular, permissions: 0o4777) }
        try await calls.setExtendedAttribute(access, of: file, to: Self.list(6, 4, mask: 5, 1))
        #expect(try await calls.attributes(of: file).mode.permissions == 0o4651)
        #expect(try await calls.extendedAttribute(access, of: file).bytes == Self.list(6, 4, mask: 5, 1))
        #expect(try await calls.extendedAttributeNames(of: file).bytes == Array(access.bytes) + [0])
        // The mode changes the list.
        try await calls.change(file) { $0.mode = NodeMode(.regular, permissions: 0o730) }
        #expect(try await calls.extendedAttribute(access, of: file).bytes == Self.list(7, 4, mask: 3, 0))
        // Taken away, it leaves the mode; what the mode can say is not kept as a list.
        try await calls.removeExtendedAttribute(access, of: file)
        #expect(try await calls.attributes(of: file).mode.permissions == 0o730)
        try await calls.removeExtendedAttribute(access, of: file)
        try await calls.setExtendedAttribute(access, of: file, to: Self.list(6, 2, 1))
        #expect(try await calls.attributes(of: file).mode.permissions == 0o621)
        #expect(await errno { try await calls.extendedAttribute(access, of: file) } == .noData)
    }

    @Test func refuseWhatIsNone() async throws {
        let file = try await calls.makeFile("file").node
        let link = try await calls.makeSymbolicLink("link", to: "x").node
        #expect(await errno { try await calls.setExtendedAttribute(access, of: file, to: [1]) } == .invalidArgument)
        #expect(
            await errno { try await calls.setExtendedAttribute(access, of: link, to: Self.list(7, 7, 7)) }
                == .notSupported)
        #expect(
            await errno { try await calls.setExtendedAttribute(byDefault, of: file, to: Self.list(7, 7, 7)) }
                == .permissionDenied)
        #expect(await errno { try await calls.setExtendedAttribute("system.x", of: file, to: []) } == .notSupported)
        #expect(try await calls.attributes(of: file).mode.permissions == 0o644)
    }

    @Test func clearTheGroupBitOfThoseOutside() async throws {
        let file = try await calls.makeFile("file").node
        let callers: [(user: UInt32, group: UInt32, expected: UInt32)] = [
            (1000, 77_777, 0o644), (1000, 7, 0o2644), (0, 77_777, 0o2644),
        ]
        for (user, group, expected) in callers {
            try await calls.change(file) { $0.groupID = 7 }
            try await calls.change(file) { $0.mode = NodeMode(.regular, permissions: 0o2777) }
            var caller = calls
            caller.userID = user
            caller.groupID = group
            try await caller.setExtendedAttribute(access, of: file, to: Self.list(6, 4, 4))
            #expect(try await calls.attributes(of: file).mode.permissions == expected, "\(user):\(group)")
        }
    }

    @Test func areInherited() async throws {
        func new(_ type: NodeType, _ permissions: UInt32) -> NewNode {
            NewNode(mode: NodeMode(type, permissions: permissions), umask: 0o077)
        }
        // Without a default list it is the umask that counts.
        #expect(try await calls.makeNode("plain", new(.regular, 0o666)).attributes.mode.permissions == 0o600)
        let list = Self.list(7, 5, mask: 7, 6)
        try await calls.setExtendedAttribute(byDefault, of: .root, to: list)
        #expect(try await calls.attributes(of: .root).mode.permissions == 0o755, "not its own permissions")
        let file = try await calls.makeNode("file", new(.regular, 0o666))
        #expect(file.attributes.mode.permissions == 0o666, "the umask counts for nothing")
        #expect(try await calls.extendedAttribute(access, of: file.node).bytes == Self.list(6, 5, mask: 6, 6))
        #expect(await errno { try await calls.extendedAttribute(byDefault, of: file.node) } == .noData)
        let below = try await calls.makeDirectory("below", permissions: 0o700)
        #expect(below.attributes.mode.permissions == 0o700)
        #expect(try await calls.extendedAttribute(byDefault, of: below.node).bytes == list)
        let unnamed = try await calls.createUnnamed(permissions: 0o640).entry.node
        #expect(try await calls.extendedAttribute(access, of: unnamed).bytes == Self.list(6, 5, mask: 4, 0))
        let link = try await calls.makeSymbolicLink("link", to: "x")
        #expect(link.attributes.mode.permissions == 0o777)
        #expect(await errno { try await calls.extendedAttribute(access, of: link.node) } == .noData)
    }

    @Test func arePaidFor() async throws {
        let calls = Calls(MemoryFileSystem(byteLimit: 70))
        let directory = try await calls.makeDirectory("directory").node
        try await calls.setExtendedAttribute(byDefault, of: directory, to: Self.list(7, 5, mask: 7, 6))
        // No room for the list that a new file is to inherit: no file, and nothing kept of it.
        let before = try await calls.statistics()
        #expect(await errno { try await calls.makeFile("file", in: directory) } == .noSpace)
        #expect(try await calls.node("file", in: directory) == nil)
        #expect(try await calls.statistics().freeNodes == before.freeNodes)
        // A list that gets no longer needs no room.
        try await calls.setExtendedAttribute(byDefault, of: directory, to: Self.list(6, 5, mask: 7, 6))
        try await calls.removeExtendedAttribute(byDefault, of: directory)
        _ = try await calls.makeFile("file", in: directory)
    }
}
