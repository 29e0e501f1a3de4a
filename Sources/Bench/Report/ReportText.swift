/// A report as people read it, in Markdown and for a terminal.
public struct ReportText: Sendable {
    /// What is told.
    let report: Report
    /// Its figures.
    let table: SummaryTable

    /// Makes a report readable.
    public init(_ report: Report) {
        self.report = report
        table = SummaryTable(report)
    }

    /// All summaries of some workloads.
    func summaries(of workloads: [Report.Workload]) -> [Summary] {
        workloads.flatMap { workload in report.contenders.compactMap { table[$0, workload] } }
    }

    /// How many rounds there were, like `5 rounds` or `3 to 5 rounds`.
    var rounds: String {
        let counts = summaries(of: report.workloads).compactMap { $0.result?.count }
        guard let fewest = counts.min(), let most = counts.max() else { return "no round" }
        let range = fewest == most ? "\(most)" : "\(fewest) to \(most)"
        return most == 1 ? "1 round" : "\(range) rounds"
    }

    /// Whether there is a ratio to tell.
    var hasRatios: Bool { summaries(of: report.workloads).contains { $0.comparison != nil } }

    /// What to know about intervals of few rounds; nil where there are enough, or none at all.
    var warning: String? {
        let pairs = summaries(of: report.workloads).compactMap { $0.comparison?.pairs }
        guard let fewest = pairs.min(), fewest < 6 else { return nil }
        return "With fewer than six rounds, 95 % intervals are narrower than they should be."
    }

    /// A contender's name, and whether it is the baseline.
    func name(of contender: Report.Contender) -> String {
        contender.identifier == report.baseline && report.contenders.count > 1
            ? "\(contender.name) (baseline)" : contender.name
    }
}
