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
            "A file that is not there yet; it has all of the dump or does not exist. Default: standard output.",
            valueName: "file"))
    var output: String?

    /// Writes it.
    func run() async throws {
        guard let output else {
            guard isatty(STDOUT_FILENO) == 0 else {
                throw ValidationError("a dump is not for a terminal; say where it goes: --output FILE")
            }
            return try await dump(to: .standardOutput)
        }
        let draft = "\(output).\(getpid()).new"
        guard unsafe access(output, F_OK) != 0 else { throw ValidationError("--output \(output): exists already") }
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(
                FilePath(draft), .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: [.ownerReadWrite])
        } catch {
            throw ValidationError("--output \(output): \(error)")
        }
        let cleanUp = FileCleanUp(draft)
        defer { try? file.close() }
        try await dump(to: file)
        guard fsync(file.rawValue) == 0 else { throw VolumeError.system(path: draft, Errno(rawValue: errno)) }
        guard unsafe link(draft, output) == 0 else { throw VolumeError.system(path: output, Errno(rawValue: errno)) }
        withExtendedLifetime(cleanUp) {}
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

/// Removes a file when it goes.
private final class FileCleanUp: Sendable {
    private let path: String

    init(_ path: String) { self.path = path }

    deinit { unsafe unlink(path) }
}
