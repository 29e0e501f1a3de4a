import Bench
import Foundation
import Glibc
import SystemPackage
import Testing

/// `ringfuse bench` on real mounts, as its users call it.
@Suite(.serialized, .enabled(if: isRoot, "benchmarks mount")) struct BenchTests {
    /// Starts a benchmark whose mounts and files are outside of the repository.
    private static func start(_ words: [String], scratch: Scratch) async throws -> ChildProcess {
        try await ChildProcess.start(
            [ServerProcess.tool.string, "bench", "--scratch", scratch.outside.string, "--yardsticks", "/nowhere"]
                + words, limit: .seconds(240))
    }

    /// What was written as JSON.
    private static func report(_ path: FilePath) throws -> Report {
        try Report(json: String(contentsOfFile: path.string, encoding: .utf8))
    }

    /// Nothing is mounted and nothing lies about.
    private static func expectNothingLeft(_ scratch: Scratch, besides files: Set<String>) async throws {
        #expect(Set(try directoryEntries(scratch.outside)).subtracting(files).isEmpty)
        let mounts = try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
        #expect(!mounts.contains(scratch.outside.string))
        #expect(try await !Program.run("losetup", "--list").text.contains(scratch.outside.string))
    }

    /// Every contender that is there has a complete sample for each workload of its kind, in each round.
    @Test func everyContenderIsMeasured() async throws {
        try RequireRing.now()
        try await withScratch { scratch in
            let json = scratch.outside.appending("report.json")
            let child = try await Self.start(
                [
                    "--workload", "direct-randread-4k-qd4", "--workload", "buffered-read-1m-sync",
                    "--workload", "memory-create", "--workload", "memory-readdir",
                    "--workload", "mirror-direct-read-128k-sync", "--seconds", "0.2", "--rounds", "2",
                    "--files", "500", "--json", json.string, "--charts", scratch.outside.appending("charts").string,
                ], scratch: scratch)
            let ending = try await child.ended(within: .seconds(260))
            #expect(ending.exitCode == 0, "\(ending.text)")
            let report = try Self.report(json)
            #expect(
                Set(report.contenders.map(\.identifier)) == [
                    "ringfuse-ring", "ringfuse-device", "ringfuse-passthrough", "ext4", "tmpfs", "source",
                ])
            let kinds = ["direct": 2, "buffered": 2, "memory": 4, "mirror": 4]
            for workload in report.workloads {
                let samples = report.samples.filter { $0.workload == workload.identifier }
                let kind = String(workload.identifier.prefix { $0 != "-" })
                #expect(samples.count == (kinds[kind] ?? 0) * 2, "\(workload.identifier)")
                for sample in samples { Self.check(sample, of: workload) }
            }
            #expect(try directoryEntries(scratch.outside.appending("charts")).isEmpty == false)
            #expect(ending.text.contains("RingFUSE, device"))
            try await Self.expectNothingLeft(scratch, besides: ["report.json", "charts"])
        }
    }

    /// A sample has all that can be measured of its contender.
    private static func check(_ sample: Sample, of workload: Report.Workload) {
        #expect(sample.operationsPerSecond > 0)
        #expect((sample.bytesPerSecond > 0) == !workload.identifier.hasPrefix("memory"))
        #expect((sample.latency?.p999 ?? 0) > 0)
        guard sample.contender.hasPrefix("ringfuse") else {
            #expect(sample.server == nil)
            return
        }
        #expect(sample.server != nil)
        // With passthrough the kernel serves reads alone.
        guard sample.contender != "ringfuse-passthrough" else { return }
        #expect((sample.server?.cpuMicroseconds ?? 0) > 0, "\(sample)")
        #expect((sample.server?.systemCalls != nil) == (sample.round == 0))
        guard sample.round == 0 else { return }
        #expect((sample.server?.systemCalls ?? 0) > 0, "\(sample)")
        // Reads through the page cache reach the server all the same: a request is no larger than one of them.
        guard workload.identifier == "buffered-read-1m-sync" else { return }
        #expect((sample.server?.systemCalls ?? 0) >= 0.9, "\(sample)")
    }

    /// What was measured until Ctrl-C is printed, and nothing stays mounted.
    @Test func interruptEndsAndTells() async throws {
        try await withScratch { scratch in
            let json = scratch.outside.appending("report.json")
            let child = try await Self.start(
                [
                    "--workload", "direct-randread-4k-*", "--contender", "ringfuse-device", "--rounds", "100",
                    "--seconds", "0.3", "--json", json.string,
                ], scratch: scratch)
            // In the middle of the third run.
            try await child.wrote("[3/")
            child.signal(SIGINT)
            let ending = try await child.ended()
            #expect(ending.exitCode == 130, "\(ending.text)")
            #expect(ending.text.contains("== Direct I/O =="))
            let samples = try Self.report(json).samples
            // How many more began before the signal came is the machine's to say; all of it would be minutes.
            #expect((2..<50).contains(samples.count), "\(samples)")
            try await Self.expectNothingLeft(scratch, besides: ["report.json"])
        }
    }

    /// A server that stops answering is given up, and those after it are measured.
    @Test func serverThatHangsIsGivenUp() async throws {
        try await withScratch { scratch in
            let json = scratch.outside.appending("report.json")
            let script = scratch.outside.appending("hanging")
            // It mounts, and answers nobody from then on.
            try """
            #!/bin/bash
            '\(ServerProcess.tool)' mount null "$1" --transport device >/dev/null &
            until grep -q " $1 " /proc/self/mountinfo; do sleep 0.01; done
            stat -f "$1" >/dev/null
            kill -STOP $!
            wait
            """.write(toFile: script.string, atomically: true, encoding: .utf8)
            _ = unsafe chmod(script.string, 0o755)
            let child = try await Self.start(
                [
                    "--workload", "direct-randread-4k-sync", "--contender", "ringfuse-device",
                    "--contender", "hanging=\(script)", "--rounds", "2", "--seconds", "0.2", "--patience", "2",
                    "--json", json.string,
                ], scratch: scratch)
            let ending = try await child.ended()
            #expect(ending.exitCode == 1, "\(ending.text)")
            let report = try Self.report(json)
            #expect(report.samples.map(\.contender) == ["ringfuse-device", "ringfuse-device"])
            let omission = try #require(report.omissions.first { $0.subject == "hanging" })
            #expect(omission.reason.contains("did not end within"), "\(omission)")
            try await Self.expectNothingLeft(scratch, besides: ["report.json", "hanging"])
            #expect(try await Program.run("pgrep", "-f", script.string).exitCode == 1)
        }
    }
}
