import ArgumentParser
import NetworkStore

/// `ringfuse store quota set`.
struct StoreQuotaSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Set the quota of a directory, or change it.",
        discussion: """
            What is there already is counted first, which takes a while in a large tree; what is made meanwhile is counted, too, and \
            limits hold from the start. May be interrupted: setting it again goes on; the server of a mount goes on by itself. \
            What is not named has no limit.
            """
    )

    /// Which.
    @OptionGroup var options: QuotaOptions

    /// Bytes.
    @Option(
        help: ArgumentHelp("The most bytes that all files below it may have.", valueName: "size"),
        transform: { try ByteSize(parsing: $0) }
    )
    var bytes: ByteSize?

    /// Nodes.
    @Option(help: ArgumentHelp("The most files and directories, itself included.", valueName: "n"))
    var files: UInt64?

    /// Checks what would be nothing.
    func validate() throws {
        guard bytes != nil || files != nil else { throw ValidationError("name --bytes, --files or both") }
        guard files != 0 else { throw ValidationError("--files 0: the directory itself is one") }
    }

    /// Sets it.
    func run() async throws {
        let target = try await options.target()
        let limits = QuotaRecord.Limits(bytes: (bytes?.bytes).map(UInt64.init), nodes: files)
        let line = ProgressLine()
        let quota = try await target.set(limits) { line.show($0) }
        line.close()
        print(QuotaText.line(quota))
        guard quota.isComplete else { throw ExitCode(1) }
    }
}

/// `ringfuse store quota clear`.
struct StoreQuotaClearCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear",
        abstract: "Take the quota of a directory away.",
        discussion: """
            Its limits hold no longer at once; that it counts in no quota any more takes a while for a large tree. May be \
            interrupted, and run again.
            """
    )

    /// Which.
    @OptionGroup var options: QuotaOptions

    /// Clears it.
    func run() async throws {
        let target = try await options.target()
        let line = ProgressLine()
        try await target.clear { line.show($0) }
        line.close()
    }
}
