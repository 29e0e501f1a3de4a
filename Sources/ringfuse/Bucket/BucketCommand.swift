import ArgumentParser

/// `ringfuse bucket`: buckets of S3 as they are.
struct BucketCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bucket",
        abstract: "Mount a bucket of S3 as it is: objects are files.",
        subcommands: [BucketMountCommand.self]
    )
}
