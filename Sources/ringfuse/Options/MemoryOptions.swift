import ArgumentParser
import RingFUSE

/// The options about dirty memory, and about the server's own.
struct MemoryOptions: ParsableArguments, Sendable {
    /// The mount's share of dirty memory.
    @Option(
        help: ArgumentHelp(
            "The share of the machine's limit on dirty memory that the mount may have; default: the kernel's, 1.",
            valueName: "percent"
        )
    )
    var dirtyRatio: Int?

    /// Whether the server stays in memory.
    @Flag(help: "Keep the server in memory: its program, its data, and all of its buffers, which --memory bounds.")
    var lockMemory = false

    /// Checks the range.
    func validate() throws {
        if let dirtyRatio, !(1...100).contains(dirtyRatio) {
            throw ValidationError("--dirty-ratio \(dirtyRatio): must be from 1 to 100")
        }
    }

    /// Adds what these options ask for.
    func apply(to configuration: inout SessionConfiguration) {
        configuration.dirtyRatio = dirtyRatio
        configuration.populatesBuffers = lockMemory
    }
}
