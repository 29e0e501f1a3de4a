import ArgumentParser
import Glibc
import NetworkStore
import SystemPackage

/// `ringfuse store dump`.
struct StoreDumpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dump",
        abstract: "Write a volume's metadata as lines of JSON, also while it is mounted.",
        discussion: """
            Names, attributes, small files and where the others are, as they are at one moment; objects stay where they \
            are. 'ringfuse store load' makes a volume of it, in whatever engine. A key that the volume is encrypted with is \
            in it as it is in the volume: wrapped.
            """
    )

    /// The volume.
    @OptionGroup var volume: VolumeOptions

    /// Where it goes.
    @Option(
        name: [.short, .long],
        help: ArgumentHelp(
            "A file that is not there yet; it has all of the dump, on the disk, or does not exist. Default: standard output.",
            valueName: "file"))
    var output: String?

    /// Writes it.
    func run() async throws {
        guard let output else {
            guard isatty(STDOUT_FILENO) == 0 else {
                throw ValidationError("a dump is not for a terminal; say where it goes: --output FILE")
            }
            let interruption = Interruption { _ in "what was written is not a whole dump, and cannot be loaded" }
            defer { withExtendedLifetime(interruption) {} }
            return try await dump(to: .standardOutput)
        }
        guard unsafe access(output, F_OK) != 0 else { throw ValidationError("--output \(output): exists already") }
        let interruption = Interruption { removed in
            removed.isEmpty ? "\(output) was just written" : "\(output) was not written"
        }
        defer { withExtendedLifetime(interruption) {} }
        let draft: DraftFile
        let file: FileDescriptor
        do {
            draft = try DraftFile(of: output)
            file = try FileDescriptor.open(
                FilePath(draft.path), .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: [.ownerReadWrite])
        } catch {
            throw ValidationError("--output \(output): \(error)")
        }
        defer { try? file.close() }
        try await dump(to: file)
        do throws(Errno) { try draft.publish() } catch { throw VolumeError.system(path: output, error) }
    }

    private func dump(to file: FileDescriptor) async throws {
        let engine = try await volume.metadata.openForReading()
        let progress = ProgressLine()
        let result: Result<Void, VolumeError>
        do throws(VolumeError) {
            result = .success(try await engine.dump(to: file) { progress.show("\($0) rows written") })
        } catch {
            result = .failure(error)
        }
        progress.close()
        await engine.close()
        try result.get()
    }
}
