import Bench
import Testing

/// A report is the same after a way through its own JSON, which is always the same text.
@Test func reportReadsItsOwnJSON() throws {
    let report = SmallReport.report
    let text = try report.json()
    #expect(try Report(json: text) == report)
    #expect(try report.json() == text)
    #expect(text.hasSuffix("}\n"))
    #expect(throws: DecodingError.self) { try Report(json: "{}") }
}

/// What is not a number cannot be told in JSON, and is said so.
@Test func jsonRefusesWhatIsNoNumber() {
    var report = SmallReport.report
    report.samples[0].operationsPerSecond = .nan
    #expect(throws: EncodingError.self) { try report.json() }
}

/// A report merged with another has the other's rounds after its own.
@Test func mergingAppendsRounds() {
    let report = SmallReport.report
    let merged = report.merged(with: report)
    #expect(merged.contenders == report.contenders)
    #expect(merged.workloads == report.workloads)
    #expect(merged.facts == report.facts)
    #expect(merged.omissions == report.omissions)
    #expect(merged.samples.count == 2 * report.samples.count)
    #expect(Set(merged.samples.map(\.round)) == Set(0..<6))
    let summary = SummaryTable(merged)[report.contenders[0], report.workloads[0]]
    #expect(summary?.comparison?.pairs == 6)
    #expect(summary?.comparison?.ratio == 2)
}

/// New contenders, workloads, facts and omissions are added; facts that differ keep both values.
@Test func mergingAddsWhatIsNew() {
    var other = SmallReport.report
    other.contenders[0] = Report.Contender(identifier: "new", name: "New", command: ["new"])
    other.workloads.append(Report.Workload(identifier: "stat", name: "stat", group: "M", unit: .operationsPerSecond))
    other.facts = [Report.Fact(name: "kernel", value: "Linux 7.2"), Report.Fact(name: "CPUs", value: "2")]
    other.omissions = [Report.Omission(subject: "a", reason: "b")]
    let merged = SmallReport.report.merged(with: other)
    #expect(merged.contenders.map(\.identifier) == ["ring", "ext4", "new"])
    #expect(merged.workloads.map(\.identifier) == ["read", "write", "stat"])
    #expect(merged.facts.map(\.value) == ["Linux 6.18; Linux 7.2", "2"])
    #expect(merged.omissions.count == 2)
    #expect(merged.merged(with: other).facts == merged.facts)
}

/// What has the same identifier and means something else is not mixed, and the omissions say so.
@Test func mergingDoesNotMixWhatDiffers() {
    let report = SmallReport.report
    var other = report
    other.contenders[0].name = "RingFUSE, device"
    other.workloads[1].unit = .operationsPerSecond
    let merged = report.merged(with: other)
    #expect(merged.samples.count == report.samples.count + 3)
    #expect(merged.samples.dropFirst(report.samples.count).allSatisfy { $0.contender == "ext4" })
    #expect(merged.omissions.map(\.subject) == ["system calls", "ring", "write"])
}

/// Rounds of any number can be merged.
@Test func mergingBearsAnyRound() {
    var other = SmallReport.report
    other.samples[0].round = .max
    other.samples[1].round = .min
    let merged = other.merged(with: other)
    #expect(Set(merged.samples.map(\.round)) == Set(0..<10))
}
