/// Results of a group: a bar for each contender in each workload.
///
/// Where ratios to the baseline are known, bars show them, on an axis of factors if they lie far apart. Where none is
/// known, bars show the results, each workload on a scale of its own.
struct BarChart {
    /// From this ratio on, an axis from 0 would make the others too small to see.
    private static let steepest = 6.0
    /// The largest ratio, and the inverse of the least, that have a place of their own; what is beyond lies at the end.
    private static let widest = 1e6
    /// The height of a bar.
    private static let height = 13.0

    private let frame: ChartFrame
    private let table: SummaryTable

    /// A chart of what a table says.
    init(_ frame: ChartFrame, table: SummaryTable) {
        self.frame = frame
        self.table = table
    }

    /// All that is drawn.
    private var summaries: [Summary] {
        frame.group.workloads.flatMap { workload in
            frame.entrants.compactMap { table[$0.contender, workload] }
        }
    }

    /// The picture.
    var svg: String {
        let comparisons = summaries.compactMap(\.comparison)
        let widest = frame.group.workloads.flatMap { workload in
            frame.entrants.map { BarChart.width(of: label($0, workload, isRelative: !comparisons.isEmpty)) }
        }.max()
        let right = frame.plotRight(leaving: widest ?? 0)
        if comparisons.isEmpty { return absolute(right: right) }
        return relative(comparisons, scale: scale(of: comparisons, right: right))
    }

    /// Ratios to the baseline.
    private func relative(_ comparisons: [Comparison], scale: ChartScale) -> String {
        let baseline = frame.report.baselineContender?.name ?? frame.report.baseline
        var legend = [ChartLegend.Item(sign: .bar, meaning: "median of the ratios, round by round")]
        if comparisons.contains(where: { $0.interval != nil }) {
            legend.append(ChartLegend.Item(sign: .whisker, meaning: "95 % confidence interval"))
        }
        legend.append(ChartLegend.Item(sign: .base, meaning: "\(baseline) = 1"))
        let more = "further right is faster; equal distances are equal factors"
        legend.append(ChartLegend.Item(sign: .nothing, meaning: scale.isLogarithmic ? more : "longer is faster"))
        return frame.svg(
            title: "\(frame.group.name): speed relative to \(baseline)", legend: legend, scale: scale, base: 1
        ) { drawing, entrant, workload, middle in
            guard let summary = table[entrant.contender, workload] else { return }
            let start = scale.isLogarithmic ? scale.position(1) : scale.left
            let isBaseline = entrant.contender.identifier == frame.report.baseline
            let ratio = summary.comparison?.ratio ?? (isBaseline && summary.result != nil ? 1 : nil)
            var end = start
            if let ratio {
                end = max(end, scale.position(ratio))
                bar(in: &drawing, entrant, from: start, to: scale.position(ratio), middle)
            }
            if let interval = summary.comparison?.interval {
                let (low, high) = (scale.position(interval.lowerBound), scale.position(interval.upperBound))
                drawing.whisker(from: low, to: high, at: middle)
                end = max(end, high)
            }
            let runs = label(entrant, workload, isRelative: true)
            drawing.label(runs, end + 8, middle + 4.5)
        }
    }

    /// Results, each workload on a scale of its own.
    private func absolute(right: Double) -> String {
        var legend = [ChartLegend.Item(sign: .bar, meaning: "median of the rounds")]
        if summaries.contains(where: { ($0.result?.count ?? 0) > 1 }) {
            legend.append(ChartLegend.Item(sign: .whisker, meaning: "lowest to highest"))
        }
        legend.append(ChartLegend.Item(sign: .nothing, meaning: "longer is faster; each workload has its own scale"))
        return frame.svg(title: "\(frame.group.name): results", legend: legend, scale: nil) {
            drawing, entrant, workload, middle in
            let results = frame.entrants.compactMap { table[$0.contender, workload]?.result }
            let highest = results.map(\.highest).max() ?? 0
            let scale = ChartScale.linear(to: highest > 0 ? highest : 1, left: frame.plotLeft, right: right)
            var end = scale.left
            if let result = table[entrant.contender, workload]?.result {
                end = scale.position(result.median)
                bar(in: &drawing, entrant, from: scale.left, to: end, middle)
                if result.count > 1 {
                    drawing.whisker(from: scale.position(result.lowest), to: scale.position(result.highest), at: middle)
                    end = scale.position(result.highest)
                }
            }
            drawing.label(label(entrant, workload, isRelative: false), end + 8, middle + 4.5)
        }
    }

    /// Draws a bar in the contender's colour.
    private func bar(
        in drawing: inout Drawing, _ entrant: ChartFrame.Entrant, from start: Double, to end: Double, _ middle: Double
    ) {
        let fill = ChartStyle.isHollow(entrant.number) ? "hollow" : "solid"
        drawing.rectangle(
            left: min(start, end), top: middle - BarChart.height / 2, width: max(1, abs(end - start)),
            height: BarChart.height, style: "\(ChartStyle.colour(of: entrant.number)) \(fill)")
    }

    /// An axis that holds all ratios, their intervals, and 1.
    private func scale(of comparisons: [Comparison], right: Double) -> ChartScale {
        let values = comparisons.flatMap { comparison in
            [comparison.ratio] + (comparison.interval.map { [$0.lowerBound, $0.upperBound] } ?? [])
        }
        let highest = min(max(1, values.max() ?? 1), BarChart.widest)
        guard highest > BarChart.steepest else {
            return ChartScale.linear(to: highest, left: frame.plotLeft, right: right)
        }
        let lowest = max(min(0.5, values.filter { $0 > 0 }.min() ?? 0.5), 1 / BarChart.widest)
        return ChartScale.logarithmic(
            from: lowest / 1.1, to: highest, left: frame.plotLeft, right: right, label: ChartScale.label)
    }

    /// What is written at a bar.
    private func label(
        _ entrant: ChartFrame.Entrant, _ workload: Report.Workload, isRelative: Bool
    ) -> [Drawing.Run] {
        let summary = table[entrant.contender, workload]
        guard let result = summary?.result else { return [Drawing.Run(text: "not measured", style: "weak")] }
        let figure = Figure.result(result.median, workload.unit)
        guard isRelative else { return [Drawing.Run(text: figure, style: "strong")] }
        if let comparison = summary?.comparison {
            return [
                Drawing.Run(text: "×\(Figure.ratio(comparison.ratio))", style: "strong"),
                Drawing.Run(text: figure, style: "weak"),
            ]
        }
        if entrant.contender.identifier == frame.report.baseline {
            return [Drawing.Run(text: "×1", style: "strong"), Drawing.Run(text: figure, style: "weak")]
        }
        return [Drawing.Run(text: "\(figure), no ratio", style: "weak")]
    }

    /// What a label takes.
    private static func width(of runs: [Drawing.Run]) -> Double {
        runs.reduce(0) { $0 + ChartText.width($1.text, isBold: $1.style == "strong") + Drawing.gap }
    }
}
