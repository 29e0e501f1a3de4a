import CRingFUSE
import CTestSupport
import Glibc
import RingFUSE
import SystemPackage
import Testing

/// A new directory below /tmp, taken away by `remove()`.
struct Scratch {
    /// Where it is.
    let path: FilePath

    /// Creates it.
    init() throws {
        var template = Array("/tmp/ringfuse-mounting-XXXXXX".utf8CString)
        let made = unsafe mkdtemp(&template) != nil
        try #require(made)
        path = FilePath(platformString: template)
    }

    /// Creates a directory in it, with those above it.
    @discardableResult
    func directory(_ name: String) -> FilePath {
        var path = path
        for component in FilePath(name).components {
            path.append(component)
            _ = unsafe mkdir(path.string, 0o755)
        }
        return path
    }

    /// Creates a file in it, with the directories above it.
    @discardableResult
    func file(_ name: String, _ text: String) throws -> FilePath {
        directory(FilePath(name).removingLastComponent().string)
        let path = path.pushing(FilePath(name))
        let file = try FileDescriptor.open(
            path,
            .writeOnly,
            options: [.create, .truncate],
            permissions: .ownerReadWrite
        )
        try file.writeAndClose(text)
        return path
    }

    /// Removes it: never across a mount point, which a failed test may have left, since that could hang.
    func remove() {
        let mounts = (try? MountTable.read().entries.filter { $0.mountPoint.starts(with: path) }) ?? []
        for mount in mounts { _ = unsafe umount2(mount.mountPoint.string, Int32(MNT_DETACH)) }
        let words = ["rm", "-rf", "--one-file-system", path.string]
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) }
        unsafe arguments.append(nil)
        var child: pid_t = 0
        if unsafe posix_spawnp(&child, "rm", nil, nil, &arguments, environ) == 0 {
            _ = waitpid(child, nil, 0)
        }
        unsafe arguments.forEach { unsafe free($0) }
    }
}

extension FileDescriptor {
    /// Writes a text and closes.
    func writeAndClose(_ text: String) throws {
        try closeAfter { _ = try writeAll(text.utf8) }
    }
}

/// Whether the tests run as root, as those that mount must.
let isRoot = geteuid() == 0

/// Whether the kernel has numbers of mounts that it never gives twice.
let hasUniqueMountNumbers: Bool = {
    let root = unsafe rfuse_open_path("/")
    defer { close(root) }
    var number: UInt64 = 0
    return unsafe rfuse_unique_mount_id(root, &number) == 0
}()

/// The user and group that stand for an ordinary user: `nobody` of every distribution.
let ordinaryUser: UInt32 = 65534

/// Runs a body on a thread of its own, with a mount namespace of its own if asked for.
func onThread<Result>(privateMounts: Bool = false, _ body: () throws -> Result) throws -> Result {
    var outcome: Swift.Result<Result, any Error>?
    try withoutActuallyEscaping(body) { body in
        var run: () -> Void = { outcome = Swift.Result(catching: body) }
        let error = unsafe withUnsafeMutablePointer(to: &run) { pointer in
            unsafe rfuse_test_run(
                privateMounts ? 1 : 0,
                { context in unsafe context?.assumingMemoryBound(to: (() -> Void).self).pointee() },
                pointer
            )
        }
        guard error == 0 else { throw Errno(rawValue: -error) }
    }
    return try #require(outcome).get()
}

/// Makes the calling thread an ordinary user for good.
func becomeOrdinaryUser() throws {
    let error = rfuse_test_become(ordinaryUser, ordinaryUser)
    guard error == 0, geteuid() == ordinaryUser else { throw Errno(rawValue: -error) }
}

/// Random numbers that are the same in each run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    /// The state; the seed at first.
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
