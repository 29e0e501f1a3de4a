import RingFUSE
import SystemPackage
import Testing

/// Reading mountinfo.
@Suite struct MountingTestsTable {
    /// A table with what is hard in it: escapes, no or several optional fields, an empty source, a covered mount.
    private let table = MountTable(
        parsing: #"""
            22 27 0:21 / /proc rw,relatime - proc proc rw
            27 1 254:0 / / rw,relatime shared:1 master:2 propagate_from:3 - ext4 /dev/vda rw,discard
            60 27 0:51 / /mnt/a\040b\011\134\012\043 rw,nosuid shared:9 - fuse.ringfuse a\040- rw,user_id=0
            61 27 0:52 / /mnt/two rw - fuse.ringfuse-null null rw,user_id=1000
            62 61 0:53 /sub /mnt/two ro - fuse.sshfs host:/ rw
            63 27 8:1 / /mnt/disk rw - fuseblk /dev/sda1 rw
            64 27 0:54 / /mnt/none rw - tmpfs  rw
            65 27 0:55 / /mnt/plain rw - fuse x rw
            66 27 0:56 / /mnt/no rw - fusectl x rw
            """#.utf8
    )

    @Test func readsFields() throws {
        #expect(table.entries.count == 9)
        let root = try #require(table.entry(at: "/"))
        #expect((root.id, root.parent, root.major, root.minor) == (27, 1, 254, 0))
        #expect(root.options == ["rw", "relatime"])
        #expect(root.superOptions == ["rw", "discard"])
        #expect(root.type == "ext4" && root.source == "/dev/vda")
        #expect(table.entry(id: 64)?.source == "")
        #expect(table.entry(id: 64)?.type == "tmpfs")
        #expect(table.entry(id: 62)?.root == "/sub")
    }

    @Test func takesEscapesBack() throws {
        let entry = try #require(table.entry(id: 60))
        #expect(entry.mountPoint == FilePath("/mnt/a b\t\\\n#"))
        #expect(entry.source == "a -")
        #expect(table.entry(at: FilePath("/mnt/a b\t\\\n#")) == entry)
    }

    @Test func keepsBytesThatAreNotUTF8() throws {
        let line = Array("1 2 0:3 / /m".utf8) + [0xFF, 0xC3] + Array(" rw - fuse x rw\n".utf8)
        let entry = try #require(MountTable(parsing: line).entries.first)
        let bytes = unsafe entry.mountPoint.withPlatformString { pointer in
            (0..<4).map { unsafe UInt8(bitPattern: pointer[$0]) }
        }
        #expect(bytes == [0x2F, 0x6D, 0xFF, 0xC3])
    }

    @Test func takesTheTopmost() {
        #expect(table.entry(at: "/mnt/two")?.id == 62)
        #expect(table.entry(at: "/mnt/three") == nil)
    }

    @Test func knowsFUSEAndItsOwn() {
        #expect(table.entries.filter(\.isFUSE).map(\.id) == [60, 61, 62, 63, 65])
        #expect(table.own.map(\.id) == [60, 61])
    }

    @Test func numbersConnections() {
        #expect(table.entry(id: 60)?.connection == 51)
        #expect(table.entry(id: 63)?.connection == 0x80_0001)
    }

    @Test(arguments: [
        "", "\n\n", "22 27 0:21 / /proc rw,relatime", "22 27 0:21 / /proc rw - proc proc", "x 27 0:21 / /p rw - p p rw",
        "22 27 0 / /p rw - p p rw", "22 27 0:1:2 / /p rw - p p rw", "22 27 0:21 / - rw p p rw", "- - - - - - - -",
    ])
    func leavesOutWhatIsNoEntry(line: String) {
        #expect(MountTable(parsing: line.utf8).entries.isEmpty)
    }

    @Test func toleratesBrokenEscapes() throws {
        let line = #"1 2 0:3 / /m\04\999\777\040 rw - fuse x\ rw"#
        let entry = try #require(MountTable(parsing: line.utf8).entries.first)
        #expect(entry.mountPoint == FilePath(#"/m\04\999\777 "#))
        #expect(entry.source == #"x\"#)
    }

    @Test func readsThisSystem() throws {
        let system = try MountTable.read()
        #expect(system.entry(at: "/proc")?.type == "proc")
        #expect(system.entry(at: "/") != nil)
    }
}
