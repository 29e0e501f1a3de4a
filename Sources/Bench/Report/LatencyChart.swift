/// Latencies of a group: a line from p50 over p99 to p99.9 for each contender in each workload.
struct LatencyChart {
    /// The microseconds that have a place of their own, from a nanosecond to hours; what is beyond lies at the end.
    private static let range = 1e-3...1e10

    private let frame: ChartFrame
    private let table: SummaryTable

    /// A chart of what a table says.
    init(_ frame: ChartFrame, table: SummaryTable) {
        self.frame = frame
        self.table = table
    }

    /// The picture.
    var svg: String {
        let latencies = frame.group.workloads.flatMap { workload in
            frame.entrants.compactMap { table[$0.contender, workload]?.latency }
        }
        let widest = latencies.map { ChartText.width(LatencyChart.label($0)) }.max() ?? 0
        let missing = ChartText.width("not measured")
        let scale = scale(of: latencies, right: frame.plotRight(leaving: max(widest, missing)))
        let legend = [
            ChartLegend.Item(sign: .dot, meaning: "p50"),
            ChartLegend.Item(sign: .diamond, meaning: "p99"),
            ChartLegend.Item(sign: .ring, meaning: "p99.9"),
            ChartLegend.Item(sign: .nothing, meaning: "further left is faster; equal distances are equal factors"),
        ]
        return frame.svg(title: "\(frame.group.name): latency", legend: legend, scale: scale) {
            drawing, entrant, workload, middle in
            guard let latency = table[entrant.contender, workload]?.latency else {
                let text = [Drawing.Run(text: "not measured", style: "weak")]
                return drawing.label(text, scale.left + 8, middle + 4.5)
            }
            let places = [latency.p50, latency.p99, latency.p999].map(scale.position)
            marks(in: &drawing, entrant, at: places, middle)
            let label = [Drawing.Run(text: LatencyChart.label(latency), style: "weak")]
            drawing.label(label, (places.max() ?? scale.left) + 12, middle + 4.5)
        }
    }

    /// Draws a line and its dots, the median last, so that it is seen where all are in one place.
    private func marks(in drawing: inout Drawing, _ entrant: ChartFrame.Entrant, at places: [Double], _ middle: Double)
    {
        let colour = ChartStyle.colour(of: entrant.number)
        let dashes = ChartStyle.isHollow(entrant.number) ? " dashed" : ""
        if let left = places.min(), let right = places.max() {
            drawing.line(left, middle, right, middle, style: "\(colour) span\(dashes)")
        }
        drawing.circle(places[2], middle, radius: 4.5, style: "\(colour) ring")
        drawing.diamond(places[1], middle, radius: 5.5, style: colour)
        drawing.circle(places[0], middle, radius: 5, style: colour)
    }

    /// An axis that holds all latencies.
    private func scale(of latencies: [Summary.Latency], right: Double) -> ChartScale {
        let values = latencies.flatMap { [$0.p50, $0.p99, $0.p999] }.filter { $0 > 0 }
        let lowest = min(max(values.min() ?? 1, LatencyChart.range.lowerBound), LatencyChart.range.upperBound / 10)
        let highest = min(max(values.max() ?? 1, lowest * 4), LatencyChart.range.upperBound)
        return ChartScale.logarithmic(
            from: lowest / 1.15, to: highest, left: frame.plotLeft, right: right, label: LatencyChart.tick)
    }

    /// A tick with its unit.
    private static func tick(_ microseconds: Double) -> String {
        if microseconds < 999.5 { return "\(ChartScale.label(microseconds)) µs" }
        if microseconds < 999_500 { return "\(ChartScale.label(microseconds / 1e3)) ms" }
        return "\(ChartScale.label(microseconds / 1e6)) s"
    }

    /// The three latencies; a unit that all share is told once.
    private static func label(_ latency: Summary.Latency) -> String {
        let times = [latency.p50, latency.p99, latency.p999].map(Figure.time)
        let units = Set(times.map { $0.drop { $0 != " " } })
        if units.count > 1 { return times.joined(separator: " · ") }
        return times.dropLast().map { $0.prefix { $0 != " " } }.joined(separator: " · ") + " · " + times[2]
    }
}
