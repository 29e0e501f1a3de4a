import CRingFUSE
import FileSystems
import Glibc
import RingFUSE
import SystemPackage
import Testing

/// Attributes and extended attributes.
struct MirrorTestsAttributes {
    let fixture: MirrorFixture

    init() throws { fixture = try MirrorFixture() }

    /// Makes one change of a node.
    private func set(
        _ node: NodeID,
        _ handle: HandleID? = nil,
        _ change: (inout AttributeChanges) -> Void
    ) throws(Errno) -> Attributes {
        try fixture.setAttributes(of: node, handle, change)
    }

    @Test func changesModes() throws {
        let node = try fixture.makeNode("file").node
        #expect(try set(node) { $0.mode = NodeMode(rawValue: 0o4711) }.mode.permissions == 0o4711)
        #expect(fixture.source("file")?.mode == 0o104711)
        let link = try fixture.makeSymbolicLink("link", to: "file").node
        #expect(throws: Errno.notSupportedOnSocket) { try set(link) { $0.mode = .regular } }
        #expect(fixture.source("file")?.mode == 0o104711)
    }

    @Test(.enabled(if: geteuid() == 0)) func changesOwners() throws {
        let node = try fixture.makeNode("file").node
        let user = try set(node) { $0.userID = 1234 }
        #expect(user.userID == 1234)
        #expect(user.groupID == 0)
        let group = try set(node) { $0.groupID = 5678 }
        #expect(group.userID == 1234)
        #expect(group.groupID == 5678)
        // A link, not what it names.
        let link = try fixture.makeSymbolicLink("link", to: "file").node
        #expect(try set(link) { $0.userID = 99 }.userID == 99)
        #expect(fixture.source("file")?.user == 1234)
        // A mode set together with an owner is what remains.
        let both = try set(node) {
            $0.userID = 0
            $0.mode = NodeMode(rawValue: 0o4755)
        }
        #expect(both.mode.permissions == 0o4755)
        #expect(try set(node) { $0.userID = 1 }.mode.permissions == 0o755)
    }

    @Test func changesSizes() async throws {
        let (entry, file) = try fixture.create("file")
        _ = try await fixture.write("0123456789", to: file)
        #expect(try set(entry.node) { $0.size = 3 }.size == 3)
        #expect(try fixture.content(of: "file") == "012")
        #expect(try set(entry.node, file.handle) { $0.size = 5 }.size == 5)
        #expect(try fixture.content(of: "file") == "012\0\0")
        #expect(throws: Errno.fileTooLarge) { try set(entry.node) { $0.size = .max } }
        #expect(throws: Errno.isDirectory) { try set(.root) { $0.size = 0 } }
    }

    @Test func changesTimes() throws {
        let node = try fixture.makeNode("file").node
        let old = Timestamp(seconds: -5, nanoseconds: 123_456_789)
        let first = try set(node) { $0.accessTime = .to(old) }
        #expect(first.accessTime == old)
        #expect(first.modificationTime.seconds > 1_600_000_000)
        let second = try set(node) {
            $0.modificationTime = .to(old)
            $0.accessTime = .now
        }
        #expect(second.modificationTime == old)
        #expect(second.accessTime.seconds > 1_600_000_000)
        let link = try fixture.makeSymbolicLink("link", to: "file").node
        #expect(try set(link) { $0.modificationTime = .to(Timestamp(seconds: 7)) }.modificationTime.seconds == 7)
        #expect(fixture.source("file")?.modification_seconds == -5)
        // Changing the size, too, does not touch the time that is set with it.
        let both = try set(node) {
            $0.size = 10
            $0.modificationTime = .to(Timestamp(seconds: 9))
        }
        #expect(both.modificationTime == Timestamp(seconds: 9))
    }

    @Test func tellsStatistics() throws {
        let statistics = try fixture.mirror.statistics(of: .root, fixture.context())
        var source = statvfs()
        let result = unsafe statvfs(fixture.path, &source)
        #expect(result == 0)
        #expect(statistics.blocks == UInt64(source.f_blocks))
        #expect(statistics.nodes == UInt64(source.f_files))
        #expect(statistics.blockSize == UInt32(source.f_frsize))
        #expect(statistics.longestName == 255)
    }

    // MARK: Extended attributes

    private func set(
        _ name: String,
        _ value: String,
        of node: NodeID,
        _ condition: ExtendedAttributeCondition = .any
    ) throws(Errno) {
        let context = fixture.context()
        let value = Array(value.utf8)
        try StoredName(name).withName { name throws(Errno) in
            try unsafe fixture.mirror.setExtendedAttribute(
                named: name,
                of: node,
                to: value.span.bytes,
                condition,
                context
            )
        }
    }

    /// A value as text, and the size told.
    private func get(_ name: String, of node: NodeID, room: Int) throws(Errno) -> (text: String, size: Int) {
        let context = fixture.context()
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 8)
        defer { unsafe memory.deallocate() }
        var span = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        let name = StoredName(name)
        let size = try fixture.mirror.extendedAttribute(
            named: Name(name.bytes.span),
            of: node,
            into: &span,
            context
        )
        let filled = unsafe span.finalize(for: memory)
        return (unsafe String(decoding: memory[..<filled], as: UTF8.self), size)
    }

    /// All names as text, and the size told.
    private func list(_ node: NodeID, room: Int, user: UInt32 = 0) throws(Errno) -> (text: String, size: Int) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 8)
        defer { unsafe memory.deallocate() }
        var span = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        let size = try fixture.mirror.extendedAttributeNames(of: node, into: &span, fixture.context(user: user))
        let filled = unsafe span.finalize(for: memory)
        return (unsafe String(decoding: memory[..<filled], as: UTF8.self), size)
    }

    @Test(.enabled(if: geteuid() == 0)) func tellsTrustedNamesToTheSuperuserOnly() throws {
        let node = try fixture.makeNode("file").node
        try set("trusted.one", "value", of: node)
        #expect(try list(node, room: 100) == ("trusted.one\0", 12))
        #expect(try list(node, room: 100, user: 5) == ("", 0))
        try set("user.two", "value", of: node)
        #expect(try list(node, room: 100).size == 21)
        #expect(try list(node, room: 0, user: 5) == ("", 9))
        #expect(try list(node, room: 9, user: 5) == ("user.two\0", 9))
        #expect(throws: Errno.outOfRange) { try list(node, room: 8, user: 5) }
    }

    @Test func keepsExtendedAttributes() throws {
        let node = try fixture.makeNode("file").node
        try set("user.one", "value", of: node)
        #expect(try get("user.one", of: node, room: 100) == ("value", 5))
        #expect(try get("user.one", of: node, room: 0) == ("", 5))
        #expect(throws: Errno.outOfRange) { try get("user.one", of: node, room: 4) }
        #expect(throws: Errno.noData) { try get("user.two", of: node, room: 100) }
        #expect(throws: Errno.fileExists) { try set("user.one", "x", of: node, .mustNotExist) }
        #expect(throws: Errno.noData) { try set("user.two", "x", of: node, .mustExist) }
        try set("user.one", "", of: node, .mustExist)
        #expect(try get("user.one", of: node, room: 100) == ("", 0))
        #expect(try list(node, room: 100) == ("user.one\0", 9))
        #expect(try list(node, room: 0) == ("", 9))
        #expect(throws: Errno.outOfRange) { try list(node, room: 8) }
        let removing = { (name: String) throws(Errno) in
            try StoredName(name).withName { name throws(Errno) in
                try fixture.mirror.removeExtendedAttribute(named: name, of: node, fixture.context())
            }
        }
        try removing("user.one")
        #expect(try list(node, room: 100).size == 0)
        #expect(throws: Errno.noData) { try removing("user.one") }
    }

    @Test func symbolicLinksHaveTheirOwn() throws {
        let file = try fixture.makeNode("file").node
        let link = try fixture.makeSymbolicLink("link", to: "file").node
        try set("user.one", "value", of: file)
        #expect(throws: Errno.noData) { try get("user.one", of: link, room: 100) }
        #expect(throws: Errno.notPermitted) { try set("user.two", "value", of: link) }
        #expect(try list(link, room: 100).size == 0)
        if geteuid() == 0 {
            try set("trusted.three", "value", of: link)
            #expect(try get("trusted.three", of: link, room: 100).text == "value")
            #expect(throws: Errno.noData) { try get("trusted.three", of: file, room: 100) }
        }
    }
}
