import ArgumentParser
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
        try FuseControl.abort(mountPoint: FilePath(mountPoint))
    }
}
