import FileSystems
import NetworkStore
import RingFUSE
import SystemPackage
import Testing

@Suite struct MetadataAttributesTests {
    @Test(arguments: EngineKind.allCases)
    func changes(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let file = try await calls.make("file").id
            let before = try await calls.node(file)
            let time = Timestamp(seconds: -5, nanoseconds: 999_999_999)
            let far = Timestamp(seconds: .max, nanoseconds: 1)
            let changed = try await calls.change(file) { change in
                change.mode = NodeMode(.directory, permissions: 0o4711)
                change.userID = UInt32.max - 1
                change.groupID = 5
                change.accessTime = .to(time)
                change.modificationTime = .to(far)
            }
            #expect(changed.type == .regular)
            #expect(changed.attributes.mode.permissions == 0o4711)
            #expect(changed.attributes.userID == UInt32.max - 1)
            #expect(changed.attributes.groupID == 5)
            #expect(changed.attributes.accessTime == time)
            #expect(changed.attributes.modificationTime == far)
            #expect(changed.attributes.changeTime > before.attributes.changeTime)
            #expect(changed.version > before.version)
            #expect(changed.birthTime == before.birthTime)
            #expect(try await calls.node(file) == changed)
            await #expect(throws: Errno.staleNFSFileHandle) { try await calls.change(NodeID(99)) { $0.userID = 1 } }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func sizes(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let file = try await calls.make("file").id
            let fifo = try await calls.make("fifo", .fifo).id
            let grown = try await calls.resize(file, to: UInt64(Int64.max))
            #expect(grown.attributes.size == UInt64(Int64.max))
            #expect(grown.attributes.blocks == 0)
            await #expect(throws: Errno.fileTooLarge) { try await calls.resize(file, to: UInt64(Int64.max) + 1) }
            await #expect(throws: Errno.isDirectory) { try await calls.resize(.root, to: 0) }
            await #expect(throws: Errno.invalidArgument) { try await calls.resize(fifo, to: 0) }
            #expect(try await calls.resize(file, to: 0).attributes.modificationTime > grown.attributes.modificationTime)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func dropsPrivileges(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let user = calls.by(7, 8, groups: [9])
            for (group, permissions, left) in [
                (8, 0o6755, 0o755), (8, 0o6745, 0o2745), (9, 0o6745, 0o2745), (10, 0o6745, 0o745),
            ]
                as [(UInt32, UInt32, UInt32)]
            {
                let file = try await calls.make("file", permissions: permissions).id
                try await calls.change(file) { $0.groupID = group }
                try await calls.change(file) { $0.mode = NodeMode(.regular, permissions: permissions) }
                let kept = try await user.commit(file) { $0.size = 1 }
                #expect(kept.attributes.mode.permissions == permissions)
                let changed = try await user.commit(file) { change in
                    change.size = 2
                    change.killsPrivileges = true
                }
                #expect(changed.attributes.mode.permissions == left)
                try await calls.change(file) { $0.mode = NodeMode(.regular, permissions: permissions) }
                let cut = try await user.change(file) { change in
                    change.size = 0
                    change.killsPrivileges = true
                }
                #expect(cut.attributes.mode.permissions == left)
                try await calls.removeFile("file")
            }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func capabilitiesGoWithTheContent(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let file = try await calls.make("file").id
            let capability: StoredName = "security.capability"
            try await calls.set(capability, of: file, to: [1])
            try await calls.set("user.kept", of: file, to: [2])
            try await calls.resize(file, to: 1)
            await #expect(throws: Errno.noData) { try await calls.engine.extendedAttribute(capability, of: file) }
            try await calls.set(capability, of: file, to: [1])
            try await calls.commit(file) { $0.killsPrivileges = true }
            await #expect(throws: Errno.noData) { try await calls.engine.extendedAttribute(capability, of: file) }
            #expect(try await calls.engine.extendedAttributeNames(of: file) == ["user.kept"])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func honoursFlags(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let file = try await calls.make("file").id
            #expect(try await calls.setFlags(0x10 | 0x80, of: file).flags == 0x90)
            await #expect(throws: Errno.notPermitted) { try await calls.change(file) { $0.mode = .regular } }
            await #expect(throws: Errno.notPermitted) { try await calls.set("user.x", of: file, to: []) }
            await #expect(throws: Errno.notPermitted) {
                try await calls.engine.removeExtendedAttribute("user.x", of: file)
            }
            // Only those that the mask names.
            #expect(try await calls.engine.setFlags(0, among: 0x10, of: file).flags == 0x80)
            await #expect(throws: Errno.notSupported) { try await calls.setFlags(0x8000_0000, of: file) }
            await #expect(throws: Errno.notSupported) { try await calls.setFlags(0x2_0000, of: file) }
            await #expect(throws: Errno.staleNFSFileHandle) { try await calls.setFlags(0, of: NodeID(99)) }
            try await calls.setFlags(0x20, of: file)
            await #expect(throws: Errno.notPermitted) { try await calls.resize(file, to: 0) }
            try await calls.change(file) { change in
                change.accessTime = .now
                change.modificationTime = .now
            }
            // New nodes get some of their directory's.
            try await calls.setFlags(0x80 | 0x40 | 0x20 | 0x1_0000, of: .root)
            #expect(try await calls.make("new").flags == 0xc0)
            #expect(try await calls.make("directory", .directory).flags == 0x1_00c0)
            #expect(try await calls.make("fifo", .fifo).flags == 0xc0)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func notesAccessAsRelatime(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let file = try await calls.make("file").id
            let made = try await calls.node(file)
            let later = Timestamp(seconds: made.attributes.accessTime.seconds + 1)
            try await calls.engine.noteAccess(to: file, at: later)
            let read = try await calls.node(file)
            #expect(read.attributes.accessTime == later)
            #expect(read.attributes.changeTime == made.attributes.changeTime)
            // Nobody who has read the content has read anything old.
            #expect(read.version == made.version)
            try await calls.engine.noteAccess(to: file, at: Timestamp(seconds: later.seconds + 86_399))
            #expect(try await calls.node(file) == read)
            let tomorrow = Timestamp(seconds: later.seconds + 86_400)
            try await calls.engine.noteAccess(to: file, at: tomorrow)
            #expect(try await calls.node(file).attributes.accessTime == tomorrow)
            try await calls.setFlags(0x80, of: file)
            try await calls.engine.noteAccess(to: file, at: Timestamp(seconds: later.seconds + 200_000))
            #expect(try await calls.node(file).attributes.accessTime == tomorrow)
            await #expect(throws: Errno.staleNFSFileHandle) {
                try await calls.engine.noteAccess(to: NodeID(99), at: later)
            }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func setGroupIDDirectoriesPassTheirGroupOn(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let directory = try await calls.makeDirectory("directory")
            try await calls.change(directory) { $0.groupID = 9 }
            try await calls.change(directory) { $0.mode = NodeMode(.directory, permissions: 0o2755) }
            let file = try await calls.by(7, 8).make("file", in: directory)
            #expect(file.attributes.groupID == 9)
            #expect(file.attributes.mode.permissions == 0o644)
            let inner = try await calls.by(7, 8).make("inner", in: directory, .directory, permissions: 0o700)
            #expect(inner.attributes.groupID == 9)
            #expect(inner.attributes.mode.permissions == 0o2700)
        }
    }
}
