extension ReportText {
    /// The columns that a terminal is taken to have.
    private static let width = 120

    /// The report for a terminal: a table for each workload, a row for each contender.
    public var plain: String {
        var text = "Benchmark of \(report.date.printable)\n"
        for fact in report.facts { text += line("\(fact.name): \(fact.value)") }
        text += "\n" + line(legend)
        for group in report.groups {
            text += "\n== \(group.name.printable) ==\n"
            for workload in group.workloads {
                text += "\n\(report.title(of: workload).printable)\n" + rows(of: workload)
            }
        }
        if !report.omissions.isEmpty {
            text += "\nLeft out\n"
            for omission in report.omissions { text += line("* \(omission.subject): \(omission.reason)") }
        }
        return text
    }

    /// Text that wraps at the terminal's edge.
    private func line(_ text: String) -> String {
        TextColumns.wrapped(text.printable, to: ReportText.width, indent: 2) + "\n"
    }

    /// How to read the tables.
    private var legend: String {
        var text = "Medians of \(rounds)"
        if hasRatios, let baseline = report.baselineContender {
            text += "; ratios to \(baseline.name), round by round, with their 95 % interval"
            text += " (where there are fewer than three pairs: their number)"
        }
        text += ". Latencies in µs unless said otherwise; CPU (µs), context switches and system calls of the server "
        text += "for each operation."
        return warning.map { "\(text) \($0)" } ?? text
    }

    /// The table of one workload, of those that took part.
    private func rows(of workload: Report.Workload) -> String {
        var table = PlainTable(
            header: [
                "", "median", "lowest–highest", "ratio", "interval", "p50", "p99", "p99.9", "CPU", "switches", "calls",
            ],
            width: ReportText.width)
        for contender in report.contenders {
            guard let summary = self.table[contender, workload], summary.result != nil else { continue }
            table.rows.append(["  " + name(of: contender).printable] + ReportText.cells(of: summary, workload.unit))
        }
        return table.rows.isEmpty ? line("  Nothing was measured.") : table.text
    }

    /// A contender's figures; what was not measured is empty.
    private static func cells(of summary: Summary, _ unit: Report.Unit) -> [String] {
        let result = summary.result
        let interval = summary.comparison.map { comparison in
            comparison.interval.map { "\(Figure.ratio($0.lowerBound))–\(Figure.ratio($0.upperBound))" }
                ?? "(\(comparison.pairs))"
        }
        return [
            result.map { Figure.result($0.median, unit) } ?? "",
            result.map { Figure.range($0.lowest, $0.highest, unit) } ?? "",
            summary.comparison.map { "×\(Figure.ratio($0.ratio))" } ?? "",
            interval ?? "",
            summary.latency.map { Figure.microseconds($0.p50) } ?? "",
            summary.latency.map { Figure.microseconds($0.p99) } ?? "",
            summary.latency.map { Figure.microseconds($0.p999) } ?? "",
            summary.server.map { Figure.microseconds($0.cpuMicroseconds) } ?? "",
            summary.server.map { Figure.short($0.contextSwitches) } ?? "",
            summary.server?.systemCalls.map(Figure.short) ?? "",
        ]
    }
}
