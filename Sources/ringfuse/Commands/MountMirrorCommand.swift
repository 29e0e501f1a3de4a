import ArgumentParser
import Glibc
import SystemPackage

/// `ringfuse mount mirror`.
struct MountMirrorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mirror",
        abstract: "Mount a directory, passed through."
    )

    /// The directory that is passed through.
    @Argument(help: "The directory to pass through.")
    var source: String

    /// Where and how.
    @OptionGroup var serving: ServingOptions

    /// Refuses a source that is no directory.
    func validate() throws {
        var status = stat()
        guard unsafe stat(source, &status) == 0 else {
            throw ValidationError("\(source): the source cannot be used: \(Errno(rawValue: errno))")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw ValidationError("\(source): the source is not a directory")
        }
    }

    /// Serves it.
    func run() async throws {
        let path = FilePath(source).absolute
        try await Server(name: "mirror of \(path)", options: serving, backend: { try Backends.mirror(of: path) }).run()
    }
}
