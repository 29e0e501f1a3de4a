import RingFUSE
import SystemPackage
import Testing

@testable import FileSystems

@Suite struct MemoryAttributesTests {
    let calls = Calls(MemoryFileSystem(byteLimit: 1 << 20))
    /// A time that no operation of a test happens at.
    let past = Timestamp(seconds: 100, nanoseconds: 7)

    /// Sets all three times of a node back.
    private func age(_ node: NodeID) async throws {
        try await calls.change(node) {
            $0.accessTime = .to(past)
            $0.modificationTime = .to(past)
            $0.changeTime = past
        }
    }

    /// Which times of a node an operation has set: "a", "m" and "c".
    private func marked(_ node: NodeID, by body: () async throws -> Void) async throws -> String {
        try await age(node)
        try await body()
        let attributes = try await calls.attributes(of: node)
        var marked = ""
        for (letter, time) in [
            ("a", attributes.accessTime), ("m", attributes.modificationTime), ("c", attributes.changeTime),
        ] {
            if time != past { marked += letter }
            #expect(time == past || time > Timestamp(seconds: 1_000_000_000), "the time of day, or as it was")
        }
        return marked
    }

    @Test func timesOfFiles() async throws {
        let file = try await calls.makeFile("file").node
        let other = try await calls.makeFile("other").node
        #expect(try await marked(file) { try await calls.write([1], to: file) } == "mc")
        #expect(try await marked(file) { try await calls.write([], to: file) } == "")
        #expect(try await marked(file) { _ = try await calls.read(file, 1) } == "a")
        #expect(try await marked(file) { _ = try await calls.attributes(of: file) } == "")
        #expect(try await marked(file) { try await calls.change(file) { $0.size = 3 } } == "mc")
        #expect(try await marked(file) { try await calls.change(file) { $0.mode = .regular } } == "c")
        #expect(try await marked(file) { try await calls.change(file) { $0.userID = 1 } } == "c")
        #expect(try await marked(file) { try await calls.change(file) { $0.accessTime = .now } } == "ac")
        #expect(try await marked(file) { try await calls.change(file) { $0.modificationTime = .now } } == "mc")
        #expect(try await marked(file) { try await calls.allocate(file, at: 0, 9) } == "mc")
        #expect(try await marked(file) { try await calls.open(file) } == "")
        #expect(try await marked(file) { try await calls.open(file, [.readWrite, .truncate]) } == "mc")
        #expect(try await marked(file) { _ = try await calls.link(file, to: "second") } == "c")
        #expect(try await marked(file) { try await calls.rename("second", to: "third") } == "c")
        #expect(try await marked(file) { try await calls.removeFile("third") } == "c")
        #expect(try await marked(file) { try await calls.setExtendedAttribute("user.a", of: file, to: []) } == "c")
        #expect(try await marked(file) { try await calls.removeExtendedAttribute("user.a", of: file) } == "c")
        try await calls.write([1], to: file)
        #expect(try await marked(file) { _ = try await calls.copy(file, at: 0, to: other, at: 0, 1) } == "a")
        #expect(try await marked(other) { _ = try await calls.copy(file, at: 0, to: other, at: 0, 1) } == "mc")
        let link = try await calls.makeSymbolicLink("link", to: "x").node
        #expect(try await marked(link) { _ = try await calls.readSymbolicLink(link) } == "a")
    }

    @Test func timesOfDirectories() async throws {
        let a = try await calls.makeDirectory("a").node
        let b = try await calls.makeDirectory("b").node
        var file = NodeID.root
        #expect(try await marked(a) { file = try await calls.makeFile("file", in: a).node } == "mc")
        #expect(try await marked(a) { _ = try await calls.makeDirectory("x", in: a) } == "mc")
        #expect(try await marked(a) { _ = try await calls.lookUp("file", in: a) } == "")
        #expect(try await marked(a) { _ = try await calls.link(file, to: "link", in: a) } == "mc")
        #expect(try await marked(a) { try await calls.rename("link", in: a, to: "l", into: b) } == "mc")
        #expect(try await marked(b) { try await calls.rename("file", in: a, to: "file", into: b) } == "mc")
        #expect(try await marked(b) { try await calls.removeFile("file", in: b) } == "mc")
        #expect(try await marked(a) { try await calls.removeDirectory("x", in: a) } == "mc")
        #expect(try await marked(a) { try await calls.list(a) } == "a")
    }

    @Test func changesWhatIsAskedFor() async throws {
        let file = try await calls.makeFile("file").node
        let changed = try await calls.change(file) {
            $0.mode = NodeMode(rawValue: 0o7654)
            $0.accessTime = .to(Timestamp(seconds: -5, nanoseconds: 999_999_999))
            $0.modificationTime = .to(Timestamp(seconds: 1 << 40))
        }
        #expect(changed.mode == NodeMode(rawValue: 0o107654))
        #expect(changed.accessTime == Timestamp(seconds: -5, nanoseconds: 999_999_999))
        #expect(changed.modificationTime == Timestamp(seconds: 1 << 40))
        #expect(try await calls.attributes(of: file) == changed)
        let owned = try await calls.change(file) { $0.groupID = 8 }
        #expect(owned.userID == 0)
        #expect(owned.groupID == 8)
        #expect(await errno { try await calls.change(NodeID(99)) { $0.userID = 1 } } == .staleNFSFileHandle)
    }

    @Test func dropsPrivileges() async throws {
        let file = try await calls.makeFile("file").node
        /// The permissions after an operation on a file that had `mode` and a capability.
        func after(_ mode: UInt32, _ body: () async throws -> Void) async throws -> UInt32 {
            try await calls.change(file) { $0.mode = NodeMode(rawValue: mode) }
            try await calls.setExtendedAttribute("security.capability", of: file, to: [1])
            try await body()
            let hasCapability =
                await errno { try await calls.extendedAttribute("security.capability", of: file) } == nil
            #expect(!hasCapability, "capabilities go with any change")
            return try await calls.attributes(of: file).mode.permissions
        }
        #expect(try await after(0o6755) { try await calls.write([1], to: file) } == 0o6755)
        #expect(try await after(0o6755) { try await calls.write([1], to: file, .killsPrivileges) } == 0o755)
        #expect(try await after(0o6745) { try await calls.write([1], to: file, .killsPrivileges) } == 0o2745)
        #expect(try await after(0o6755) { try await calls.change(file) { $0.size = 0 } } == 0o6755)
        #expect(
            try await after(0o6755) {
                try await calls.change(file) {
                    $0.size = 0
                    $0.killsPrivileges = true
                }
            } == 0o755
        )
        #expect(try await after(0o6755) { try await calls.change(file) { $0.userID = 3 } } == 0o755)
        #expect(try await after(0o6755) { try await calls.change(file) { $0.groupID = 3 } } == 0o755)
        var user = calls
        user.userID = 5
        #expect(try await after(0o6755) { try await user.allocate(file, at: 0, 1) } == 0o755)
        // Who may keep them is told by the request, not to be guessed from the caller.
        #expect(try await after(0o6755) { try await user.open(file, [.writeOnly, .truncate]) } == 0o6755)
        let kill: OpenFlags = [.writeOnly, .truncate, .killsPrivileges]
        #expect(try await after(0o6755) { try await calls.open(file, kill) } == 0o755)
        // A directory's bits mean something else.
        let directory = try await calls.makeDirectory("directory", permissions: 0o3777).node
        try await calls.setExtendedAttribute("security.capability", of: directory, to: [1])
        #expect(try await calls.change(directory) { $0.groupID = 3 }.mode.permissions == 0o3777)
        #expect(try await calls.extendedAttribute("security.capability", of: directory).bytes == [1])
        // Linux clears those of all other nodes with the owner, whatever they would mean there.
        let fifo = NewNode(mode: NodeMode(.fifo, permissions: 0o6755))
        let node = try await calls.makeNode("fifo", fifo).node
        #expect(try await calls.change(node) { $0.groupID = 3 }.mode.permissions == 0o755)
    }

    @Test func extendedAttributes() async throws {
        let file = try await calls.makeFile("file").node
        try await calls.setExtendedAttribute("user.a", of: file, to: [1, 2, 3])
        #expect(try await calls.extendedAttribute("user.a", of: file).bytes == [1, 2, 3])
        let size = try await calls.extendedAttribute("user.a", of: file, capacity: 0)
        #expect(size.size == 3 && size.bytes.isEmpty)
        #expect(try await calls.extendedAttribute("user.a", of: file, capacity: 3).bytes == [1, 2, 3])
        #expect(await errno { try await calls.extendedAttribute("user.a", of: file, capacity: 2) } == .outOfRange)
        #expect(await errno { try await calls.extendedAttribute("user.b", of: file) } == .noData)
        #expect(await errno { try await calls.removeExtendedAttribute("user.b", of: file) } == .noData)
        #expect(
            await errno { try await calls.setExtendedAttribute("user.a", of: file, to: [], .mustNotExist) }
                == .fileExists
        )
        #expect(
            await errno { try await calls.setExtendedAttribute("user.b", of: file, to: [], .mustExist) } == .noData
        )
        try await calls.setExtendedAttribute("user.a", of: file, to: [], .mustExist)
        #expect(try await calls.extendedAttribute("user.a", of: file).bytes == [])
        try await calls.setExtendedAttribute("trusted.t", of: file, to: [4], .mustNotExist)
        #expect(try await names(of: file, calls) == ["trusted.t", "user.a"])
        var user = calls
        user.userID = 5
        #expect(try await names(of: file, user) == ["user.a"])
        #expect(try await calls.extendedAttributeNames(of: file, capacity: 0).size == 17)
        #expect(await errno { try await calls.extendedAttributeNames(of: file, capacity: 16) } == .outOfRange)
        try await calls.removeExtendedAttribute("trusted.t", of: file)
        #expect(try await names(of: file, calls) == ["user.a"])
    }

    /// The names of a node's extended attributes, sorted.
    private func names(of node: NodeID, _ calls: Calls<MemoryFileSystem>) async throws -> [String] {
        try await calls.extendedAttributeNames(of: node).bytes.split(separator: 0)
            .map { String(decoding: $0, as: UTF8.self) }.sorted()
    }

    @Test func limitsOfExtendedAttributes() async throws {
        let file = try await calls.makeFile("file").node
        let used = calls.backend.budget.usedBytes
        for name in ["system.posix_acl_access", "system.posix_acl_default", "plain", "other.a"] as [StoredName] {
            #expect(await errno { try await calls.setExtendedAttribute(name, of: file, to: []) } == .notSupported)
            #expect(await errno { try await calls.extendedAttribute(name, of: file) } == .notSupported)
        }
        #expect(await errno { try await calls.setExtendedAttribute("user.", of: file, to: []) } == .invalidArgument)
        let long = StoredName("user." + String(repeating: "x", count: 251))
        #expect(await errno { try await calls.setExtendedAttribute(long, of: file, to: []) } == .outOfRange)
        let large = [UInt8](repeating: 1, count: 65_537)
        #expect(await errno { try await calls.setExtendedAttribute("user.a", of: file, to: large) } == .argListTooLong)
        try await calls.setExtendedAttribute("user.a", of: file, to: Array(large.dropLast()))
        let fifo = try await calls.makeNode("fifo", NewNode(mode: NodeMode(.fifo, permissions: 0o600))).node
        #expect(await errno { try await calls.setExtendedAttribute("user.a", of: fifo, to: []) } == .notPermitted)
        try await calls.setExtendedAttribute("trusted.a", of: fifo, to: [])
        // 64 KiB of names: 256 of 256 bytes with their NULs.
        let directory = try await calls.makeDirectory("directory").node
        for number in 0..<256 {
            let name = StoredName("user." + String(repeating: "y", count: 246) + "\(1000 + number)")
            try await calls.setExtendedAttribute(name, of: directory, to: [])
        }
        #expect(await errno { try await calls.setExtendedAttribute("user.a", of: directory, to: []) } == .noSpace)
        for (name, node) in [("file", file), ("fifo", fifo)] as [(StoredName, NodeID)] {
            try await calls.removeFile(name)
            calls.backend.forget(node, lookups: 1)
        }
        try await calls.removeDirectory("directory")
        calls.backend.forget(directory, lookups: 1)
        #expect(calls.backend.budget.usedBytes == used)
    }
}
