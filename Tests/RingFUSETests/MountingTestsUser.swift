import Glibc
import RingFUSE
import SystemPackage
import Testing

/// Mounting as an ordinary user: the real fusermount3, run by threads that gave up root.
@Suite(.enabled(if: isRoot, "needs root, to become somebody else"), .timeLimit(.minutes(1)))
struct MountingTestsUser {
    /// Runs a body as an ordinary user, on a directory that belongs to that user.
    private func asUser(_ body: (FilePath) throws -> Void) throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let path = scratch.directory("mount")
        for owned in [scratch.path, path] {
            let result = unsafe chown(owned.string, ordinaryUser, ordinaryUser)
            #expect(result == 0)
        }
        try onThread(as: ordinaryUser) {
            #expect(geteuid() == ordinaryUser)
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
        // Root mounts the control file system where it is missing; its files belong to the user who mounted.
        _ = try? FuseControl(connection: 0)
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
        let opened = unsafe chmod(scratch.path.string, 0o755)
        #expect(opened == 0)
        let mount = try Mounter.mount(at: path)
        defer { try? mount.unmount(lazy: true) }
        try onThread(as: ordinaryUser) {
            #expect(throws: MountError.notPermitted(path)) { try Mounter.unmount(path) }
            #expect(throws: MountError.noControl(.permissionDenied)) { try FuseControl.abort(mountPoint: path) }
        }
        #expect(try entry(at: path) != nil)
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
        let allowed = try (try? FileDescriptor.open(FilePath("/etc/fuse.conf"), .readOnly)).map { file in
            try file.closeAfter {
                var bytes = [UInt8](repeating: 0, count: 65536)
                let count = try unsafe bytes.withUnsafeMutableBytes { unsafe try file.read(into: $0) }
                let lines = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
                return lines.contains("user_allow_other")
            }
        }
        try asUser { path in
            let options = MountOptions(allowOther: true)
            if allowed == true {
                let mount = try Mounter.mount(at: path, options: options)
                #expect(try entry(at: path)?.superOptions.contains("allow_other") == true)
                try mount.unmount()
            } else {
                #expect(throws: MountError.allowOtherRefused) { try Mounter.mount(at: path, options: options) }
            }
        }
    }
}
