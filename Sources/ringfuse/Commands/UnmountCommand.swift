import ArgumentParser
import RingFUSE
import SystemPackage

/// `ringfuse unmount`.
struct UnmountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unmount",
        abstract: "Take a FUSE mount away, also one whose server is gone.",
        aliases: ["umount"]
    )

    /// Where it is mounted.
    @Argument(help: "Where it is mounted.")
    var mountPoint: String

    /// Whether to detach a mount in use.
    @Flag(name: [.long, .customShort("z")], help: "Detach a mount in use; it ends when its last user closes.")
    var lazy = false

    /// Unmounts.
    func run() throws {
        try Mounter.unmount(FilePath(mountPoint), lazy: lazy)
    }
}
