import Foundation
import Testing

@testable import Bench

/// A group has a chart of results and one of latencies, with names that are fit for files.
@Test func groupsHaveTwoCharts() {
    #expect(Chart.charts(of: SmallReport.report).map(\.name) == ["direct-i-o", "direct-i-o.latency"])
    var report = SmallReport.report
    report.workloads[1].group = "direct: I/O"
    #expect(Chart.charts(of: report).map(\.name) == ["direct-i-o", "direct-i-o.latency", "direct-i-o-2"])
    report.samples = []
    #expect(Chart.charts(of: report).isEmpty)
}

/// A chart says what it compares, with the ratio and the result at each bar, and what is missing.
@Test func barsAreLabelled() throws {
    let chart = try #require(Chart.charts(of: SmallReport.report).first)
    let texts = try Picture(chart.svg).texts.map(\.text)
    #expect(texts.first == "Direct I/O: speed relative to ext4")
    for text in [
        "4K read (IOPS)", "RingFUSE, ring", "ext4", "×2.00|20.0k", "×1|10.0k", "1M write", "1.00 GB/s, no ratio",
        "not measured", "ext4 = 1", "95 % confidence interval", "2026-11-26T10:00:00Z · kernel: Linux 6.18",
    ] {
        #expect(texts.contains(text), "\(text)")
    }
}

/// Without a baseline, bars show results, and say so.
@Test func chartsBearAMissingBaseline() throws {
    var report = SmallReport.report
    report.samples.removeAll { $0.contender == "ext4" }
    let chart = try #require(Chart.charts(of: report).first)
    let texts = try Picture(chart.svg).texts.map(\.text)
    #expect(texts.first == "Direct I/O: results")
    #expect(texts.contains("20.0k"))
    #expect(texts.contains("Not measured here: ext4"))
}

/// Latencies are told at their line.
@Test func latenciesAreLabelled() throws {
    let chart = try #require(Chart.charts(of: SmallReport.report).last)
    let texts = try Picture(chart.svg).texts.map(\.text)
    #expect(texts.contains("48.0 µs · 120 µs · 1.50 ms"))
}

/// Whatever names and figures hold, charts are well-formed, stay within their frame, and no text lies upon another.
@Test(
    arguments: [1, 2, 3, 12, 14],
    [
        { _ in 1 }, { $0 % 2 == 0 ? 50 : 0.02 }, { 1 + Double($0) / 10 }, { $0 == 1 ? 0 : 1 },
        { $0 % 2 == 0 ? 1e200 : 1e-80 },
    ] as [@Sendable (Int) -> Double])
func chartsAreWellFormed(contenders: Int, ratio: @Sendable (Int) -> Double) throws {
    let charts = Chart.charts(of: SmallReport.wild(contenders: contenders, ratio: ratio))
    #expect(charts.count >= 3)
    #expect(Set(charts.map(\.name)).count == charts.count)
    for (name, svg) in charts {
        #expect(
            name.utf8.allSatisfy {
                $0 == 0x2D || $0 == 0x2E || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0)
            })
        #expect(!svg.contains("nan") && !svg.contains("inf\""))
        let picture = try Picture(svg)
        for text in picture.texts {
            #expect(text.left >= 0 && text.right <= picture.width, "\(name): \(text)")
            #expect(text.baseline > 10 && text.baseline < picture.height, "\(name): \(text)")
        }
        #expect(picture.overlaps.isEmpty, "\(name): \(picture.overlaps)")
        #expect(picture.places.allSatisfy { (0...max(picture.width, picture.height)).contains($0) })
    }
}

/// Marks lie where their values are.
@Test func scalesPlaceValues() {
    let linear = ChartScale.linear(to: 2, left: 100, right: 300)
    #expect([0, 1, 2, 3].map(linear.position) == [100, 200, 300, 300])
    #expect(linear.ticks.map(\.label) == ["0", "0.5", "1", "1.5", "2"])
    let factors = ChartScale.logarithmic(from: 0.1, to: 10, left: 0, right: 200, label: ChartScale.label)
    #expect([0, 0.1, 1, 10].map { factors.position($0).rounded() } == [0, 0, 100, 200])
    #expect(factors.ticks.map(\.label) == ["0.1", "0.2", "0.5", "1", "2", "5", "10"])
    let decades = ChartScale.logarithmic(from: 0.02, to: 3000, left: 0, right: 200, label: ChartScale.label)
    #expect(decades.ticks.map(\.label) == ["0.1", "1", "10", "100", "1k"])
    let many = ChartScale.logarithmic(from: 1e-200, to: 1e200, left: 0, right: 200, label: ChartScale.label)
    #expect((4...10).contains(many.ticks.count))
}

/// The bars of ratios 2 and 1, measured in the picture: twice as long.
@Test func barsAreAsLongAsTheirRatio() throws {
    let chart = try #require(Chart.charts(of: SmallReport.report).first)
    let bars = try Picture(chart.svg).bars
    #expect(bars.count == 2)
    #expect(abs(bars[0] - 2 * bars[1]) < 0.2)
}
