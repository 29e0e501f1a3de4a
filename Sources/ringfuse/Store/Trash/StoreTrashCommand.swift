import ArgumentParser
import NetworkStore

/// `ringfuse store trash`.
struct StoreTrashCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trash",
        abstract: "Get removed files of a volume back.",
        discussion: """
            A volume that keeps removed files ('set', or --trash-age of 'format') has them in its trash until they are old enough: files \
            and symbolic links with something in them whose last name was removed, also by a renaming onto it. They count as used \
            space of the volume, and in no quota. Their directories come back with them.
            """,
        subcommands: [
            StoreTrashSetCommand.self, StoreTrashListCommand.self, StoreTrashRestoreCommand.self,
            StoreTrashEmptyCommand.self,
        ]
    )
}

/// `ringfuse store trash set`.
struct StoreTrashSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Set for how long removed files are kept.",
        discussion: """
            Holds at once, for what is in the trash already, too; other mounts of a volume in PostgreSQL learn of it within 30 s. 0 keeps \
            nothing any more, and what is in the trash goes within 30 s.
            """
    )

    /// For how long.
    @Argument(
        help: ArgumentHelp("For how long, like 12h, 7d or 4w; 0 for not at all.", valueName: "age"),
        transform: { try Age(parsing: $0) }
    )
    var age: Age

    /// Whose.
    @OptionGroup var options: TrashOptions

    /// Sets it.
    func run() async throws {
        let usage = try await options.use(writes: true) { target in
            try await target.keep(seconds: age.seconds)
            return try await target.state().usage
        }
        guard age.seconds == 0 else { return print("removed files are kept for \(age)") }
        print("removed files are not kept any more")
        if usage.entries > 0 { print("what is in the trash (\(usage.entries)) goes for good") }
    }
}

/// `ringfuse store trash empty`.
struct StoreTrashEmptyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "empty",
        abstract: "Remove what is in the trash for good.",
        discussion: """
            There is no way back. Makes room at once; objects go with the next collection of garbage. May be interrupted, and run again.
            """
    )

    /// Whose.
    @OptionGroup var options: TrashOptions

    /// How old it has to be.
    @Option(
        help: ArgumentHelp("Only what was removed longer ago than that; default: all.", valueName: "age"),
        transform: { try Age(parsing: $0) }
    )
    var olderThan = Age(seconds: 0)

    /// Empties it.
    func run() async throws {
        let end = TrashCan.end(ofAge: olderThan.seconds)
        let line = ProgressLine()
        let count = try await options.use(writes: true) { target in
            try await target.discard(before: end) { line.show("removed \($0)") }
        }
        line.close()
        print("removed \(count) files and directories for good")
    }
}
