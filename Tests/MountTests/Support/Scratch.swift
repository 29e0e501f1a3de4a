import Glibc
import RingFUSE
import SystemPackage
import Testing

/// A new directory below /tmp with the places that a test needs; taken away by `remove()`.
struct Scratch: Sendable {
    /// Where it is.
    let path: FilePath

    /// Where to mount.
    var mountPoint: FilePath { path.appending("mount") }

    /// A directory for a mirror.
    var source: FilePath { path.appending("source") }

    /// For what must not be on the mount.
    var outside: FilePath { path.appending("outside") }

    /// Creates it.
    init() throws {
        var template = Array("/tmp/ringfuse-mount-tests-XXXXXX".utf8CString)
        let made = unsafe mkdtemp(&template) != nil
        try #require(made)
        path = FilePath(platformString: template)
        for directory in [mountPoint, source, outside] {
            let result = unsafe mkdir(directory.string, 0o755)
            try #require(result == 0)
        }
    }

    /// Removes it: never across a mount point, which a failed test may have left, since that could hang.
    func remove() async {
        let mounts = (try? MountTable.read().entries.filter { $0.mountPoint.starts(with: path) }) ?? []
        for mount in mounts { _ = unsafe umount2(mount.mountPoint.string, Int32(MNT_DETACH)) }
        _ = try? await Program.run("rm", "-rf", "--one-file-system", path.string)
    }

    /// Whether something is mounted on ``mountPoint``.
    var isMounted: Bool {
        get throws { try MountTable.read().entry(at: mountPoint) != nil }
    }
}

/// Makes a scratch directory, and removes it however the body ends.
@discardableResult
func withScratch<Result>(_ body: (Scratch) async throws -> Result) async throws -> Result {
    let scratch = try Scratch()
    do {
        let result = try await body(scratch)
        await scratch.remove()
        return result
    } catch {
        await scratch.remove()
        throw error
    }
}
