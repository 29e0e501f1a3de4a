import FileSystems
import NetworkStore
import RingFUSE
import SystemPackage
import Testing

@Suite struct MetadataExtendedAttributesTests {
    @Test(arguments: EngineKind.allCases)
    func setsTellsAndRemoves(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let engine = calls.engine
            let file = try await calls.make("file").id
            #expect(try await engine.extendedAttributeNames(of: file) == [])
            await #expect(throws: Errno.noData) { try await engine.extendedAttribute("user.a", of: file) }
            let before = try await calls.node(file)
            let set = try await calls.set("user.a", of: file, to: [0, 1, 2])
            #expect(set.version > before.version)
            #expect(set.attributes.changeTime > before.attributes.changeTime)
            #expect(try await engine.extendedAttribute("user.a", of: file) == [0, 1, 2])
            // The same again changes nothing.
            #expect(try await calls.set("user.a", of: file, to: [0, 1, 2]) == set)
            try await calls.set("user.a", of: file, to: [])
            #expect(try await engine.extendedAttribute("user.a", of: file) == [])
            try await calls.set("trusted.b", of: file, to: [9])
            #expect(try await Set(engine.extendedAttributeNames(of: file)) == ["user.a", "trusted.b"])
            _ = try await engine.removeExtendedAttribute("user.a", of: file)
            _ = try await engine.removeExtendedAttribute("trusted.b", of: file)
            #expect(try await engine.extendedAttributeNames(of: file) == [])
            await #expect(throws: Errno.noData) { try await engine.removeExtendedAttribute("user.a", of: file) }
            for none in [
                await errno { try await engine.extendedAttribute("user.a", of: NodeID(99)) },
                await errno { try await engine.extendedAttributeNames(of: NodeID(99)) },
                await errno { try await engine.removeExtendedAttribute("user.a", of: NodeID(99)) },
                await errno { try await calls.set("user.a", of: NodeID(99), to: []) },
            ] { #expect(none == .staleNFSFileHandle) }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func refuses(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let file = try await calls.make("file").id
            let fifo = try await calls.make("fifo", .fifo).id
            try await calls.set("user.there", of: file, to: [1])
            await #expect(throws: Errno.fileExists) {
                try await calls.set("user.there", of: file, to: [], .mustNotExist)
            }
            await #expect(throws: Errno.noData) { try await calls.set("user.new", of: file, to: [], .mustExist) }
            await #expect(throws: Errno.invalidArgument) { try await calls.set("user.", of: file, to: []) }
            await #expect(throws: Errno.notSupported) { try await calls.set("system.x", of: file, to: []) }
            await #expect(throws: Errno.notPermitted) { try await calls.set("user.x", of: fifo, to: []) }
            let long = StoredName("user." + String(repeating: "x", count: 251))
            await #expect(throws: Errno.outOfRange) { try await calls.set(long, of: file, to: []) }
            let large = ContiguousArray<UInt8>(repeating: 1, count: 65_536)
            try await calls.set("user.large", of: file, to: large)
            #expect(try await calls.engine.extendedAttribute("user.large", of: file) == large)
            await #expect(throws: Errno.argListTooLong) { try await calls.set("user.x", of: file, to: large + [1]) }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func listOfNamesIsLimited(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            // 256 names of 255 bytes and their NULs are all that a list holds.
            let file = try await calls.make("file").id
            for number in 0..<256 { try await calls.set(Self.longName(number), of: file, to: []) }
            await #expect(throws: Errno.noSpace) { try await calls.set("user.x", of: file, to: []) }
            // One that is there may still change.
            try await calls.set(Self.longName(7), of: file, to: [1])
            #expect(try await calls.engine.extendedAttributeNames(of: file).count == 256)
        }
    }

    /// A name of 255 bytes.
    private static func longName(_ number: Int) -> StoredName {
        StoredName("user." + String(repeating: "x", count: 247) + "\(number + 100)")
    }

    @Test(arguments: EngineKind.allCases)
    func listsChangeTheMode(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let engine = calls.engine
            let file = try await calls.make("file").id
            let access: StoredName = "system.posix_acl_access"
            let inherited: StoredName = "system.posix_acl_default"
            var list = AccessControlList(mode: 0o750)
            #expect(
                try await calls.set(access, of: file, to: list.extendedAttribute).attributes.mode.permissions == 0o750)
            // What permission bits can say is said by them alone.
            await #expect(throws: Errno.noData) { try await engine.extendedAttribute(access, of: file) }
            list = try Self.list(named: 42)
            let set = try await calls.set(access, of: file, to: list.extendedAttribute)
            #expect(set.attributes.mode.permissions == 0o670)
            let changed = try await calls.change(file) { $0.mode = NodeMode(.regular, permissions: 0o604) }
            #expect(changed.attributes.mode.permissions == 0o604)
            list.change(toMode: 0o604)
            #expect(try await engine.extendedAttribute(access, of: file) == list.extendedAttribute)
            await #expect(throws: Errno.permissionDenied) {
                try await calls.set(inherited, of: file, to: list.extendedAttribute)
            }
            #expect(try await calls.set(inherited, of: file, to: []) == changed)
            await #expect(throws: Errno.invalidArgument) { try await calls.set(access, of: file, to: [2, 0, 0]) }
            await #expect(throws: Errno.notSupported) { try await calls.set(access, of: file, to: [3, 0, 0, 0]) }
            let link = try await calls.make("link", .symbolicLink, target: "x").id
            await #expect(throws: Errno.notSupported) {
                try await calls.set(access, of: link, to: list.extendedAttribute)
            }
            _ = try await engine.removeExtendedAttribute(access, of: file)
            _ = try await engine.removeExtendedAttribute(access, of: file)
            #expect(try await engine.extendedAttributeNames(of: file) == [])
        }
    }

    /// A mode that is committed with content changes the list that another session has set meanwhile, and an owner takes
    /// capabilities away.
    @Test(arguments: EngineKind.allCases)
    func listsChangeWithAModeThatComesWithContent(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let engine = calls.engine
            let file = try await calls.make("file").id
            let access: StoredName = "system.posix_acl_access"
            var list = try Self.list(named: 42)
            try await calls.set(access, of: file, to: list.extendedAttribute)
            try await calls.set("security.capability", of: file, to: [1])
            var held = HeldAttributes()
            held.permissions = 0o604
            try await calls.commit(file) { $0.attributes = held }
            list.change(toMode: 0o604)
            #expect(try await engine.extendedAttribute(access, of: file) == list.extendedAttribute)
            #expect(try await engine.extendedAttribute("security.capability", of: file) == [1])
            held.userID = 5
            let given = try await calls.commit(file) { $0.attributes = held }
            #expect(given.attributes.mode.permissions == 0o604 && given.attributes.userID == 5)
            #expect(try await engine.extendedAttributeNames(of: file) == [access])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func listsArePassedOn(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let engine = calls.engine
            let access: StoredName = "system.posix_acl_access"
            let inherited: StoredName = "system.posix_acl_default"
            let list = try Self.list(named: 42)
            let directory = try await calls.makeDirectory("directory")
            try await calls.set(inherited, of: directory, to: list.extendedAttribute)
            let file = try await calls.make("file", in: directory, permissions: 0o660, umask: 0o077)
            #expect(file.attributes.mode.permissions == 0o660)
            let expected = list.inherited(mode: 0o660)
            #expect(try await engine.extendedAttribute(access, of: file.id) == expected.extendedAttribute)
            await #expect(throws: Errno.noData) { try await engine.extendedAttribute(inherited, of: file.id) }
            let inner = try await calls.make("inner", in: directory, .directory, permissions: 0o777)
            #expect(try await engine.extendedAttribute(inherited, of: inner.id) == list.extendedAttribute)
            let link = try await calls.make("link", in: directory, .symbolicLink, permissions: 0o777, target: "x")
            #expect(try await engine.extendedAttributeNames(of: link.id) == [])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func whoIsNotInTheGroupGivesNobodyItsPrivileges(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let access: StoredName = "system.posix_acl_access"
            let list = try Self.list(named: 42).extendedAttribute
            for (caller, left) in [
                (calls.by(7, 8), 0), (calls.by(7, 9), 0o2000), (calls.by(7, 8, groups: [9]), 0o2000),
            ]
                as [(MetadataCalls, UInt32)]
            {
                let file = try await calls.make("file").id
                try await calls.change(file) { $0.groupID = 9 }
                try await calls.change(file) { $0.mode = NodeMode(.regular, permissions: 0o2644) }
                let set = try await caller.set(access, of: file, to: list)
                #expect(set.attributes.mode.permissions & 0o2000 == left)
                try await calls.removeFile("file")
            }
        }
    }

    /// A list with an entry of a user's.
    private static func list(named user: UInt8) throws -> AccessControlList {
        let bytes: ContiguousArray<UInt8> = [
            2, 0, 0, 0,
            0x01, 0, 6, 0, 255, 255, 255, 255,
            0x02, 0, 7, 0, user, 0, 0, 0,
            0x04, 0, 5, 0, 255, 255, 255, 255,
            0x10, 0, 7, 0, 255, 255, 255, 255,
            0x20, 0, 0, 0, 255, 255, 255, 255,
        ]
        return try #require(try unsafe AccessControlList(extendedAttribute: bytes.span.bytes))
    }
}
