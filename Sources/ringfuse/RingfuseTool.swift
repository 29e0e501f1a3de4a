import ArgumentParser
import Glibc

/// The tool: mounts the file systems that come with RingFUSE, and looks after mounts.
@main
struct RingfuseTool: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ringfuse",
        abstract: "Serve file systems over FUSE-over-io_uring, or over /dev/fuse.",
        version: "ringfuse \(Version.text)",
        subcommands: [
            MountCommand.self, StoreCommand.self, BucketCommand.self, UnmountCommand.self, AbortCommand.self,
            ListCommand.self,
            StatsCommand.self, DoctorCommand.self, BenchCommand.self, BenchDriverCommand.self,
        ]
    )

    /// Parses, runs, and ends with one line where something is wrong.
    ///
    /// The parser's own `main` adds three lines of usage to each error; a log or a script wants the one that says what.
    static func main() async {
        do {
            var command = try parseAsRoot()
            // Before the first suspension, while there is this thread alone: all others inherit the mark.
            if command is any ServingCommand { ServerMemory.markAsFlusher() }
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            end(with: error)
        }
    }

    /// Ends the process as an error asks for.
    private static func end(with error: any Error) -> Never {
        let code = exitCode(for: error)
        // Help and version are errors of the parser as well.
        if code.isSuccess {
            let text = fullMessage(for: error)
            if !text.isEmpty { print(text) }
            Glibc.exit(code.rawValue)
        }
        let line = message(for: error).split(separator: "\n").joined(separator: "; ")
        // Nobody waits for it, or not any more, once the mount has answered.
        if Launcher.inherited?.tell(.failed(code: code.rawValue, line: line)) != true, !line.isEmpty {
            StandardError.write("ringfuse: \(line)")
        }
        Glibc.exit(code.rawValue)
    }
}

/// The version of the tool.
enum Version {
    /// As CHANGELOG.md has it.
    static let text = "0.1.0"
}
