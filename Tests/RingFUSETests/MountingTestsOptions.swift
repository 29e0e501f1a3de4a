import RingFUSE
import Testing

/// The options of mount(8), mount(2) and fusermount3.
@Suite struct MountingTestsOptions {
    private func parsed(_ list: String) throws -> MountOptions {
        var options = MountOptions()
        try options.apply(list)
        return options
    }

    @Test func startsSafe() {
        let options = MountOptions()
        #expect(options.flags == [.noSetUID, .noDevices])
        #expect(options.type == "fuse.ringfuse")
        #expect(options.superuserOption == nil)
        #expect(
            options.data(device: 7, rootMode: 0o40000, user: 1, group: 2) == "fd=7,rootmode=40000,user_id=1,group_id=2"
        )
        #expect(options.helperList == "rw,fsname=ringfuse,subtype=ringfuse")
    }

    @Test func readsEveryKind() throws {
        let options = try parsed(
            "ro,allow_other,default_permissions,max_read=131072,noexec,fsname=host:/x=y,subtype=a.b"
        )
        #expect(options.readOnly && options.allowOther && options.defaultPermissions)
        #expect(options.maximumRead == 131072)
        #expect(options.source == "host:/x=y")
        #expect(options.type == "fuse.a.b")
        #expect(options.flags == [.readOnly, .noSetUID, .noDevices, .noExecution])
        #expect(
            options.data(device: 0, rootMode: 0o40000, user: 0, group: 0).hasSuffix(
                "group_id=0,default_permissions,allow_other,max_read=131072"
            )
        )
        #expect(
            options.helperList
                == "ro,noexec,default_permissions,allow_other,max_read=131072,fsname=host:/x=y,subtype=a.b"
        )
    }

    /// The numbers are those of mount(2), written down once more.
    @Test(
        arguments: [
            ("ro", 1 | 6), ("ro,rw", 6), ("suid", 4), ("dev", 2), ("suid,dev,nosuid", 2), ("noexec", 8 | 6),
            ("noexec,exec", 6), ("sync", 16 | 6), ("sync,async", 6), ("dirsync", 128 | 6), ("noatime", 1024 | 6),
            ("noatime,atime", 6), ("nodiratime", 2048 | 6), ("relatime", 1 << 21 | 6),
            ("noatime,relatime", 1 << 21 | 6),
            ("relatime,strictatime", 1 << 24 | 6), ("lazytime", 1 << 25 | 6), ("", 6), (",,", 6),
            ("defaults,auto,noauto,user,users,nofail,_netdev,auto_unmount,x-systemd.automount,x-a=b,comment=c", 6),
        ] as [(String, UInt)]
    )
    func setsFlags(list: String, bits: UInt) throws {
        #expect(try parsed(list).flags.rawValue == bits)
    }

    @Test func unescapesAndEscapes() throws {
        let options = try parsed(#"fsname=a\,b\\c d,ro"#)
        #expect(options.source == #"a,b\c d"#)
        #expect(options.readOnly)
        #expect(options.helperList == #"ro,fsname=a\,b\\c d,subtype=ringfuse"#)
        #expect(try parsed(#"fsname=a\"#).source == #"a\"#)
    }

    @Test(arguments: ["bogus", "nonempty", "ro=1", "Ro", "uid=0", "blksize=512", "remount", "bind", "fd=3"])
    func namesTheUnknown(option: String) throws {
        var options = MountOptions()
        #expect(throws: MountError.unknownOption(option)) { try options.apply("ro,\(option),noexec") }
        #expect(options == MountOptions(), "a list that fails must change nothing")
    }

    @Test(arguments: [
        "max_read", "max_read=", "max_read=x", "max_read=-1", "max_read=4095", "max_read=4294967296", "fsname",
        "fsname=", "subtype=a b", "subtype=a/b", #"subtype=a\,b"#,
    ])
    func refusesBadValues(option: String) throws {
        var options = MountOptions()
        let error = #expect(throws: MountError.self) { try options.apply(option) }
        guard case .invalidOption(let named, _) = try #require(error) else {
            Issue.record("\(error as Any)")
            return
        }
        #expect(option.replacing("\\", with: "") == named)
    }

    @Test func knowsWhatOnlyRootMayDo() throws {
        #expect(try parsed("suid").superuserOption == "suid")
        #expect(try parsed("dev").superuserOption == "dev")
        #expect(try parsed("ro,noexec").superuserOption == nil)
    }

    @Test func leavesTheSubtypeOut() throws {
        let options = try parsed("subtype=")
        #expect(options.type == "fuse")
        #expect(!options.helperList.contains("subtype"))
    }
}
