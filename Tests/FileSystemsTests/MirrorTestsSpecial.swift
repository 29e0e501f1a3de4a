import CRingFUSE
import FileSystems
import Glibc
import RingFUSE
import SystemPackage
import Testing

/// Unnamed files, times of birth, flags, set-ID bits.
struct MirrorTestsSpecial {
    let fixture: MirrorFixture

    init() throws { fixture = try MirrorFixture() }

    /// A command of a file's, with its output.
    private func control(
        _ file: OpenFile,
        _ command: UInt32,
        _ input: [UInt8] = [],
        room: Int = 64,
        user: UInt32 = 0
    ) throws(Errno) -> [UInt8] {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 8)
        defer { unsafe memory.deallocate() }
        var span = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        let context = fixture.context(user: user)
        _ = try unsafe fixture.mirror.control(file, command, input: input.span.bytes, output: &span, context)
        let filled = unsafe span.finalize(for: memory)
        return unsafe Array(memory[..<filled])
    }

    // Synchronous, because an asynchronous caller would get the protocol's asynchronous default instead.
    private func createUnnamed(_ node: NewNode, _ flags: OpenFlags) throws(Errno) -> CreateReply {
        try fixture.mirror.createUnnamed(in: .root, node, flags, fixture.context())
    }

    @Test func unnamedFilesMayGetAName() async throws {
        let node = NewNode(mode: NodeMode(.regular, permissions: 0o666), umask: 0o022)
        let made = try createUnnamed(node, .readWrite)
        #expect(made.entry.attributes.linkCount == 0)
        #expect(made.entry.attributes.mode.permissions == 0o644)
        let file = OpenFile(node: made.entry.node, handle: made.file.handle, flags: .readWrite)
        #expect(try await fixture.write("text", to: file) == 4)
        let linked = try fixture.link(file.node, to: "name")
        #expect(linked.attributes.linkCount == 1)
        #expect(try fixture.content(of: "name") == "text")
        try await fixture.mirror.release(file, fixture.context())
        let sealed = try createUnnamed(node, [.readWrite, .exclusive])
        #expect(throws: Errno.noSuchFileOrDirectory) { try fixture.link(sealed.entry.node, to: "other") }
    }

    @Test(.enabled(if: geteuid() == 0)) func unnamedFilesBelongToTheCaller() throws {
        let node = NewNode(mode: .regular)
        let context = fixture.context(user: 1234, group: 5678)
        let entry = try fixture.mirror.createUnnamed(in: .root, node, .readWrite, context).entry
        #expect(entry.attributes.userID == 1234)
        #expect(entry.attributes.groupID == 5678)
    }

    @Test func tellsTheTimeOfBirth() throws {
        let node = try fixture.makeNode("file").node
        let details = try fixture.mirror.detailedAttributes(of: node, nil, fixture.context())
        let source = try #require(fixture.source("file"))
        #expect((details.birthTime != nil) == (source.has_birth != 0))
        if let birth = details.birthTime {
            #expect(birth.seconds == source.birth_seconds)
            #expect(birth.nanoseconds == source.birth_nanoseconds)
        }
        #expect(details.reply.attributes.inode == source.inode)
    }

    @Test func passesFlagsOn() throws {
        let (_, file) = try fixture.create("file")
        let flags = try control(file, rfuse_get_flags)
        #expect(flags.count == 4)
        // FS_NODUMP_FL.
        var changed = flags
        changed[0] |= 0x40
        #expect(try control(file, rfuse_set_flags, changed).isEmpty)
        #expect(try control(file, rfuse_get_flags) == changed)
        var value: UInt32 = 0
        let descriptor = unsafe Glibc.open(fixture.path + "/file", O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        #expect(unsafe rfuse_control(descriptor, rfuse_get_flags, &value) == 0)
        #expect(value & 0x40 != 0)
        let directory = try fixture.openDirectory(.root)
        #expect(try control(directory, rfuse_get_flags).count == 4)
        #expect(throws: Errno.inappropriateIOCTLForDevice) { try control(file, 0x5401) }
        #expect(throws: Errno.invalidArgument) { try control(file, rfuse_set_flags, [1]) }
        #expect(throws: Errno.invalidArgument) { try control(file, rfuse_get_flags, room: 3) }
        #expect(throws: Errno.badFileDescriptor) {
            try control(OpenFile(node: file.node, handle: HandleID(1 << 40)), rfuse_get_flags)
        }
    }

    @Test(.enabled(if: geteuid() == 0)) func refusesFlagsThatTheServerAloneMaySet() throws {
        let (_, file) = try fixture.create("file", user: 1234, group: 5678)
        var flags = try control(file, rfuse_get_flags)
        // FS_JOURNAL_DATA_FL.
        flags[1] ^= 0x40
        #expect(throws: Errno.notPermitted) { try control(file, rfuse_set_flags, flags, user: 1234) }
    }

    @Test(.enabled(if: geteuid() == 0)) func clearsSetGroupIDForThoseOutsideTheGroup() async throws {
        let (entry, file) = try fixture.create("file", mode: 0o666)
        for (mode, group, expected) in [(0o2666, 5678, 0o666), (0o2666, 4321, 0o2666), (0o2676, 4321, 0o676)] {
            _ = try fixture.setAttributes(of: entry.node) { $0.groupID = 4321 }
            try fixture.changeMode(of: "file", to: mode_t(mode))
            let context = fixture.context(user: 1234, group: UInt32(group))
            let bytes: [UInt8] = [1]
            _ = try await unsafe fixture.mirror.write(
                file,
                at: 0,
                from: bytes.span.bytes,
                .killsPrivileges,
                context
            )
            #expect(try fixture.attributes(of: entry.node).mode.permissions == UInt32(expected), "\(mode) \(group)")
        }
    }

    @Test func aChangeOfNothingIsAChangeOfOwnerToNobody() throws {
        let node = try fixture.makeNode("file", mode: 0o755).node
        try fixture.changeMode(of: "file", to: 0o6755)
        let before = try fixture.attributes(of: node).changeTime
        usleep(20_000)
        let after = try fixture.setAttributes(of: node) { _ in }
        #expect(after.mode.permissions == 0o755)
        #expect((after.changeTime.seconds, after.changeTime.nanoseconds) > (before.seconds, before.nanoseconds))
    }

    @Test(.enabled(if: geteuid() == 0)) func whiteoutsBelongToTheCaller() throws {
        _ = try fixture.makeNode("file")
        let name = StoredName("file")
        let newName = StoredName("new")
        let context = fixture.context(user: 1234, group: 5678)
        try name.withName { name throws(Errno) in
            try fixture.mirror.rename(name, in: .root, to: Name(newName.bytes.span), in: .root, .whiteout, context)
        }
        let left = try fixture.lookUp("file").attributes
        #expect(left.mode.type == .characterDevice)
        #expect(left.device == 0)
        #expect(left.userID == 1234)
    }
}
