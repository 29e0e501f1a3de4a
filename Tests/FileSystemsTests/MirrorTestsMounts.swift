import CRingFUSE
import FileSystems
import Glibc
import RingFUSE
import SystemPackage
import Testing

/// File systems that are mounted inside the source.
@Suite(.enabled(if: geteuid() == 0))
struct MirrorTestsMounts {
    /// Mounts something at a name of the source for as long as `body` takes.
    private func withMount(
        _ fixture: MirrorFixture,
        _ source: String,
        at name: String,
        _ type: String,
        flags: UInt,
        _ body: () throws -> Void
    ) throws {
        let target = fixture.path + "/" + name
        let result = unsafe mount(source, target, type, flags, nil)
        try #require(result == 0)
        defer { unsafe umount2(target, CInt(MNT_DETACH)) }
        try body()
    }

    @Test func areEntered() throws {
        let fixture = try MirrorFixture()
        let below = try fixture.makeDirectory("mount")
        try withMount(fixture, "tmpfs", at: "mount", "tmpfs", flags: 0) {
            try fixture.put("x", at: "mount/file")
            let root = try fixture.lookUp("mount")
            #expect(root.node != below.node)
            #expect(root.attributes.inode != below.attributes.inode)
            let file = try fixture.lookUp("file", in: root.node)
            #expect(file.attributes.size == 1)
            #expect(throws: Errno.improperLink) { try fixture.link(file.node, to: "link") }
            fixture.mirror.forget(file.node, lookups: 1)
            fixture.mirror.forget(root.node, lookups: 1)
        }
    }

    @Test func haveInodeNumbersOfTheirOwn() throws {
        let fixture = try MirrorFixture()
        _ = try fixture.makeDirectory("one")
        _ = try fixture.makeDirectory("two")
        try withMount(fixture, "tmpfs", at: "one", "tmpfs", flags: 0) {
            try withMount(fixture, "tmpfs", at: "two", "tmpfs", flags: 0) {
                try fixture.put("x", at: "one/file")
                try fixture.put("y", at: "two/file")
                let numbers = [fixture.source("one/file")?.inode, fixture.source("two/file")?.inode]
                try #require(numbers[0] == numbers[1], "tmpfs numbers inodes otherwise: this has tested nothing")
                let roots = [try fixture.lookUp("one"), try fixture.lookUp("two")]
                let files = try roots.map { try fixture.lookUp("file", in: $0.node) }
                #expect(files[0].attributes.inode != files[1].attributes.inode)
                #expect(try fixture.attributes(of: files[0].node).inode == files[0].attributes.inode)
                for entry in roots + files { fixture.mirror.forget(entry.node, lookups: 1) }
            }
        }
    }

    @Test func aDirectoryMountedInsideItselfIsAnotherNode() throws {
        let fixture = try MirrorFixture()
        _ = try fixture.makeDirectory("mount")
        try withMount(fixture, fixture.path, at: "mount", "", flags: UInt(MS_BIND)) {
            let again = try fixture.lookUp("mount")
            #expect(again.node != .root)
            #expect(again.attributes.inode == fixture.source(".")?.inode)
            fixture.mirror.forget(again.node, lookups: 1)
        }
    }

    @Test func areRefusedWhereAsked() throws {
        let fixture = try MirrorFixture(options: .init(entersMounts: false))
        let below = try fixture.makeDirectory("mount")
        #expect(try fixture.lookUp("mount").node == below.node)
        try withMount(fixture, "tmpfs", at: "mount", "tmpfs", flags: 0) {
            #expect(throws: Errno.improperLink) { try fixture.lookUp("mount") }
        }
        #expect(try fixture.lookUp("mount").node == below.node)
        #expect(throws: Errno.noSuchFileOrDirectory) { try fixture.lookUp("nothing") }
        #expect(try fixture.makeSymbolicLink("link", to: "mount").attributes.mode.type == .symbolicLink)
    }
}
