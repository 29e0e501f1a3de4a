import Foundation
import Glibc
import Testing

/// The built tool, run as a process.
final class ToolProcess {
    /// What a run left.
    struct Outcome {
        /// What it printed on standard output.
        let output: String
        /// What it printed on standard error.
        let errors: String
        /// Its exit code; minus the number of the signal that ended it.
        let code: Int32
    }

    /// The process.
    private let process = Process()

    /// Holds what it prints: files rather than pipes, so that nobody has to read two at once.
    private let directory: URL

    /// The tool beside the test bundle. SwiftPM builds it before the tests that depend on it.
    static var url: URL {
        // The test process is .build/debug/ringfusePackageTests.xctest.
        URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("ringfuse")
    }

    /// Starts it.
    ///
    /// - Parameters:
    ///   - arguments: what follows the name of the tool.
    ///   - environment: variables that it gets besides those of the tests.
    init(_ arguments: [String], environment: [String: String] = [:]) throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("ringfuse-tool-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        process.executableURL = Self.url
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try file("output")
        process.standardError = try file("errors")
        try process.run()
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    /// A new file for what it prints.
    private func file(_ name: String) throws -> FileHandle {
        let url = directory.appendingPathComponent(name)
        try Data().write(to: url)
        return try FileHandle(forWritingTo: url)
    }

    /// What it has printed so far.
    func text(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: directory.appendingPathComponent(name)), as: UTF8.self)
    }

    /// Sends it a signal.
    func send(_ signal: Int32) {
        kill(process.processIdentifier, signal)
    }

    /// Waits until it has printed something on standard output, as a server does once its mount answers.
    func waitForOutput(limit: TimeInterval = 20) throws -> String {
        let end = Date().addingTimeInterval(limit)
        while Date() < end, process.isRunning {
            let output = try text("output")
            if output.hasSuffix("\n") { return output }
            usleep(10_000)
        }
        Issue.record("no output: \(try text("errors"))")
        return ""
    }

    /// Waits for its end; kills it after so many seconds.
    func finish(limit: TimeInterval = 30) throws -> Outcome {
        let pid = process.processIdentifier
        let watchdog = DispatchWorkItem { kill(pid, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + limit, execute: watchdog)
        process.waitUntilExit()
        watchdog.cancel()
        let killed = process.terminationReason == .uncaughtSignal
        return Outcome(
            output: try text("output"),
            errors: try text("errors"),
            code: killed ? -process.terminationStatus : process.terminationStatus
        )
    }

    /// Runs it to its end.
    static func run(_ arguments: String...) throws -> Outcome {
        try run(arguments)
    }

    /// Runs it to its end.
    static func run(_ arguments: [String]) throws -> Outcome {
        try ToolProcess(arguments).finish()
    }
}
