import ArgumentParser
import Glibc
import RingFUSE
import SystemPackage

/// `ringfuse abort`.
struct AbortCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "abort",
        abstract: "End the connection of a FUSE mount that hangs; what was not written is lost.",
        discussion: """
            Every request in flight and every later one fails. The mount stays until it is unmounted. Works while \
            everything that touches the mount hangs.
            """
    )

    /// Where it is mounted.
    @Argument(help: "Where it is mounted.")
    var mountPoint: String

    /// Aborts.
    func run() throws {
        let entry = try MountEntry.fuse(at: FilePath(mountPoint))
        try FuseControl.abort(mountPoint: FilePath(mountPoint))
        var left = 0
        for _ in 0..<Self.looks {
            // No control files: the mount is gone, too.
            left = (try? FuseControl(connection: entry.connection).waiting()) ?? 0
            if left == 0 { return }
            usleep(Self.pause)
        }
        throw Unended(mountPoint: entry.mountPoint, count: left)
    }

    /// How often requests that have not ended are looked for: for fifteen seconds, longer than a server of this project
    /// takes to let go of a worker that is stuck.
    private static let looks = 150
    /// Microseconds between two looks.
    private static let pause: UInt32 = 100_000

    /// The connection was aborted, and requests go on.
    struct Unended: Error, CustomStringConvertible {
        /// Where it is mounted.
        let mountPoint: FilePath
        /// How many.
        let count: Int

        /// One line.
        var description: String {
            "\(mountPoint): aborted, but \(count) requests are stuck with the server in the kernel: end it with kill -9; "
                + "where it was killed before the abort, only a restart of the machine ends them"
        }
    }
}
