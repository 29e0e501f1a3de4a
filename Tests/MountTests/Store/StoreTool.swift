import Glibc
import SystemPackage
import Testing

/// `ringfuse store`, and servers of volumes, as tests run them.
enum StoreTool {
    /// Runs a command.
    static func run(_ words: [String]) async throws -> ChildProcess.Ending {
        try await ChildProcess.start([ServerProcess.tool.string, "store"] + words, limit: .seconds(60)).ended()
    }

    /// Runs a command that must succeed, and gives what it said.
    @discardableResult
    static func succeed(_ words: [String]) async throws -> String {
        let ending = try await run(words)
        try #require(ending.isSuccess, "\(words): \(ending.text)")
        return ending.text
    }

    /// Makes a volume, and gives its database.
    static func format(_ scratch: Scratch, _ options: [String] = []) async throws -> String {
        let database = scratch.outside.appending("volume.db").string
        try await succeed(["format", database] + options)
        return database
    }

    /// For scripts: `volume NAME` prints what `store stats` tells of the volume that is mounted where they run.
    static let volume = """
        volume() { \(ServerProcess.tool) store stats . --json | python3 -c "import json, sys; print(json.load(sys.stdin)['volume']['$1'])"; }

        """

    /// Ends servers as users do.
    static func end(_ servers: ServerProcess...) async throws {
        for server in servers {
            server.process.signal(SIGTERM)
            let ending = try await server.process.ended()
            #expect(ending.exitCode == 0, "\(ending.text)")
        }
    }
}
