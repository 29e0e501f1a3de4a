import Foundation
import Testing

@testable import Bench

/// Contenders that break down.
@Suite(.serialized) struct FailureTests {
    /// The tool, which is built beside the tests.
    static var tool: String {
        URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("ringfuse").path
    }

    /// Runs a benchmark of one contender, in a directory that must be empty afterwards.
    static func run(_ command: String) async throws -> (ending: Runner.Ending, report: Report) {
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("bench-tests-\(UUID())")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        var settings = Settings(tool: tool)
        settings.scratch = scratch.path
        settings.workloads = ["direct-randread-4k-sync", "direct-read-1m-sync"]
        settings.contenders = [.pattern("own"), try ContenderOption(parsing: "own=\(command)")]
        settings.rounds = 2
        settings.seconds = 0.2
        settings.startLimit = .seconds(1)
        settings.patience = .seconds(2)
        let machine = Machine.current()
        var runner = Runner(settings, on: machine, plan: try Plan(settings, on: machine))
        let ending = try await runner.run()
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == [])
        #expect(MountTable.mountPoints(below: scratch.path).isEmpty)
        return (ending, runner.report)
    }

    /// One that fails to serve is not asked again.
    @Test(arguments: [
        ("sh -c 'echo no luck; exit 3' {}", ["status 3", "no luck"]),
        ("sh -c 'kill -9 $$' {}", ["status 137"]),
        ("sh -c 'exec sleep 300' {}", ["nothing was mounted within"]),
        ("sh -c 'trap \"\" TERM; while :; do sleep 1; done' {}", ["nothing was mounted within"]),
        ("/no/such/server {}", ["/no/such/server"]),
    ])
    func contenderThatDoesNotServeIsLeftOut(command: String, words: [String]) async throws {
        let (ending, report) = try await Self.run(command)
        #expect(ending == .failed)
        #expect(report.samples.isEmpty)
        #expect(report.omissions.map(\.subject) == ["own"])
        for word in words { #expect(report.omissions[0].reason.contains(word), "\(report.omissions)") }
        #expect(!report.omissions[0].reason.contains("\n"))
    }

    /// Processes of contenders are gone, also those that do not listen.
    @Test func noProcessStaysBehind() async throws {
        let mark = "bench-tests-mark-\(UUID())"
        _ = try await Self.run("sh -c 'trap \"\" TERM; while :; do sleep 1; done' \(mark) {}")
        let left = ProcFile.numbers(in: "/proc").filter { process in
            (ProcFile.read("/proc/\(process)/cmdline") ?? "").contains(mark)
        }
        #expect(left.isEmpty)
    }
}
