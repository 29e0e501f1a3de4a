import Glibc
import RingFUSE
import SystemPackage
import Testing

/// Mounting as an ordinary user: the real fusermount3, run by threads that gave up root.
@Suite(.enabled(if: isRoot, "needs root, to become somebody else"), .timeLimit(.minutes(1)))
struct MountingTestsUser {
    /// Runs a body as an ordinary user, on a directory that belongs to that user.
    ///
    /// In a mount namespace of its own, where /dev/fuse has the mode that udev gives it, and /etc/fuse.conf what the
    /// test wants in it, whatever this machine has.
    private func asUser(configuration: String = "", _ body: (FilePath) throws -> Void) throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let path = scratch.directory("mount")
        let device = scratch.path.appending("fuse")
        let file = try scratch.file("fuse.conf", configuration)
        try onThread(privateMounts: true) {
            let results = unsafe [
                mknod(device.string, S_IFCHR | 0o600, 10 << 8 | 229), chmod(device.string, 0o666),
                chmod(file.string, 0o644), chown(scratch.path.string, ordinaryUser, ordinaryUser),
                chown(path.string, ordinaryUser, ordinaryUser),
                mount(device.string, "/dev/fuse", nil, UInt(MS_BIND), nil),
                mount(file.string, "/etc/fuse.conf", nil, UInt(MS_BIND), nil),
            ]
            try #require(results.allSatisfy { $0 == 0 }, "\(results)")
            // Root mounts the control file system where it is missing; its files belong to the user who mounted.
            _ = try? FuseControl(connection: 0)
            try becomeOrdinaryUser()
            try body(path)
        }
    }

    private func entry(at path: FilePath) throws -> MountEntry? {
        try MountTable.read().entry(at: path)
    }

    @Test func mountsAndUnmountsThroughTheHelper() throws {
        try asUser { path in
            var options = MountOptions()
            try options.apply(#"ro,noexec,sync,dirsync,noatime,default_permissions,max_read=8192,fsname=a\,b\\c"#)
            let mount = try Mounter.mount(at: path, options: options)
            defer { try? mount.unmount(lazy: true) }
            let entry = try #require(try entry(at: path))
            #expect(entry.type == "fuse.ringfuse" && entry.isOwn)
            #expect(entry.source == #"a,b\c"#)
            #expect(Set(entry.options).isSuperset(of: ["ro", "nosuid", "nodev", "noexec", "noatime"]))
            #expect(
                Set(entry.superOptions).isSuperset(
                    of: ["user_id=65534", "group_id=65534", "default_permissions", "max_read=8192"]
                )
            )
            #expect(mount.connection == entry.connection)
            #expect(fcntl(mount.device.rawValue, F_GETFD) & FD_CLOEXEC == FD_CLOEXEC)
            var request = [UInt32](repeating: 0, count: 16384)
            _ = try unsafe request.withUnsafeMutableBytes { unsafe try mount.device.read(into: $0) }
            #expect(request[1] == 26, "FUSE_INIT")
            try mount.unmount()
            #expect(try self.entry(at: path) == nil)
        }
    }

    @Test func detachesLazilyThroughTheHelper() throws {
        try asUser { path in
            let mount = try Mounter.mount(at: path)
            defer { try? mount.unmount(lazy: true) }
            let user = try FileDescriptor.open(path, FileDescriptor.AccessMode(rawValue: 0o10000000))
            defer { try? user.close() }
            #expect(throws: MountError.inUse(path)) { try mount.unmount() }
            try mount.unmount(lazy: true)
            #expect(try entry(at: path) == nil)
        }
    }

    @Test func abortsItsOwnConnection() throws {
        try asUser { path in
            let mount = try Mounter.mount(at: path)
            defer { try? mount.unmount(lazy: true) }
            try FuseControl.abort(mountPoint: path)
            #expect(try FuseControl(mountPoint: path).waiting() == 0)
            #expect(throws: MountError.dead(path)) { try Mounter.mount(at: path) }
            try Mounter.unmount(path)
            #expect(try entry(at: path) == nil)
        }
    }

    @Test func mayNotTouchRootsMount() throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let path = scratch.directory("mount")
        try onThread(privateMounts: true) {
            let opened = unsafe chmod(scratch.path.string, 0o755)
            #expect(opened == 0)
            let mount = try Mounter.mount(at: path)
            _ = try FuseControl(mountPoint: path)
            try becomeOrdinaryUser()
            defer { try? mount.unmount(lazy: true) }
            #expect(throws: MountError.notPermitted(path)) { try Mounter.unmount(path) }
            #expect(throws: MountError.notPermitted(path)) { try mount.unmount(lazy: true) }
            #expect(throws: MountError.noControl(.permissionDenied)) { try FuseControl.abort(mountPoint: path) }
            #expect(try entry(at: path) != nil)
        }
    }

    @Test func explainsRefusals() throws {
        try asUser { path in
            #expect(throws: MountError.superuserOption("suid")) {
                try Mounter.mount(at: path, options: MountOptions(flags: [.noDevices]))
            }
            #expect(throws: MountError.noHelper) {
                try Mounter.mount(at: path, options: MountOptions(), helper: MountHelper(program: "/no/fusermount3"))
            }
            #expect(throws: MountError.helper("")) {
                try Mounter.mount(at: path, options: MountOptions(), helper: MountHelper(program: "true"))
            }
            // A user may only mount on what is theirs to write.
            let error = #expect(throws: MountError.self) { try Mounter.mount(at: "/usr") }
            guard case .helper(let text) = try #require(error) else {
                Issue.record("\(error as Any)")
                return
            }
            #expect(text.contains("/usr") && text.hasPrefix("fusermount3:"))
            #expect(try entry(at: path) == nil)
        }
    }

    @Test func namesTheSettingThatAllowsOthers() throws {
        let options = MountOptions(allowOther: true)
        try asUser(configuration: "# user_allow_other\n") { path in
            #expect(throws: MountError.allowOtherRefused) { try Mounter.mount(at: path, options: options) }
        }
        try asUser(configuration: "user_allow_other\n") { path in
            let mount = try Mounter.mount(at: path, options: options)
            #expect(try entry(at: path)?.superOptions.contains("allow_other") == true)
            try mount.unmount()
        }
    }

    @Test func explainsTheMachinesShortcomings() throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let path = scratch.directory("mount")
        let device = scratch.path.appending("fuse")
        try onThread(privateMounts: true) {
            let made = unsafe [
                mknod(device.string, S_IFCHR | 0o600, 10 << 8 | 229), chmod(scratch.path.string, 0o755),
                mount(device.string, "/dev/fuse", nil, UInt(MS_BIND), nil),
            ]
            try #require(made == [0, 0, 0])
            try becomeOrdinaryUser()
            #expect(throws: MountError.deviceRefused(.permissionDenied)) { try Mounter.mount(at: path) }
        }
        try onThread(privateMounts: true) {
            let covered = unsafe mount("tmpfs", "/dev", "tmpfs", 0, nil)
            try #require(covered == 0)
            #expect(throws: MountError.noDevice) { try Mounter.mount(at: path) }
        }
    }

    @Test func mountsTheControlFileSystem() throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let path = scratch.directory("mount")
        try onThread(privateMounts: true) {
            while try entry(at: FuseControl.root) != nil {
                let gone = unsafe umount2(FuseControl.root.string, Int32(MNT_DETACH))
                try #require(gone == 0)
            }
            let mount = try Mounter.mount(at: path)
            try mount.abort()
            #expect(try entry(at: FuseControl.root)?.type == "fusectl")
            #expect(throws: MountError.dead(path)) { try Mounter.mount(at: path) }
            try mount.unmount()
        }
    }
}
