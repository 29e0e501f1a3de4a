import ArgumentParser
import Bench

/// `ringfuse store bench`.
struct StoreBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure a volume, on both transports, and other file systems beside it.",
        discussion: """
            As 'ringfuse bench' does, on the volume itself: it must not be mounted. Files are made in a directory of it, \
            ringfuse-bench-…, which is removed after each measurement; a run that is interrupted leaves it. For \
            another file system to hold against it, add --contender 'NAME=COMMAND {}'.
            """
    )

    /// The volume.
    @OptionGroup var volume: VolumeOptions

    /// What is measured, and how.
    @OptionGroup var options: BenchOptions

    /// Where results go.
    @OptionGroup(title: "Output options") var outputs: BenchOutputs

    /// Measures and tells.
    func run() async throws {
        var settings = options.settings
        settings.volume = volume.metadata.description
        if options.suite.isEmpty && options.workload.isEmpty { settings.suites = [.store] }
        try await BenchCommand.measure(settings, outputs)
    }
}
