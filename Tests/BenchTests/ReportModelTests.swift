import Bench
import Foundation
import Testing

/// A report is the same after a way through JSON.
@Test func reportSurvivesJSON() throws {
    let report = Report(
        date: "2026-11-26T10:00:00Z",
        facts: [Report.Fact(name: "kernel", value: "Linux 6.18")],
        contenders: [Report.Contender(identifier: "ringfuse-ring", name: "RingFUSE, ring", command: ["ringfuse"])],
        workloads: [
            Report.Workload(identifier: "read-4k", name: "4K read", group: "Direct I/O", unit: .operationsPerSecond)
        ],
        samples: [
            Sample(
                contender: "ringfuse-ring", workload: "read-4k", round: 0, operationsPerSecond: 1,
                latency: Sample.Latency(mean: 1, p50: 1, p99: 2, p999: 3),
                server: Sample.ServerCost(cpuMicroseconds: 1, contextSwitches: 2))
        ],
        baseline: "ringfuse-ring"
    )
    let decoded = try JSONDecoder().decode(Report.self, from: JSONEncoder().encode(report))
    #expect(decoded == report)
}
