import Glibc
import RingFUSE
import SystemPackage
import Testing

/// A mount that a process of its own serves: the command-line tool.
struct ServerProcess {
    /// Where its mount point is, and directories beside it.
    let scratch: Scratch
    /// The process.
    let process: ChildProcess

    /// The mount point.
    var path: FilePath { scratch.mountPoint }

    /// The tool, which is built beside the tests.
    static let tool: FilePath = {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = unsafe readlink("/proc/self/exe", &path, path.count - 1)
        precondition(count > 0, "every process has an executable")
        return FilePath(platformString: path).removingLastComponent().appending("ringfuse")
    }()

    /// Mounts.
    ///
    /// - Parameters:
    ///   - metadata: the URL of a volume; of one in a file, the file beside the mount where nothing is said.
    ///   - flags: more flags of the tool.
    ///   - launcher: a program that starts the tool, and its arguments before the tool's.
    ///   - limit: how long the server may run.
    /// - Returns: once the mount answers.
    static func start(
        _ kind: Kind,
        by way: Way,
        scratch: Scratch,
        metadata: String? = nil,
        options: [String] = [],
        launcher: [String] = [],
        limit: Duration = .seconds(60)
    ) async throws -> ServerProcess {
        if way == .ring { try RequireRing.now() }
        var words = launcher + [tool.string]
        switch kind {
        case .memory: words += ["mount", "memory"]
        case .mirror: words += ["mount", "mirror", scratch.source.string]
        case .store, .shared:
            words += ["store", "mount", metadata ?? scratch.outside.appending("volume.db").string]
        }
        words += [scratch.mountPoint.string, "--transport", way.rawValue] + options
        let server = ServerProcess(scratch: scratch, process: try await ChildProcess.start(words, limit: limit))
        try await server.process.wrote("unmount:")
        #expect(server.process.text.contains(way == .ring ? "transport: ring" : "transport: /dev/fuse"))
        #expect(try scratch.isMounted)
        return server
    }

    /// Runs a script of bash in the root of the mount; it must succeed.
    func check(_ script: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await Program.check(script: script, scratch: scratch, in: path, sourceLocation: sourceLocation)
    }
}
