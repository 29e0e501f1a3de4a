/// What all charts of a group have in common: where names, marks and notes are.
struct ChartFrame {
    /// A contender and its place in the report, from which its colour follows.
    struct Entrant {
        /// The place in the report.
        let number: Int
        /// Who it is.
        let contender: Report.Contender
    }

    /// The width of a picture.
    static let width = 960.0
    /// What is kept free at both sides.
    static let margin = 24.0
    /// What names of contenders may take.
    private static let widestName = 280.0
    /// The heights of a workload's name, of a row, and of the gap behind a workload.
    private static let (headingHeight, rowHeight, gapHeight) = (24.0, 20.0, 16.0)
    /// Where the legend's first line is written, and how far apart its lines are.
    private static let (legendTop, legendHeight) = (64.0, 20.0)

    /// The whole report.
    let report: Report
    /// The workloads that are drawn.
    let group: Report.Group
    /// The contenders that are drawn: a row each, in each workload.
    let entrants: [Entrant]
    /// The names of those that nothing is known of here.
    private let absent: [String]
    /// What the names take.
    private let nameWidth: Double

    /// A frame for all contenders and workloads of which something is known; nil if there are none.
    init?(_ report: Report, _ group: Report.Group, where isKnown: (Report.Contender, Report.Workload) -> Bool) {
        self.report = report
        let workloads = group.workloads.filter { workload in report.contenders.contains { isKnown($0, workload) } }
        self.group = Report.Group(name: group.name, workloads: workloads)
        let all = report.contenders.enumerated().map { Entrant(number: $0, contender: $1) }
        entrants = all.filter { entrant in workloads.contains { isKnown(entrant.contender, $0) } }
        absent = report.contenders.filter { one in !workloads.contains { isKnown(one, $0) } }.map(\.name.printable)
        let widest = entrants.map { ChartText.width($0.contender.name.printable) }.max() ?? 0
        nameWidth = min(widest, ChartFrame.widestName)
        if entrants.isEmpty { return nil }
    }

    /// Where marks may begin.
    var plotLeft: Double { ChartFrame.margin + nameWidth + 12 }

    /// Where marks have to end, so that a text of this width fits behind them.
    func plotRight(leaving width: Double) -> Double { ChartFrame.width - ChartFrame.margin - width - 10 }

    /// The picture.
    /// - Parameters:
    ///   - title: What it shows.
    ///   - legend: How to read it.
    ///   - scale: The axis; nil if each workload has its own.
    ///   - base: The value that others are held against.
    ///   - row: Draws the marks of one row, whose middle is at the given height.
    func svg(
        title: String, legend: [ChartLegend.Item], scale: ChartScale?, base: Double? = nil,
        row: (inout Drawing, Entrant, Report.Workload, Double) -> Void
    ) -> String {
        var drawing = Drawing()
        let whole = title.printable
        let room = ChartFrame.width - 2 * ChartFrame.margin
        let shown = ChartText.shortened(whole, to: room, size: ChartText.titleSize, isBold: true)
        drawing.text(shown, ChartFrame.margin, 38, style: "title", whole: whole)
        let legend = ChartLegend(items: legend, left: ChartFrame.margin, right: ChartFrame.width - ChartFrame.margin)
        legend.draw(in: &drawing, top: ChartFrame.legendTop, lineHeight: ChartFrame.legendHeight)
        let top = ChartFrame.legendTop + ChartFrame.legendHeight * Double(legend.lines) + (scale == nil ? -16 : 8)
        var bottom = top
        if let scale { drawTicks(scale, in: &drawing, at: top) }
        for workload in group.workloads {
            bottom = drawCluster(workload, top: bottom + ChartFrame.gapHeight, scale, base, in: &drawing, row)
        }
        if let scale { drawTicks(scale, in: &drawing, at: bottom + 18) }
        let end = drawNotes(in: &drawing, from: bottom + (scale == nil ? 26 : 44))
        return drawing.svg(
            width: ChartFrame.width, height: end, title: whole,
            description: "\(entrants.count) contenders, \(group.workloads.count) workloads; the report has the figures."
        )
    }

    /// Draws one workload and tells where it ends.
    private func drawCluster(
        _ workload: Report.Workload, top: Double, _ scale: ChartScale?, _ base: Double?, in drawing: inout Drawing,
        _ row: (inout Drawing, Entrant, Report.Workload, Double) -> Void
    ) -> Double {
        let title = report.title(of: workload).printable
        let room = ChartFrame.width - 2 * ChartFrame.margin
        let shown = ChartText.shortened(title, to: room, isBold: true)
        drawing.text(shown, ChartFrame.margin, top + 14, style: "strong", whole: title)
        let first = top + ChartFrame.headingHeight
        let bottom = first + ChartFrame.rowHeight * Double(entrants.count)
        if let scale {
            for tick in scale.ticks where tick.value != base {
                let place = scale.position(tick.value)
                drawing.line(place, first, place, bottom, style: "grid")
            }
        } else {
            drawing.line(plotLeft, first, plotLeft, bottom, style: "grid")
        }
        for (place, entrant) in entrants.enumerated() {
            let middle = first + ChartFrame.rowHeight * (Double(place) + 0.5)
            let name = entrant.contender.name.printable
            let short = ChartText.shortened(name, to: nameWidth + 0.01)
            drawing.text(short, plotLeft - 10, middle + 4.5, anchor: .end, whole: name)
            row(&drawing, entrant, workload, middle)
        }
        if let base, let place = scale?.position(base) {
            drawing.line(place, first - 2, place, bottom + 2, style: "base")
        }
        return bottom
    }

    /// Writes the labels of an axis.
    private func drawTicks(_ scale: ChartScale, in drawing: inout Drawing, at baseline: Double) {
        for tick in scale.ticks {
            drawing.text(tick.label, scale.position(tick.value), baseline, style: "note", anchor: .middle)
        }
    }

    /// Writes who is missing and where this comes from, and tells where the picture ends.
    private func drawNotes(in drawing: inout Drawing, from baseline: Double) -> Double {
        var lines = absent.isEmpty ? [] : packed(["Not measured here: "] + absent, between: "; ")
        lines += packed([report.date] + report.facts.map { "\($0.name): \($0.value)" }, between: " · ")
        for (place, line) in lines.enumerated() {
            drawing.text(line, ChartFrame.margin, baseline + 18 * Double(place), style: "note")
        }
        return baseline + 18 * Double(lines.count)
    }

    /// Parts of a note in as many lines as they need; a part that is too wide for a line is shortened.
    private func packed(_ parts: [String], between: String) -> [String] {
        let room = ChartFrame.width - 2 * ChartFrame.margin
        var lines: [String] = []
        for part in parts {
            let part = ChartText.shortened(part.printable, to: room, size: ChartText.smallSize)
            let longer = lines.last.map { $0.hasSuffix(": ") ? $0 + part : $0 + between + part }
            if let longer, ChartText.width(longer, size: ChartText.smallSize) <= room {
                lines[lines.count - 1] = longer
            } else {
                lines.append(part)
            }
        }
        return lines
    }
}
