import ArgumentParser

/// `ringfuse store quota`.
struct StoreQuotaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quota",
        abstract: "Bound what is below a directory of a volume.",
        discussion: """
            A directory is named by its path, where the volume is mounted, by root; or by the volume's metadata and the path within \
            the volume, which with SQLite only who has it not mounted can change. Whoever exceeds a quota gets EDQUOT, and df shows \
            it. Quotas may be within each other: all of them hold.
            """,
        subcommands: [StoreQuotaSetCommand.self, StoreQuotaShowCommand.self, StoreQuotaClearCommand.self]
    )
}

/// Which directory.
struct QuotaOptions: ParsableArguments, Sendable {
    /// A mount's directory, or a volume.
    @Argument(
        help: ArgumentHelp(
            "A directory of a mounted volume; or the metadata of a volume, and then a directory in it.",
            valueName: "place"))
    var place: String

    /// The directory in a volume.
    @Argument(help: ArgumentHelp("The directory, from the root of the volume on.", valueName: "directory"))
    var directory: String?

    /// Where to work.
    ///
    /// - Throws: an error of one line.
    func target() async throws -> any QuotaTarget {
        guard let directory else { return try MountedQuota(place) }
        guard let metadata = MetadataLocation(argument: place) else {
            throw ValidationError("\(place): is not the metadata of a volume")
        }
        return VolumeQuota(metadata: metadata, directory: directory)
    }
}
