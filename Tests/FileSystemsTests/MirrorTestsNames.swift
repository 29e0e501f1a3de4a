import CRingFUSE
import FileSystems
import Glibc
import RingFUSE
import SystemPackage
import Testing

/// Names: looking up, making, removing, renaming, linking.
struct MirrorTestsNames {
    let fixture: MirrorFixture

    init() throws { fixture = try MirrorFixture() }

    @Test func sourceMustBeADirectory() throws {
        try fixture.put("", at: "file")
        let error = #expect(throws: MirrorError.self) {
            try MirrorFileSystem(source: FilePath(fixture.path + "/file"))
        }
        #expect(error?.errno == .notDirectory)
        #expect(error?.description.contains(fixture.path) == true)
    }

    @Test func findsWhatIsThere() throws {
        try fixture.put("hello", at: "file")
        let entry = try fixture.lookUp("file")
        let source = try #require(fixture.source("file"))
        #expect(entry.attributes.inode == source.inode)
        #expect(entry.attributes.size == 5)
        #expect(entry.attributes.mode == NodeMode(.regular, permissions: 0o644))
        #expect(entry.node != .root)
        #expect(try fixture.lookUp("file").node == entry.node)
        #expect(throws: Errno.noSuchFileOrDirectory) { try fixture.lookUp("nothing") }
        #expect(throws: Errno.notDirectory) { try fixture.lookUp("below", in: entry.node) }
        #expect(throws: Errno.fileNameTooLong) { try fixture.lookUp(String(repeating: "x", count: 256)) }
        #expect(throws: Errno.staleNFSFileHandle) { try fixture.lookUp("file", in: NodeID(77)) }
    }

    @Test func tellsMissingNamesWhereAsked() throws {
        let fixture = try MirrorFixture(options: .init(missingLifetime: .seconds(3)))
        let entry = try fixture.lookUp("nothing")
        #expect(entry.node == NodeID(0))
        #expect(entry.nameLifetime == .seconds(3))
    }

    @Test func hardLinksShareANode() throws {
        try fixture.put("", at: "one")
        let one = try fixture.lookUp("one")
        let two = try fixture.link(one.node, to: "two")
        #expect(two.node == one.node)
        #expect(two.attributes.linkCount == 2)
        #expect(try fixture.lookUp("two").node == one.node)
        #expect(fixture.source("two")?.inode == fixture.source("one")?.inode)
        #expect(throws: Errno.fileExists) { try fixture.link(one.node, to: "two") }
        let directory = try fixture.makeDirectory("directory")
        #expect(throws: Errno.notPermitted) { try fixture.link(directory.node, to: "three") }
        // The root and `one` remain open; four lookups of the latter.
        fixture.mirror.forget(one.node, lookups: 2)
        #expect(try fixture.mirror.attributes(of: one.node, nil, fixture.context()).attributes.linkCount == 2)
        fixture.mirror.forget(one.node, lookups: 1)
        #expect(throws: Errno.staleNFSFileHandle) {
            try fixture.mirror.attributes(of: one.node, nil, fixture.context())
        }
    }

    @Test func linksASymbolicLinkItself() throws {
        let link = try fixture.makeSymbolicLink("link", to: "nowhere")
        let other = try fixture.link(link.node, to: "other")
        #expect(other.node == link.node)
        #expect(fixture.source("other")?.inode == link.attributes.inode)
    }

    @Test func forgettingClosesDescriptors() throws {
        for index in 0..<20 { try fixture.put("", at: "file\(index)") }
        let before = fixture.descriptorCount()
        #expect(before == 1)
        var nodes: [NodeID] = []
        for index in 0..<20 {
            nodes.append(try fixture.lookUp("file\(index)").node)
            _ = try fixture.lookUp("file\(index)")
        }
        #expect(fixture.descriptorCount() == before + 20)
        for node in nodes { fixture.mirror.forget(node, lookups: 1) }
        #expect(fixture.descriptorCount() == before + 20)
        for node in nodes { fixture.mirror.forget(node, lookups: 1) }
        #expect(fixture.descriptorCount() == before)
        fixture.mirror.forget(.root, lookups: 1_000)
        _ = try fixture.lookUp("file0")
    }

    @Test func failedRequestsLeaveNoDescriptor() throws {
        try fixture.put("", at: "file")
        let before = fixture.descriptorCount()
        #expect(throws: Errno.fileExists) { try fixture.create("file", flags: O_RDWR | O_EXCL) }
        #expect(throws: Errno.fileExists) { try fixture.makeDirectory("file") }
        #expect(throws: Errno.fileExists) { try fixture.makeNode("file") }
        #expect(throws: Errno.fileExists) { try fixture.makeSymbolicLink("file", to: "x") }
        #expect(fixture.descriptorCount() == before)
    }

    @Test func disconnectingClosesAll() async throws {
        _ = try fixture.create("file")
        _ = try fixture.openDirectory(.root)
        #expect(fixture.descriptorCount() == 4)
        await fixture.mirror.disconnected()
        #expect(fixture.descriptorCount() == 1)
    }

    @Test func makesAndReadsSymbolicLinks() throws {
        let link = try fixture.makeSymbolicLink("link", to: "../some/where else")
        #expect(link.attributes.mode.type == .symbolicLink)
        #expect(try fixture.readLink(link.node) == "../some/where else")
        try fixture.put("", at: "file")
        #expect(throws: Errno.invalidArgument) { try fixture.readLink(try fixture.lookUp("file").node) }
        #expect(throws: Errno.fileNameTooLong) { try fixture.readLink(link.node, room: 18) }
        // The longest that there is takes all the room that the kernel has for one.
        let target = String(repeating: "t", count: 4095)
        let longest = try fixture.makeSymbolicLink("longest", to: target).node
        #expect(try fixture.readLink(longest, room: 4095) == target)
    }

    @Test func makesNodesOfAllTypes() throws {
        #expect(try fixture.makeNode("fifo", .fifo, mode: 0o620).attributes.mode.rawValue == 0o010620)
        #expect(try fixture.makeNode("socket", .socket).attributes.mode.type == .socket)
        #expect(try fixture.makeNode("file", mode: 0o4755).attributes.mode.permissions == 0o4755)
    }

    @Test(.enabled(if: geteuid() == 0)) func makesDevices() throws {
        // Major 1, minor 0x12345: both parts of the minor number are used.
        let device: UInt32 = (1 << 8) | 0x45 | (0x123 << 20)
        let context = fixture.context()
        let node = NewNode(mode: NodeMode(.characterDevice, permissions: 0o600), device: device)
        let entry = try StoredName("device").withName { name throws(Errno) in
            try fixture.mirror.makeNode(named: name, in: .root, node, context)
        }
        #expect(entry.attributes.device == device)
        var status = stat()
        #expect(unsafe lstat(fixture.path + "/device", &status) == 0)
        // The C library's encoding, with the major number's lower bits from bit 8 on.
        #expect(status.st_rdev == (0x45 | (1 << 8) | (0x123 << 20)))
    }

    @Test func umaskOfTheServerDoesNotMatter() throws {
        // The usual umask is 022, and these are exactly the bits that it would take away.
        #expect(try fixture.makeDirectory("directory", mode: 0o777).attributes.mode.permissions == 0o777)
        #expect(try fixture.makeNode("node", mode: 0o666).attributes.mode.permissions == 0o666)
        #expect(try fixture.create("file", mode: 0o666).entry.attributes.mode.permissions == 0o666)
    }

    @Test func removes() throws {
        try fixture.put("", at: "file")
        let directory = try fixture.makeDirectory("directory")
        try fixture.put("", at: "directory/file")
        #expect(throws: Errno.notDirectory) { try fixture.remove("file", isDirectory: true) }
        #expect(throws: Errno.isDirectory) { try fixture.remove("directory") }
        #expect(throws: Errno.directoryNotEmpty) { try fixture.remove("directory", isDirectory: true) }
        try fixture.remove("file", in: directory.node)
        try fixture.remove("directory", isDirectory: true)
        try fixture.remove("file")
        #expect(fixture.source("directory") == nil)
        #expect(fixture.source("file") == nil)
        #expect(throws: Errno.noSuchFileOrDirectory) { try fixture.remove("file") }
        // A removed directory lives on while it is known, but nothing is made in it.
        #expect(throws: Errno.noSuchFileOrDirectory) { try fixture.makeDirectory("below", in: directory.node) }
    }

    @Test func renamesWithAllFlags() throws {
        try fixture.put("a", at: "a")
        try fixture.put("b", at: "b")
        let directory = try fixture.makeDirectory("directory")
        #expect(throws: Errno.fileExists) { try fixture.rename("a", to: "b", .noReplace) }
        try fixture.rename("a", to: "b", .exchange)
        #expect(try fixture.content(of: "a") == "b")
        #expect(try fixture.content(of: "b") == "a")
        try fixture.rename("a", to: "c", into: directory.node, .noReplace)
        #expect(try fixture.content(of: "directory/c") == "b")
        #expect(fixture.source("a") == nil)
        try fixture.rename("b", to: "c", into: directory.node)
        #expect(try fixture.content(of: "directory/c") == "a")
        #expect(throws: Errno.noSuchFileOrDirectory) { try fixture.rename("none", to: "c", .exchange) }
        #expect(throws: Errno.invalidArgument) { try fixture.rename("directory", to: "x", [.exchange, .noReplace]) }
    }

    @Test func nodesSurviveRenames() throws {
        let outer = try fixture.makeDirectory("outer")
        let inner = try fixture.makeDirectory("inner", in: outer.node)
        try fixture.rename("outer", to: "moved")
        try fixture.put("x", at: "moved/inner/file")
        #expect(try fixture.lookUp("file", in: inner.node).attributes.size == 1)
        #expect(try fixture.lookUp("moved").node == outer.node)
    }
}
