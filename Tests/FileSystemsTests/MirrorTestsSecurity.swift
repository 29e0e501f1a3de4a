import CRingFUSE
import FileSystems
import Glibc
import RingFUSE
import Synchronization
import SystemPackage
import Testing

/// What must not get out of the source, and who owns what is made in it.
struct MirrorTestsSecurity {
    let fixture: MirrorFixture

    init() throws { fixture = try MirrorFixture() }

    @Test func namesGoDownOnly() throws {
        let directory = try fixture.makeDirectory("directory")
        #expect(try fixture.lookUp(".").node == .root)
        #expect(try fixture.lookUp("..").node == .root)
        #expect(try fixture.lookUp("..").attributes.inode == fixture.source(".")?.inode)
        #expect(try fixture.lookUp(".", in: directory.node).node == directory.node)
        for name in ["..", "../x", "/etc", "directory/../..", "a/b", "", "a\0b"] {
            #expect(throws: Errno.invalidArgument, "\(name)") { try fixture.lookUp(name, in: directory.node) }
        }
        for name in [".", "..", "x/y", "/tmp/ringfuse-escaped", ""] {
            #expect(throws: Errno.invalidArgument, "\(name)") { try fixture.makeDirectory(name) }
            #expect(throws: Errno.invalidArgument, "\(name)") { try fixture.create(name) }
            #expect(throws: Errno.invalidArgument, "\(name)") { try fixture.makeSymbolicLink(name, to: "x") }
            #expect(throws: Errno.invalidArgument, "\(name)") { try fixture.remove(name, isDirectory: true) }
            #expect(throws: Errno.invalidArgument, "\(name)") { try fixture.rename("directory", to: name) }
            #expect(throws: Errno.invalidArgument, "\(name)") { try fixture.rename(name, to: "x") }
            #expect(throws: Errno.invalidArgument, "\(name)") { try fixture.link(directory.node, to: name) }
        }
    }

    @Test func followsNoSymbolicLink() throws {
        for target in ["/", "..", "/etc/passwd"] {
            let link = try fixture.makeSymbolicLink("link", to: target)
            #expect(link.attributes.mode.type == .symbolicLink)
            #expect(try fixture.lookUp("link").attributes.inode == fixture.source("link")?.inode)
            #expect(throws: Errno.notDirectory) { try fixture.lookUp("etc", in: link.node) }
            #expect(throws: Errno.noSuchAddressOrDevice) { try fixture.open(link.node, O_RDONLY) }
            #expect(throws: Errno.notDirectory) { try fixture.openDirectory(link.node) }
            // CREATE where a link has been put meanwhile.
            #expect(throws: Errno.noSuchAddressOrDevice) { try fixture.create("link") }
            try fixture.remove("link")
        }
    }

    @Test func createDoesNotMakeWhatADanglingLinkNames() throws {
        let outside = fixture.path + "-outside"
        _ = try fixture.makeSymbolicLink("link", to: outside)
        #expect(throws: Errno.noSuchAddressOrDevice) { try fixture.create("link") }
        let result = unsafe access(outside, F_OK)
        #expect(result != 0)
    }

    @Test func opensNoFIFO() throws {
        let fifo = try fixture.makeNode("fifo", .fifo)
        #expect(throws: Errno.noSuchAddressOrDevice) { try fixture.open(fifo.node, O_WRONLY) }
        #expect(throws: Errno.noSuchAddressOrDevice) { try fixture.create("fifo") }
    }

    @Test func swappedInLinksDoNotMatter() throws {
        let directory = try fixture.makeDirectory("directory")
        try fixture.put("inside", at: "directory/passwd")
        let inside = try #require(fixture.source("directory/passwd")).inode
        // Known by its descriptor, whatever its name leads to.
        try fixture.rename("directory", to: "away")
        _ = try fixture.makeSymbolicLink("directory", to: "/etc")
        #expect(try fixture.lookUp("passwd", in: directory.node).attributes.inode == inside)
        try fixture.remove("directory")
        try fixture.rename("away", to: "directory")

        // The same while it is going on.
        let path = fixture.path
        let isDone = Flag()
        try withThread {
            while !isDone.value.load(ordering: .relaxed) {
                _ = unsafe rename(path + "/directory", path + "/away")
                _ = unsafe symlink("/etc", path + "/directory")
                _ = unsafe unlink(path + "/directory")
                _ = unsafe rename(path + "/away", path + "/directory")
            }
        } while: {
            defer { isDone.value.store(true, ordering: .relaxed) }
            var links = 0
            for _ in 0..<5_000 {
                guard let entry = try? fixture.lookUp("directory") else { continue }
                if entry.attributes.mode.type == .symbolicLink { links += 1 }
                let found = try? fixture.lookUp("passwd", in: entry.node)
                #expect(found == nil || found?.attributes.inode == inside)
                #expect((found == nil) == (entry.attributes.mode.type == .symbolicLink))
            }
            #expect(links > 0, "the link was never seen: this has tested nothing")
        }
    }

    @Test func handlesAreOursOnly() async throws {
        let (entry, file) = try fixture.create("file")
        for number in [0, 1, file.handle.rawValue + 1000, .max, 1 << 32, 1 << 62] as [UInt64] {
            let wrong = OpenFile(node: entry.node, handle: HandleID(number))
            await #expect(throws: Errno.badFileDescriptor) { _ = try await fixture.read(wrong) }
            await #expect(throws: Errno.badFileDescriptor) {
                try await fixture.mirror.release(wrong, fixture.context())
            }
        }
        #expect(try await fixture.write("x", to: file) == 1)
        try await fixture.mirror.release(file, fixture.context())
        await #expect(throws: Errno.badFileDescriptor) { _ = try await fixture.read(file) }
        await #expect(throws: Errno.badFileDescriptor) { try await fixture.mirror.release(file, fixture.context()) }
    }

    @Test(.enabled(if: geteuid() == 0)) func newFilesBelongToTheCaller() async throws {
        // Root's own directory: the kernel has checked that the caller may write there, by a supplementary group, say.
        let directory = try fixture.makeDirectory("directory", mode: 0o700).node
        let entries = [
            try fixture.makeDirectory("a", in: directory, user: 1234, group: 5678),
            try fixture.makeNode("b", in: directory, user: 1234, group: 5678),
            try fixture.makeNode("c", in: directory, .fifo, user: 1234, group: 5678),
            try fixture.makeSymbolicLink("d", to: "x", in: directory, user: 1234, group: 5678),
            try fixture.create("e", in: directory, user: 1234, group: 5678).entry,
        ]
        for entry in entries {
            #expect(entry.attributes.userID == 1234)
            #expect(entry.attributes.groupID == 5678)
        }
        // And nobody's else: the thread is root again.
        let own = try fixture.makeNode("own")
        #expect(own.attributes.userID == 0)
        #expect(own.attributes.groupID == 0)
        // Even one whose mode forbids its owner to write is created open for writing.
        let (_, file) = try fixture.create("read-only", flags: O_WRONLY, mode: 0o400, user: 1234, group: 5678)
        #expect(try await fixture.write("x", to: file) == 1)
        #expect(throws: Errno.notPermitted) { try fixture.makeNode("nobody", user: .max, group: 1) }
        // The kernel has asked for CAP_MKNOD on the mount already, which need not be root's.
        let device = try fixture.makeNode("device", .blockDevice, user: 1234, group: 5678)
        #expect(device.attributes.userID == 1234)
        #expect(device.attributes.mode.type == .blockDevice)
        #expect(try fixture.makeNode("own2").attributes.userID == 0)
    }

    @Test(.enabled(if: geteuid() == 0)) func directoriesMayGiveTheirGroup() throws {
        let directory = try fixture.makeDirectory("directory", mode: 0o2777)
        let result = unsafe chown(fixture.path + "/directory", 0, 4321)
        #expect(result == 0)
        try fixture.changeMode(of: "directory", to: 0o2777)
        let file = try fixture.create("file", in: directory.node, user: 1234, group: 5678).entry
        #expect(file.attributes.userID == 1234)
        #expect(file.attributes.groupID == 4321)
        let below = try fixture.makeDirectory("below", in: directory.node, user: 1234, group: 5678)
        #expect(below.attributes.groupID == 4321)
        #expect(below.attributes.mode.permissions & 0o2000 != 0)
        // The kernel has taken the bit from those who may not have it; whoever still has it is a member by a
        // supplementary group, which nobody here knows.
        let kept = try fixture.makeNode("kept", in: directory.node, mode: 0o2775, user: 1234, group: 5678)
        #expect(kept.attributes.mode.permissions == 0o2775)
    }

    @Test func appliesTheUmask() throws {
        let node = NewNode(mode: NodeMode(.regular, permissions: 0o666), umask: 0o027)
        let made = try StoredName("file").withName { name throws(Errno) in
            try fixture.mirror.makeNode(named: name, in: .root, node, fixture.context())
        }
        #expect(made.attributes.mode.permissions == 0o640)
        // The thread has its own back, which is not the caller's.
        #expect(try fixture.makeNode("other", mode: 0o666).attributes.mode.permissions == 0o666)
    }

    @Test(.enabled(if: geteuid() == 0)) func checksAccessAsTheCaller() throws {
        let node = try fixture.makeNode("file", mode: 0o640, user: 1234, group: 5678).node
        try fixture.mirror.checkAccess([.read, .write], to: node, fixture.context(user: 1234, group: 1))
        try fixture.mirror.checkAccess(.read, to: node, fixture.context(user: 1, group: 5678))
        #expect(throws: Errno.permissionDenied) {
            try fixture.mirror.checkAccess(.write, to: node, fixture.context(user: 1, group: 5678))
        }
        #expect(throws: Errno.permissionDenied) {
            try fixture.mirror.checkAccess(.read, to: node, fixture.context(user: 1, group: 1))
        }
    }
}

/// A flag that threads share.
private final class Flag: Sendable {
    let value = Atomic(false)
}

/// Runs one closure on a thread of its own while another runs here, which must end the first.
private func withThread(_ body: @escaping @Sendable () -> Void, while other: () throws -> Void) throws {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let argument = unsafe Unmanaged.passRetained(Box(body)).toOpaque()
    let result = unsafe pthread_create(
        &thread,
        nil,
        {
            unsafe Unmanaged<Box>.fromOpaque($0.unsafelyUnwrapped).takeRetainedValue().body()
            return nil
        },
        argument
    )
    try #require(result == 0)
    defer { pthread_join(thread, nil) }
    try other()
}
