import ArgumentParser

/// `ringfuse mount`: a command for each file system.
struct MountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mount",
        abstract: "Mount a file system and serve it.",
        discussion: """
            Serves in the foreground until the mount is gone; SIGINT and SIGTERM unmount and end with exit code 0, a \
            second one aborts the connection. With --daemon it returns once the mount answers.
            """,
        subcommands: [MountMemoryCommand.self, MountMirrorCommand.self, MountNullCommand.self]
    )
}
