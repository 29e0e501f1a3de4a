import RingFUSE
import SystemPackage
import Testing

@testable import FileSystems

@Suite struct MemoryNamesTests {
    let calls = Calls(MemoryFileSystem(byteLimit: 1 << 20, nodeLimit: 100))

    /// A name of 256 bytes.
    let long = StoredName(String(repeating: "x", count: 256))

    @Test func findsWhatWasMade() async throws {
        let made = try await calls.makeFile("file", permissions: 0o4751)
        let found = try await calls.lookUp("file")
        #expect(found.node == made.node)
        #expect(found.generation == made.generation)
        #expect(found.attributes == made.attributes)
        #expect(found.attributes.mode == NodeMode(rawValue: 0o104751))
        #expect(found.attributes.linkCount == 1)
        #expect(try await calls.lookUp("missing").node == NodeID(0))
        let longest = StoredName(String(repeating: "x", count: 255))
        _ = try await calls.makeFile(longest)
        #expect(try await calls.node(longest) != nil)
    }

    @Test func refusesNames() async throws {
        let file = try await calls.makeFile("file").node
        #expect(await errno { try await calls.makeFile("file") } == .fileExists)
        #expect(await errno { try await calls.makeDirectory("file") } == .fileExists)
        #expect(await errno { try await calls.makeSymbolicLink("file", to: "x") } == .fileExists)
        #expect(await errno { try await calls.link(file, to: "file") } == .fileExists)
        #expect(await errno { try await calls.makeFile(".") } == .fileExists)
        #expect(await errno { try await calls.makeFile(long) } == .fileNameTooLong)
        #expect(await errno { try await calls.lookUp(long) } == .fileNameTooLong)
        #expect(await errno { try await calls.rename("file", to: long) } == .fileNameTooLong)
        #expect(await errno { try await calls.removeFile(long) } == .fileNameTooLong)
        #expect(await errno { try await calls.makeFile("x", in: file) } == .notDirectory)
        #expect(await errno { try await calls.lookUp("x", in: file) } == .notDirectory)
        #expect(await errno { try await calls.makeFile("x", in: NodeID(77)) } == .staleNFSFileHandle)
        #expect(await errno { try await calls.lookUp("x", in: NodeID(77)) } == .staleNFSFileHandle)
        let directory = NewNode(mode: .directory)
        #expect(await errno { try await calls.makeNode("x", directory) } == .invalidArgument)
    }

    @Test func removes() async throws {
        _ = try await calls.makeFile("file")
        let directory = try await calls.makeDirectory("directory").node
        _ = try await calls.makeFile("inside", in: directory)
        #expect(try await calls.attributes(of: .root).linkCount == 3)
        #expect(await errno { try await calls.removeFile("missing") } == .noSuchFileOrDirectory)
        #expect(await errno { try await calls.removeFile("directory") } == .isDirectory)
        #expect(await errno { try await calls.removeDirectory("missing") } == .noSuchFileOrDirectory)
        #expect(await errno { try await calls.removeDirectory("file") } == .notDirectory)
        #expect(await errno { try await calls.removeDirectory("directory") } == .directoryNotEmpty)
        try await calls.removeFile("inside", in: directory)
        try await calls.removeDirectory("directory")
        try await calls.removeFile("file")
        #expect(try await calls.node("file") == nil)
        #expect(try await calls.attributes(of: .root).linkCount == 2)
        // Still known, but nothing can be made in it, and it has no parent.
        #expect(try await calls.attributes(of: directory).linkCount == 0)
        #expect(await errno { try await calls.makeFile("x", in: directory) } == .noSuchFileOrDirectory)
        #expect(await errno { try await calls.lookUp("..", in: directory) } == .noSuchFileOrDirectory)
    }

    @Test func countsLookups() async throws {
        let file = try await calls.makeFile("file").node
        for _ in 0..<3 { _ = try await calls.lookUp("file") }
        calls.backend.forget(file, lookups: 4)
        #expect(try await calls.node("file") == file, "a name keeps its node")
        try await calls.write([1], to: file)
        try await calls.removeFile("file")
        #expect(try await calls.read(file, 9) == [1], "it is still known")
        #expect(calls.backend.budget.usedNodes == 2)
        calls.backend.forget(file, lookups: 1)
        #expect(await errno { try await calls.attributes(of: file) } == .staleNFSFileHandle)
        #expect(calls.backend.budget.usedNodes == 1)
        #expect(calls.backend.budget.usedBytes == 0)
        calls.backend.forget(file, lookups: 1)
        calls.backend.forget(.root, lookups: 1000)
        #expect(try await calls.attributes(of: .root).linkCount == 2)
        #expect(try await calls.makeFile("file").node != file, "ids are not reused")
    }

    @Test func openFilesLiveOnUntilReleased() async throws {
        let file = try await calls.create("file").entry.node
        try await calls.open(file)
        try await calls.removeFile("file")
        calls.backend.forget(file, lookups: 1)
        try await calls.release(file)
        try await calls.write([7], to: file)
        #expect(try await calls.read(file, 1) == [7])
        try await calls.release(file)
        #expect(await errno { try await calls.read(file, 1) } == .staleNFSFileHandle)
        #expect(calls.backend.budget.usedNodes == 1)
        #expect(calls.backend.budget.usedBytes == 0)
    }

    @Test func createsOrOpens() async throws {
        let made = try await calls.create("file").entry
        try await calls.write([1, 2], to: made.node)
        #expect(await errno { try await calls.create("file", [.readWrite, .exclusive]) } == .fileExists)
        #expect(try await calls.create("file").entry.node == made.node)
        #expect(try await calls.read(made.node, 9) == [1, 2])
        #expect(try await calls.create("file", [.readWrite, .truncate]).entry.attributes.size == 0)
        _ = try await calls.makeDirectory("directory")
        #expect(await errno { try await calls.create("directory") } == .isDirectory)
    }

    @Test func hardLinks() async throws {
        let file = try await calls.makeFile("file").node
        let second = try await calls.link(file, to: "second")
        #expect(second.node == file)
        #expect(second.attributes.linkCount == 2)
        try await calls.removeFile("file")
        #expect(try await calls.node("second") == file)
        #expect(try await calls.attributes(of: file).linkCount == 1)
        try await calls.removeFile("second")
        #expect(await errno { try await calls.link(file, to: "third") } == .noSuchFileOrDirectory)
        let directory = try await calls.makeDirectory("directory").node
        #expect(await errno { try await calls.link(directory, to: "x") } == .notPermitted)
    }

    @Test func hardLinksAreChargedAndGivenBack() async throws {
        let few = Calls(MemoryFileSystem(byteLimit: 0, nodeLimit: 3))
        let file = try await few.makeFile("a").node
        _ = try await few.link(file, to: "b")
        #expect(await errno { try await few.link(file, to: "c") } == .noSpace)
        try await few.removeFile("a")
        _ = try await few.link(file, to: "c")
        try await few.removeFile("b")
        try await few.removeFile("c")
        few.backend.forget(file, lookups: 3)
        #expect(few.backend.budget.usedNodes == 1)
    }

    @Test func specialFilesAndLinks() async throws {
        let device = NewNode(mode: NodeMode(.characterDevice, permissions: 0o600), device: 0x105)
        let attributes = try await calls.makeNode("null", device).attributes
        #expect(attributes.device == 0x105)
        #expect(attributes.mode.type == .characterDevice)
        let fifo = try await calls.makeNode("fifo", NewNode(mode: NodeMode(.fifo, permissions: 0o600))).node
        #expect(await errno { try await calls.read(fifo, 1) } == .invalidArgument)
        let link = try await calls.makeSymbolicLink("link", to: "some/where")
        #expect(link.attributes.size == 10)
        #expect(link.attributes.mode.rawValue == 0o120777)
        #expect(try await calls.readSymbolicLink(link.node) == Array("some/where".utf8))
        #expect(await errno { try await calls.readSymbolicLink(link.node, capacity: 9) } == .fileNameTooLong)
        #expect(await errno { try await calls.readSymbolicLink(fifo) } == .invalidArgument)
        let long = StoredName(String(repeating: "x", count: 4096))
        #expect(await errno { try await calls.makeSymbolicLink("long", to: long) } == .fileNameTooLong)
    }

    @Test func exportsByNumber() async throws {
        let directory = try await calls.makeDirectory("directory").node
        let inner = try await calls.makeDirectory("inner", in: directory).node
        let file = try await calls.makeFile("file", in: inner).node
        #expect(try await calls.node(".", in: file) == file)
        #expect(try await calls.node(".", in: inner) == inner)
        #expect(try await calls.node("..", in: inner) == directory)
        #expect(try await calls.node("..", in: .root) == .root)
        #expect(await errno { try await calls.lookUp("..", in: file) } == .notDirectory)
        #expect(await errno { try await calls.lookUp(".", in: NodeID(50)) } == .staleNFSFileHandle)
        try await calls.rename("inner", in: directory, to: "moved")
        #expect(try await calls.node("..", in: inner) == .root)
        // Each of these was a lookup.
        try await calls.removeFile("file", in: inner)
        calls.backend.forget(file, lookups: 1)
        #expect(try await calls.attributes(of: file).linkCount == 0)
        calls.backend.forget(file, lookups: 1)
        #expect(await errno { try await calls.attributes(of: file) } == .staleNFSFileHandle)
    }

    @Test func setGroupIDDirectoriesPassTheirGroupOn() async throws {
        var user = calls
        user.userID = 5
        user.groupID = 6
        let plain = try await calls.makeDirectory("plain").node
        let shared = try await calls.makeDirectory("shared", permissions: 0o2777).node
        try await calls.change(shared) { $0.groupID = 42 }
        #expect(try await user.makeFile("file", in: plain).attributes.groupID == 6)
        let file = try await user.makeFile("file", in: shared).attributes
        #expect(file.groupID == 42)
        #expect(file.userID == 5)
        #expect(file.mode.permissions == 0o644)
        let directory = try await user.makeDirectory("directory", in: shared, permissions: 0o1755).attributes
        #expect(directory.groupID == 42)
        #expect(directory.mode.permissions == 0o3755)
    }
}
