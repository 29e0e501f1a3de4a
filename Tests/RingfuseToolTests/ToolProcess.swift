import Foundation
import Glibc
import Testing

/// The built tool, run as a process.
struct ToolProcess {
    /// What it printed on standard output.
    let output: String
    /// What it printed on standard error.
    let errors: String
    /// Its exit code; minus the number of the signal that ended it.
    let code: Int32

    /// The tool beside the test bundle. SwiftPM builds it before the tests that depend on it.
    static var url: URL {
        // The test process is .build/debug/ringfusePackageTests.xctest.
        URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("ringfuse")
    }

    /// Runs it to its end.
    ///
    /// - Parameters:
    ///   - arguments: what follows the name of the tool.
    ///   - limit: after how many seconds it is killed.
    static func run(_ arguments: String..., limit: TimeInterval = 30) throws -> ToolProcess {
        try run(arguments, limit: limit)
    }

    /// Runs it to its end.
    static func run(_ arguments: [String], limit: TimeInterval = 30) throws -> ToolProcess {
        let process = Process()
        process.executableURL = url
        process.arguments = arguments
        // Files rather than pipes: nobody has to read two at once.
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("ringfuse-tool-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let files = try ["output", "errors"].map { name in
            let file = directory.appendingPathComponent(name)
            try Data().write(to: file)
            return try FileHandle(forWritingTo: file)
        }
        process.standardOutput = files[0]
        process.standardError = files[1]
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let pid = process.processIdentifier
        let watchdog = DispatchWorkItem { kill(pid, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + limit, execute: watchdog)
        process.waitUntilExit()
        watchdog.cancel()
        let texts = try ["output", "errors"].map {
            String(decoding: try Data(contentsOf: directory.appendingPathComponent($0)), as: UTF8.self)
        }
        let killed = process.terminationReason == .uncaughtSignal
        return ToolProcess(
            output: texts[0],
            errors: texts[1],
            code: killed ? -process.terminationStatus : process.terminationStatus
        )
    }
}
