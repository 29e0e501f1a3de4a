extension ReportText {
    /// Workloads side by side, at most: more would not fit a page.
    private static let widestTable = 8

    /// The report in Markdown: facts, who took part, tables for each group of workloads, and what was left out.
    public var markdown: String {
        var text = "# Benchmark of \(report.date.escapedForMarkdown)\n\n"
        for fact in report.facts { text += "* **\(fact.name.escapedForMarkdown)**: \(fact.value.escapedForMarkdown)\n" }
        if !report.facts.isEmpty { text += "\n" }
        text += contenders + legend
        for group in report.groups {
            text += "## \(group.name.escapedForMarkdown)\n\n"
            for workloads in parts(of: group.workloads) { text += results(workloads) }
            for workloads in parts(of: group.workloads) { text += spreads(workloads) }
            for workloads in parts(of: group.workloads) { text += latencies(workloads) }
            for workloads in parts(of: group.workloads) { text += costs(workloads) }
            for workloads in parts(of: group.workloads) { text += memory(workloads) }
        }
        if !report.omissions.isEmpty {
            text += "## Left out\n\n"
            for omission in report.omissions {
                text += "* **\(omission.subject.escapedForMarkdown)**: \(omission.reason.escapedForMarkdown)\n"
            }
            text += "\n"
        }
        return String(text.dropLast())
    }

    /// Who took part, with the commands to try again.
    private var contenders: String {
        guard !report.contenders.isEmpty else { return "" }
        let lines = report.contenders.map { contender in
            let command = contender.command.map(\.shellWord).joined(separator: " ")
            let shown = command.isEmpty ? "a file system of the kernel" : command.codeSpan
            return "* **\(name(of: contender).escapedForMarkdown)**: \(shown)\n"
        }
        return "## Contenders\n\n" + lines.joined() + "\n"
    }

    /// How to read the tables.
    private var legend: String {
        var text = "Medians of \(rounds)"
        if hasRatios, let baseline = report.baselineContender {
            text += "; × is the median of the ratios to **\(baseline.name.escapedForMarkdown)**, round by round"
        }
        text += ". \(Figure.missing): not measured."
        if let warning { text += " \(warning)" }
        return text + "\n\n"
    }

    /// Workloads in as many tables as they need.
    private func parts(of workloads: [Report.Workload]) -> [[Report.Workload]] {
        stride(from: 0, to: workloads.count, by: ReportText.widestTable).map {
            Array(workloads[$0..<min($0 + ReportText.widestTable, workloads.count)])
        }
    }

    /// A table of contenders by workloads, without those that have nothing to say; empty if none has.
    private func grid(
        _ workloads: [Report.Workload], title: (Report.Workload) -> String,
        cell: (Summary, Report.Unit) -> String?
    ) -> String {
        var table = MarkdownTable(header: [""] + workloads.map { title($0).escapedForMarkdown })
        for contender in report.contenders {
            let cells = workloads.map { workload in
                self.table[contender, workload].flatMap { cell($0, workload.unit) }
            }
            guard cells.contains(where: { $0 != nil }) else { continue }
            table.rows.append([name(of: contender).escapedForMarkdown] + cells.map { $0 ?? Figure.missing })
        }
        return table.rows.isEmpty ? "" : table.text
    }

    /// Medians and ratios.
    private func results(_ workloads: [Report.Workload]) -> String {
        let table = grid(workloads, title: report.title) { summary, unit in
            guard let result = summary.result else { return nil }
            let ratio = summary.comparison.map { ", **×\(Figure.ratio($0.ratio))**" } ?? ""
            return Figure.result(result.median, unit) + ratio
        }
        return table.isEmpty ? "Nothing was measured.\n\n" : table
    }

    /// How far the rounds lie apart, and how far ratios can be trusted.
    private func spreads(_ workloads: [Report.Workload]) -> String {
        let table = grid(workloads, title: report.title) { summary, unit in
            guard let result = summary.result else { return nil }
            let range = Figure.range(result.lowest, result.highest, unit)
            return summary.comparison.map { "\(range), \(ReportText.interval($0))" } ?? range
        }
        let title = hasRatios ? "lowest to highest, and 95 % interval of the ratio" : "lowest to highest"
        return table.isEmpty ? "" : "### Spread: \(title)\n\n" + table
    }

    /// A ratio's interval, or why there is none.
    private static func interval(_ comparison: Comparison) -> String {
        guard let interval = comparison.interval else {
            return "no interval (\(comparison.pairs) \(comparison.pairs == 1 ? "pair" : "pairs"))"
        }
        return "×\(Figure.ratio(interval.lowerBound))–\(Figure.ratio(interval.upperBound))"
    }

    /// How long operations took.
    private func latencies(_ workloads: [Report.Workload]) -> String {
        let table = grid(workloads, title: \.name) { summary, _ in
            summary.latency.map { latency in
                [latency.p50, latency.p99, latency.p999].map(Figure.microseconds).joined(separator: " / ")
            }
        }
        return table.isEmpty ? "" : "### Latency: p50 / p99 / p99.9, in µs unless said otherwise\n\n" + table
    }

    /// What servers spent.
    private func costs(_ workloads: [Report.Workload]) -> String {
        let table = grid(workloads, title: \.name) { summary, _ in
            summary.server.map { server in
                let counts = [server.contextSwitches, server.systemCalls].map { $0.map(Figure.short) ?? Figure.missing }
                return ([Figure.microseconds(server.cpuMicroseconds)] + counts).joined(separator: " / ")
            }
        }
        let title = "### Server, for each operation: CPU in µs / context switches / system calls"
        return table.isEmpty ? "" : title + "\n\n" + table
    }

    /// What servers took of memory.
    private func memory(_ workloads: [Report.Workload]) -> String {
        let table = grid(workloads, title: \.name) { summary, _ in
            summary.server?.peakBytes.map { "\(Figure.short($0))B" }
        }
        return table.isEmpty ? "" : "### Server: most memory resident at a time, from its start to the end\n\n" + table
    }
}
