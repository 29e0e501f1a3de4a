import ArgumentParser
import Glibc
import NetworkStore
import SystemPackage

/// `ringfuse store load`.
struct StoreLoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Make a volume out of what 'ringfuse store dump' has written.",
        discussion: """
            Restores a volume, or brings it to another metadata engine. Nothing that exists is overwritten; what is loaded is \
            checked, and all of it is there afterwards, or nothing. It names the same objects as the volume that was \
            dumped: of the two, only one may be mounted from then on.
            """
    )

    /// The volume.
    @OptionGroup var volume: VolumeOptions

    /// Where it comes from.
    @Option(name: [.short, .long], help: ArgumentHelp("The dump; default: standard input.", valueName: "file"))
    var input: String?

    /// Where the objects are.
    @Option(help: ArgumentHelp("Where the objects are, if not where they were.", valueName: "url"))
    var data: String?

    /// Loads it.
    func run() async throws {
        let metadata = volume.metadata
        let file: FileDescriptor
        do {
            file =
                try input.map { try FileDescriptor.open(FilePath($0), .readOnly, options: [.closeOnExec]) }
                ?? .standardInput
        } catch {
            throw ValidationError("--input \(input ?? ""): \(error)")
        }
        let interruption = Interruption { removed in
            removed.isEmpty
                ? "of \(metadata) there is all, where it was just done, or nothing" : "nothing was made of \(metadata)"
        }
        defer { withExtendedLifetime(interruption) {} }
        let progress = ProgressLine()
        let result: Result<Void, any Error>
        do {
            result = .success(
                try await metadata.load(from: file, dataURL: data) { progress.show("\($0) rows loaded") })
        } catch {
            result = .failure(error)
        }
        progress.close()
        if input != nil { try? file.close() }
        try result.get()
        print("loaded \(metadata)")
    }
}
