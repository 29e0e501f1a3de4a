import Testing

@testable import Bench

/// A ratio is the median of the rounds' ratios, not the ratio of the medians.
@Test func ratioIsPairedByRound() throws {
    let comparison = try #require(Comparison(pairs: [(2, 1), (3, 2), (8, 2)]))
    #expect(comparison.ratio == 2)
    #expect(comparison.pairs == 3)
    #expect(comparison.interval == 1.5...4)
}

/// A pair needs both, and a baseline above zero; a result of zero is one.
@Test func pairsNeedBoth() throws {
    let comparison = try #require(Comparison(pairs: [(1, 0), (.nan, 1), (1, -1), (3, 2), (0, 1)]))
    #expect(comparison.pairs == 2)
    #expect(comparison.ratio == 0.75)
    #expect(comparison.interval == nil)
    #expect(Comparison(pairs: []) == nil)
    #expect(Comparison(pairs: [(1, 0)]) == nil)
    #expect(Comparison(pairs: [(1e300, 1e-300)]) == nil)
}

/// Rounds that only one of both has do not count for the ratio, but for the median.
@Test func summaryPairsRoundsThatBothHave() throws {
    let summary = Summary(
        samples: [sample(0, 100), sample(1, 20), sample(2, 60)],
        baseline: [sample(3, 1), sample(2, 20), sample(1, 10)], unit: .operationsPerSecond)
    #expect(summary.result?.median == 60)
    #expect(summary.result?.count == 3)
    #expect(summary.comparison?.pairs == 2)
    #expect(summary.comparison?.ratio == 2.5)
    #expect(summary.comparison?.interval == nil)
}

/// The last sample of a round counts.
@Test func summaryTakesTheLastSampleOfARound() {
    let summary = Summary(samples: [sample(0, 1), sample(0, 3)], baseline: nil, unit: .operationsPerSecond)
    #expect(summary.result == Spread([3]))
    #expect(summary.comparison == nil)
}

/// The unit of the workload decides what is compared.
@Test func summaryFollowsTheUnit() {
    let samples = [Sample(contender: "a", workload: "w", round: 0, operationsPerSecond: 2, bytesPerSecond: 8192)]
    #expect(Summary(samples: samples, baseline: nil, unit: .bytesPerSecond).result?.median == 8192)
    #expect(Summary(samples: samples, baseline: nil, unit: .operationsPerSecond).result?.median == 2)
}

/// Latencies and costs are medians of the rounds that tell them.
@Test func summaryLeavesOutRoundsWithoutLatencyOrCost() throws {
    var samples = (0..<4).map { sample($0, 1) }
    samples[0].latency = Sample.Latency(mean: 0, p50: 1, p99: 30, p999: 100)
    samples[2].latency = Sample.Latency(mean: 0, p50: 3, p99: 10, p999: 400)
    samples[3].latency = Sample.Latency(mean: 0, p50: 2, p99: 20, p999: 300)
    samples[1].server = Sample.ServerCost(cpuMicroseconds: 5, contextSwitches: 1, systemCalls: 2)
    samples[2].server = Sample.ServerCost(cpuMicroseconds: 7, contextSwitches: 2)
    let summary = Summary(samples: samples, baseline: nil, unit: .operationsPerSecond)
    let latency = try #require(summary.latency)
    #expect([latency.p50, latency.p99, latency.p999] == [2, 20, 300])
    let server = try #require(summary.server)
    #expect([server.cpuMicroseconds, server.contextSwitches, server.systemCalls] == [6, 1.5, 2])
}

/// Where nothing was measured, nothing is told.
@Test func summaryOfNothingIsEmpty() {
    let summary = Summary(samples: [], baseline: [sample(0, 1)], unit: .operationsPerSecond)
    #expect(summary.result == nil)
    #expect(summary.comparison == nil)
    #expect(summary.latency == nil)
    #expect(summary.server == nil)
}

/// The table knows what the report lists, and the baseline is not compared with itself.
@Test func tableKnowsWhatTheReportLists() throws {
    var report = SmallReport.report
    report.samples.append(
        Sample(contender: "stranger", workload: "read", round: 0, operationsPerSecond: 1))
    let table = SummaryTable(report)
    let ring = try #require(table[report.contenders[0], report.workloads[0]])
    #expect(ring.comparison?.ratio == 2)
    #expect(table[report.contenders[1], report.workloads[0]]?.comparison == nil)
    let stranger = Report.Contender(identifier: "stranger", name: "", command: [])
    #expect(table[stranger, report.workloads[0]] == nil)
}

/// A sample of one round.
private func sample(_ round: Int, _ operationsPerSecond: Double) -> Sample {
    Sample(contender: "a", workload: "w", round: round, operationsPerSecond: operationsPerSecond)
}
