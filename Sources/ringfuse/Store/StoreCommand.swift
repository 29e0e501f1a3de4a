import ArgumentParser

/// `ringfuse store`: volumes of the network store.
struct StoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Make, mount and look after volumes of the network store.",
        discussion: """
            A volume keeps names and attributes in a metadata engine and the bytes of files as immutable objects in an \
            object store. It is named by the URL of its metadata: sqlite:///path/of/database, or just the path; or, for \
            several machines at a time, postgres://user@host/database?schema=name, whose password comes from PGPASSWORD, \
            ~/.pgpass or a service file.
            """,
        subcommands: [
            StoreFormatCommand.self, StoreMountCommand.self, StoreInfoCommand.self, StoreCheckCommand.self,
            StoreCollectCommand.self, StoreWarmUpCommand.self, StoreDumpCommand.self, StoreLoadCommand.self,
            StoreQuotaCommand.self, StoreTrashCommand.self, StoreStatsCommand.self, StoreSecretCommand.self,
            StoreBenchCommand.self, StoreDestroyCommand.self,
        ]
    )
}
