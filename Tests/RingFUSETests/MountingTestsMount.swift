import CRingFUSE
import Glibc
import RingFUSE
import SystemPackage
import Testing

/// Real mounts that nobody serves: the kernel mounts at once and leaves its INIT request on the device.
@Suite(.enabled(if: isRoot, "needs root"), .timeLimit(.minutes(1)))
struct MountingTestsMount {
    /// Runs a body on a directory of its own, in a mount namespace of its own: no other program can stumble into a
    /// mount that does not answer, and none outlives the test.
    private func withDirectory(_ name: String = "mount", _ body: (Scratch, FilePath) throws -> Void) throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let path = scratch.directory(name)
        try onThread(privateMounts: true) { try body(scratch, path) }
    }

    private func entry(at path: FilePath) throws -> MountEntry? {
        try MountTable.read().entry(at: path)
    }

    @Test func mountsAndUnmounts() throws {
        try withDirectory { _, path in
            var options = MountOptions()
            try options.apply(#"fsname=a\,b \\ c,allow_other,default_permissions,max_read=65536,noexec"#)
            let mount = try Mounter.mount(at: path, options: options)
            defer { try? mount.unmount(lazy: true) }
            let entry = try #require(try entry(at: path))
            #expect(mount.path == path)
            #expect(entry.type == "fuse.ringfuse" && entry.isOwn)
            #expect(entry.source == #"a,b \ c"#)
            #expect(Set(entry.options).isSuperset(of: ["rw", "nosuid", "nodev", "noexec"]))
            #expect(
                Set(entry.superOptions).isSuperset(
                    of: ["user_id=0", "group_id=0", "default_permissions", "allow_other", "max_read=65536"]
                )
            )
            #expect(mount.connection == entry.connection)
            try mount.unmount()
            #expect(try self.entry(at: path) == nil)
            try mount.unmount()
        }
    }

    @Test func hasTheKernelsFirstRequest() throws {
        try withDirectory { _, path in
            let mount = try Mounter.mount(at: path)
            defer { try? mount.unmount(lazy: true) }
            var request = [UInt32](repeating: 0, count: 16384)
            let count = try unsafe request.withUnsafeMutableBytes { unsafe try mount.device.read(into: $0) }
            #expect(count >= 40 + 16)
            #expect(request[0] == UInt32(count))
            #expect(request[1] == 26, "FUSE_INIT")
        }
    }

    @Test func mountsWithoutSubtypeAndRestrictions() throws {
        try withDirectory { _, path in
            let mount = try Mounter.mount(at: path, options: MountOptions(subtype: "", flags: [.readOnly]))
            defer { try? mount.unmount(lazy: true) }
            let entry = try #require(try entry(at: path))
            #expect(entry.type == "fuse" && !entry.isOwn)
            #expect(entry.options.contains("ro"))
            #expect(!entry.options.contains("nosuid") && !entry.options.contains("nodev"))
        }
    }

    @Test func detachesAndClosesWhenItsOwnerGoes() throws {
        try withDirectory { _, path in
            var mount: MountPoint? = try Mounter.mount(at: path)
            let control = try FuseControl(connection: try #require(mount?.connection))
            // A user keeps the file system, and so the connection's number, after it is detached.
            let user = unsafe path.withPlatformString { unsafe rfuse_open_path($0) }
            try #require(user >= 0)
            defer { close(user) }
            #expect(try control.waiting() == 1)
            mount = nil
            #expect(try entry(at: path) == nil)
            #expect(try control.waiting() == 0, "the last device of the connection is open yet")
        }
    }

    @Test func resolvesLinksAndOddNames() throws {
        try withDirectory("odd \\ name\n#,é") { scratch, path in
            let link = scratch.path.appending("link")
            let made = unsafe symlink(path.string, link.string)
            #expect(made == 0)
            let mount = try Mounter.mount(at: link)
            defer { try? mount.unmount(lazy: true) }
            #expect(mount.path == path)
            #expect(try entry(at: path)?.connection == mount.connection)
            try Mounter.unmount(link)
            #expect(try entry(at: path) == nil)
        }
    }

    @Test func mountsOnNamesThatAreNotUTF8() throws {
        try withDirectory { scratch, _ in
            let bytes = scratch.path.string.utf8.map { CChar(bitPattern: $0) } + [0x2F, -1, -2, 0]
            let path = FilePath(platformString: bytes)
            let made = unsafe path.withPlatformString { unsafe mkdir($0, 0o755) }
            #expect(made == 0)
            let mount = try Mounter.mount(at: path)
            defer { try? mount.unmount(lazy: true) }
            #expect(try entry(at: path) != nil)
            try mount.unmount()
            #expect(try entry(at: path) == nil)
        }
    }

    @Test func explainsBadMountPoints() throws {
        try withDirectory { scratch, path in
            let missing = scratch.path.appending("missing")
            #expect(throws: MountError.missing(missing)) { try Mounter.mount(at: missing) }
            let file = try scratch.file("file", "")
            #expect(throws: MountError.notADirectory(file)) { try Mounter.mount(at: file) }
            let below = file.appending("below")
            #expect(throws: MountError.notADirectory(below)) { try Mounter.mount(at: below) }
            let loop = scratch.path.appending("loop")
            _ = unsafe symlink("loop", loop.string)
            #expect(throws: MountError.unreachable(loop, .tooManySymbolicLinkLevels)) { try Mounter.mount(at: loop) }
            #expect(throws: MountError.busy("/proc", type: "proc", source: "proc")) { try Mounter.mount(at: "/proc") }
            #expect(throws: MountError.notMounted(path)) { try Mounter.unmount(path) }
            #expect(throws: MountError.notFUSE("/proc", type: "proc")) { try Mounter.unmount("/proc") }
            #expect(throws: MountError.notMounted(path)) { try FuseControl.abort(mountPoint: path) }
            #expect(try entry(at: path) == nil)
        }
    }

    /// The server does not answer: none of this may ask it.
    @Test func isNotHeldUpByAServerThatHangs() throws {
        try withDirectory { _, path in
            let mount = try Mounter.mount(at: path)
            defer { try? mount.unmount(lazy: true) }
            let busy = MountError.busy(path, type: "fuse.ringfuse", source: "ringfuse")
            #expect(throws: busy) { try Mounter.mount(at: path) }
            let control = try FuseControl(mountPoint: path)
            #expect(control.connection == mount.connection)
            #expect(try control.waiting() == 1)
            try control.setMaximumBackground(7)
            #expect(try control.maximumBackground() == 7)
            try FuseControl.abort(mountPoint: path)
            #expect(try control.waiting() == 0)
            #expect(throws: MountError.dead(path)) { try Mounter.mount(at: path) }
            try mount.unmount()
            // Not the number that it had: the kernel gives that to the next mount at once, maybe another test's.
            #expect(throws: MountError.noControl(.noSuchFileOrDirectory)) { try FuseControl(connection: 0xf_ffff) }
        }
    }

    @Test func clearsTheMountOfAServerThatDied() throws {
        try withDirectory { _, path in
            let mount = try Mounter.mount(at: path)
            defer { try? mount.unmount(lazy: true) }
            // What the kernel sees when the server dies: the last descriptor of the connection goes.
            let null = try FileDescriptor.open(FilePath("/dev/null"), .readOnly)
            _ = try null.duplicate(as: mount.device)
            try null.close()
            let error = #expect(throws: MountError.dead(path)) { try Mounter.mount(at: path) }
            #expect(error?.description.contains("ringfuse unmount \(path)") == true)
            #expect(try entry(at: path) != nil)
            try Mounter.unmount(path)
            #expect(try entry(at: path) == nil)
        }
    }

    @Test func refusesToUnmountWhatIsUsed() throws {
        try withDirectory { _, path in
            let mount = try Mounter.mount(at: path)
            defer { try? mount.unmount(lazy: true) }
            let user = unsafe path.withPlatformString { unsafe rfuse_open_path($0) }
            try #require(user >= 0)
            defer { close(user) }
            #expect(throws: MountError.inUse(path)) { try mount.unmount() }
            #expect(try entry(at: path) != nil)
            try mount.unmount(lazy: true)
            #expect(try entry(at: path) == nil)
        }
    }

    /// Older kernels give all numbers of a mount again, and nothing tells it from another's.
    @Test(.enabled(if: hasUniqueMountNumbers, "needs Linux 6.8"))
    func leavesAnothersMountAlone() throws {
        try withDirectory { _, path in
            let first = try Mounter.mount(at: path)
            defer { try? first.unmount(lazy: true) }
            try Mounter.unmount(path)
            let second = try Mounter.mount(at: path)
            defer { try? second.unmount(lazy: true) }
            // The kernel gives the connection's number again at once; what we go by must not be that.
            try first.unmount()
            #expect(try entry(at: path)?.connection == second.connection)
        }
    }

    @Test func clonesTheDevice() throws {
        try withDirectory { _, path in
            let mount = try Mounter.mount(at: path)
            defer { try? mount.unmount(lazy: true) }
            let clone = try mount.cloneDevice()
            #expect(fcntl(clone.rawValue, F_GETFD) & FD_CLOEXEC == FD_CLOEXEC)
            #expect(clone != mount.device)
            // The request waits for whichever descriptor of the connection reads first.
            var request = [UInt32](repeating: 0, count: 16384)
            _ = try unsafe request.withUnsafeMutableBytes { unsafe try clone.read(into: $0) }
            #expect(request[1] == 26, "FUSE_INIT")
            try clone.close()
            #expect(rfuse_clone_device(-1) == -EINVAL)
        }
    }
}
