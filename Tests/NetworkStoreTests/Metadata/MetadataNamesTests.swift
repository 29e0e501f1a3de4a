import RingFUSE
import SystemPackage
import Testing

@testable import NetworkStore

@Suite struct MetadataNamesTests {
    @Test(arguments: EngineKind.allCases)
    func rootIsThere(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let root = try await calls.node(.root)
            #expect(root.type == .directory)
            #expect(root.attributes.linkCount == 2)
            #expect(root.attributes.mode.permissions == 0o755)
            #expect(try await calls.lookUp(".")?.id == .root)
            #expect(try await calls.lookUp("..")?.id == .root)
            #expect(try await calls.list() == [])
            #expect(try await calls.engine.usage().nodes == 1)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func makesNodesOfAllTypes(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let by = calls.by(7, 8)
            for type in NodeType.allCases where type != .symbolicLink {
                let name = StoredName("\(type)")
                let made = try await by.make(name, type, permissions: 0o4751, umask: 0o022, device: 259)
                #expect(made.type == type)
                #expect(made.attributes.mode.permissions == 0o4751 & ~0o022)
                #expect(made.attributes.linkCount == (type == .directory ? 2 : 1))
                #expect(made.attributes.userID == 7)
                #expect(made.attributes.groupID == 8)
                #expect(made.attributes.blocks == 0)
                #expect(made.attributes.device == (type == .blockDevice || type == .characterDevice ? 259 : 0))
                #expect(made.birthTime == made.attributes.modificationTime)
                #expect(try await calls.lookUp(name) == made)
                #expect(try await calls.node(made.id) == made)
            }
            let link = try await calls.make(
                "link", .symbolicLink, permissions: 0o777, umask: 0o077, target: "/some/where")
            #expect(link.attributes.size == 11)
            #expect(link.attributes.mode.permissions == 0o777)
            #expect(try await calls.engine.target(of: link.id) == "/some/where")
            await #expect(throws: Errno.invalidArgument) { try await calls.engine.target(of: .root) }
            await #expect(throws: Errno.staleNFSFileHandle) { try await calls.engine.target(of: NodeID(99)) }
            #expect(try await calls.node(.root).attributes.linkCount == 3)
            #expect(try await calls.engine.usage().nodes == 8)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func refusesToMake(kind: EngineKind) async throws {
        try await withVolume(kind, nodeLimit: 5) { calls in
            let directory = try await calls.makeDirectory("directory")
            let file = try await calls.make("file").id
            await #expect(throws: Errno.fileExists) { try await calls.make("file") }
            await #expect(throws: Errno.fileExists) { try await calls.make(".") }
            await #expect(throws: Errno.fileExists) { try await calls.make("..") }
            await #expect(throws: Errno.notDirectory) { try await calls.make("x", in: file) }
            await #expect(throws: Errno.staleNFSFileHandle) { try await calls.make("x", in: NodeID(99)) }
            let long = StoredName(String(repeating: "x", count: 256))
            await #expect(throws: Errno.fileNameTooLong) { try await calls.make(long) }
            await #expect(throws: Errno.fileNameTooLong) { try await calls.lookUp(long) }
            await #expect(throws: Errno.invalidArgument) { try await calls.make("x", .symbolicLink) }
            let untyped = NodeTemplate(NewNode(mode: NodeMode(rawValue: 0o644)), by: calls.caller)
            let name: StoredName = "x"
            await #expect(throws: Errno.invalidArgument) {
                try await calls.engine.make(Name(name.bytes.span), in: .root, untyped)
            }
            try await calls.setFlags(0x10, of: directory)
            await #expect(throws: Errno.notPermitted) { try await calls.make("x", in: directory) }
            await #expect(throws: Errno.notPermitted) { try await calls.makeUnnamed(in: directory) }
            try await calls.setFlags(0, of: directory)
            // With all flags off, up to the limit.
            try await calls.make(StoredName(String(repeating: "x", count: 255)), in: directory)
            _ = try await calls.makeUnnamed()
            await #expect(throws: Errno.noSpace) { try await calls.make("x", in: directory) }
            await #expect(throws: Errno.noSpace) { try await calls.makeUnnamed() }
            try await calls.link(file, to: "another")
            await #expect(throws: Errno.notDirectory) { try await calls.lookUp("x", in: file) }
            await #expect(throws: Errno.staleNFSFileHandle) { try await calls.lookUp("x", in: NodeID(99)) }
            #expect(try await calls.lookUp("x") == nil)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func nothingIsMadeInRemovedDirectories(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let directory = try await calls.makeDirectory("directory")
            let file = try await calls.make("file").id
            #expect(try await calls.removeDirectory("directory").attributes.linkCount == 0)
            await #expect(throws: Errno.noSuchFileOrDirectory) { try await calls.make("x", in: directory) }
            await #expect(throws: Errno.notPermitted) { try await calls.makeUnnamed(in: directory) }
            await #expect(throws: Errno.noSuchFileOrDirectory) { try await calls.link(file, to: "x", in: directory) }
            await #expect(throws: Errno.noSuchFileOrDirectory) {
                try await calls.rename("file", to: "x", into: directory)
            }
            await #expect(throws: Errno.noSuchFileOrDirectory) { try await calls.lookUp("..", in: directory) }
            #expect(try await calls.lookUp(".", in: directory)?.id == directory)
            #expect(try await calls.list(directory) == [])
            try await calls.engine.dispose(of: directory)
            await #expect(throws: Errno.staleNFSFileHandle) { try await calls.node(directory) }
            await #expect(throws: Errno.staleNFSFileHandle) { try await calls.list(directory) }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func links(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let file = try await calls.make("file").id
            let directory = try await calls.makeDirectory("directory")
            let linked = try await calls.link(file, to: "second", in: directory)
            #expect(linked.attributes.linkCount == 2)
            #expect(try await calls.lookUp("second", in: directory)?.id == file)
            await #expect(throws: Errno.notPermitted) { try await calls.link(directory, to: "x") }
            await #expect(throws: Errno.fileExists) { try await calls.link(file, to: "file") }
            await #expect(throws: Errno.staleNFSFileHandle) { try await calls.link(NodeID(99), to: "x") }
            await #expect(throws: Errno.notDirectory) { try await calls.link(file, to: "x", in: file) }
            try await calls.setFlags(0x20, of: file)
            await #expect(throws: Errno.notPermitted) { try await calls.link(file, to: "x") }
            try await calls.setFlags(0, of: file)
            #expect(try await calls.removeFile("file").attributes.linkCount == 1)
            #expect(try await calls.removeFile("second", in: directory).attributes.linkCount == 0)
            await #expect(throws: Errno.noSuchFileOrDirectory) { try await calls.link(file, to: "x") }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func linksWhatWasMadeWithoutAName(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let file = try await calls.makeUnnamed()
            #expect(file.attributes.linkCount == 0)
            #expect(try await calls.link(file.id, to: "file").attributes.linkCount == 1)
            #expect(try await calls.removeFile("file").attributes.linkCount == 0)
            // Only its first name could be made so.
            await #expect(throws: Errno.noSuchFileOrDirectory) { try await calls.link(file.id, to: "file") }
            let hidden = try await calls.makeUnnamed(isLinkable: false)
            await #expect(throws: Errno.noSuchFileOrDirectory) { try await calls.link(hidden.id, to: "file") }
            await #expect(throws: Errno.notDirectory) { try await calls.makeUnnamed(in: hidden.id) }
        }
    }

    @Test func namesEndAt65000() async throws {
        let fixture = VolumeFixture()
        try await fixture.format()
        let before = try await SQLiteEngine.open(fixture.path)
        let file = try await MetadataCalls(before).make("file").id
        await before.close()
        // Names "10000001" and so on, faster than one by one.
        try Database(fixture.path, .write).execute(
            """
            WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < 64998)
            INSERT INTO names SELECT 1, CAST(CAST(10000000 + i AS TEXT) AS BLOB), 10 + i, \(file.rawValue) FROM numbers;
            UPDATE nodes SET links = 64999 WHERE id = \(file.rawValue);
            UPDATE nodes SET next_cookie = 70000 WHERE id = 1
            """)
        let engine = try await SQLiteEngine.open(fixture.path)
        let calls = MetadataCalls(engine)
        #expect(try await calls.link(file, to: "last").attributes.linkCount == 65_000)
        await #expect(throws: Errno.tooManyLinks) { try await calls.link(file, to: "more") }
        #expect(try await engine.check() == [])
        await engine.close()
    }

    @Test(arguments: EngineKind.allCases)
    func removes(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            let file = try await calls.make("file").id
            let directory = try await calls.makeDirectory("directory")
            let inner = try await calls.make("inner", in: directory).id
            await #expect(throws: Errno.noSuchFileOrDirectory) { try await calls.removeFile("x") }
            await #expect(throws: Errno.isDirectory) { try await calls.removeFile("directory") }
            await #expect(throws: Errno.notDirectory) { try await calls.removeFile("x", in: file) }
            await #expect(throws: Errno.staleNFSFileHandle) { try await calls.removeFile("x", in: NodeID(99)) }
            await #expect(throws: Errno.noSuchFileOrDirectory) { try await calls.removeDirectory("x") }
            await #expect(throws: Errno.notDirectory) { try await calls.removeDirectory("file") }
            await #expect(throws: Errno.directoryNotEmpty) { try await calls.removeDirectory("directory") }
            let long = StoredName(String(repeating: "x", count: 256))
            await #expect(throws: Errno.fileNameTooLong) { try await calls.removeFile(long) }
            await #expect(throws: Errno.fileNameTooLong) { try await calls.removeDirectory(long) }
            for (name, flag) in [(inner, 0x10), (inner, 0x20), (directory, 0x10), (directory, 0x20)]
                as [(NodeID, UInt32)]
            {
                try await calls.setFlags(flag, of: name)
                await #expect(throws: Errno.notPermitted) { try await calls.removeFile("inner", in: directory) }
                try await calls.setFlags(0, of: name)
            }
            let removed = try await calls.removeFile("inner", in: directory)
            #expect(removed.attributes.linkCount == 0)
            // It stays until nobody needs it.
            #expect(try await calls.node(inner) == removed)
            try await calls.engine.dispose(of: inner)
            try await calls.engine.dispose(of: inner)
            await #expect(throws: Errno.staleNFSFileHandle) { try await calls.node(inner) }
            try await calls.setFlags(0x10, of: directory)
            await #expect(throws: Errno.notPermitted) { try await calls.removeDirectory("directory") }
            try await calls.setFlags(0, of: directory)
            try await calls.removeDirectory("directory")
            #expect(try await calls.node(.root).attributes.linkCount == 2)
            // What has a name is not disposed of.
            try await calls.engine.dispose(of: file)
            #expect(try await calls.lookUp("file")?.id == file)
        }
    }

    @Test func numbersAreNotUsedAgain() async throws {
        let fixture = VolumeFixture()
        try await fixture.format()
        var seen: Set<NodeID> = []
        for _ in 0..<3 {
            let engine = try await SQLiteEngine.open(fixture.path)
            let calls = MetadataCalls(engine)
            let file = try await calls.make("file").id
            #expect(seen.insert(file).inserted)
            try await calls.removeFile("file")
            try await engine.dispose(of: file)
            await engine.close()
        }
    }

    @Test(arguments: EngineKind.allCases)
    func listingGoesOnWhereItWas(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            for name in ["c", "a", "b"] { try await calls.make(StoredName(name)) }
            #expect(try await calls.list() == ["c", "a", "b"])
            let first = try await calls.engine.names(in: .root, after: 0, limit: 2)
            #expect(first.map(\.cookie).allSatisfy { $0 > 2 })
            #expect(first.map { String($0.name) } == ["c", "a"])
            #expect(try await calls.node(first[1].node.id) == first[1].node)
            // The last one is removed and made again: it must not come where a listing has already been.
            try await calls.removeFile("b")
            try await calls.removeFile("a")
            try await calls.make("d")
            try await calls.make("a")
            let rest = try await calls.engine.names(in: .root, after: first[1].cookie, limit: 9)
            #expect(rest.map { String($0.name) } == ["d", "a"])
            #expect(try await calls.engine.names(in: .root, after: .max, limit: 9).isEmpty)
            #expect(try await calls.engine.names(in: .root, after: 0, limit: 0).isEmpty)
            await #expect(throws: Errno.notDirectory) { try await calls.list(rest[0].node.id) }
            await #expect(throws: Errno.staleNFSFileHandle) { try await calls.list(NodeID(99)) }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func timesAndVersionsOfDirectoriesFollowTheirNames(kind: EngineKind) async throws {
        try await withVolume(kind) { calls in
            var last = try await calls.node(.root)
            func expectChange() async throws {
                let now = try await calls.node(.root)
                #expect(now.version > last.version)
                #expect(now.attributes.modificationTime > last.attributes.modificationTime)
                #expect(now.attributes.changeTime == now.attributes.modificationTime)
                last = now
            }
            let file = try await calls.make("file").id
            try await expectChange()
            try await calls.link(file, to: "link")
            try await expectChange()
            try await calls.rename("link", to: "other")
            try await expectChange()
            try await calls.removeFile("other")
            try await expectChange()
            _ = try await calls.lookUp("file")
            _ = try await calls.makeUnnamed()
            #expect(try await calls.node(.root) == last)
        }
    }
}
