/// An SVG picture while it is drawn; all sizes are pixels.
struct Drawing {
    /// Where a text starts, or ends, or has its middle.
    enum Anchor: String {
        case start
        case middle
        case end
    }

    /// A part of a text in a style of its own.
    struct Run {
        /// The text, in a name's own letters.
        let text: String
        /// Its classes.
        let style: String
    }

    /// What lies below.
    private var elements = ""
    /// Texts at marks, which lie above all lines.
    private var labels = ""

    /// An empty picture.
    init() {}

    /// A bar.
    mutating func rectangle(left: Double, top: Double, width: Double, height: Double, style: String) {
        elements += "<rect x=\"\(Drawing.number(left))\" y=\"\(Drawing.number(top))\" "
        elements += "width=\"\(Drawing.number(max(0, width)))\" height=\"\(Drawing.number(height))\" "
        elements += "rx=\"1\" class=\"\(style)\"/>\n"
    }

    /// A straight line.
    mutating func line(_ startX: Double, _ startY: Double, _ endX: Double, _ endY: Double, style: String) {
        elements += "<line x1=\"\(Drawing.number(startX))\" y1=\"\(Drawing.number(startY))\" "
        elements += "x2=\"\(Drawing.number(endX))\" y2=\"\(Drawing.number(endY))\" class=\"\(style)\"/>\n"
    }

    /// A dot.
    mutating func circle(_ centerX: Double, _ centerY: Double, radius: Double, style: String) {
        elements += "<circle cx=\"\(Drawing.number(centerX))\" cy=\"\(Drawing.number(centerY))\" "
        elements += "r=\"\(Drawing.number(radius))\" class=\"\(style)\"/>\n"
    }

    /// A square that stands on a corner.
    mutating func diamond(_ centerX: Double, _ centerY: Double, radius: Double, style: String) {
        let corners = [(0.0, -radius), (radius, 0), (0, radius), (-radius, 0)].map {
            "\(Drawing.number(centerX + $0)),\(Drawing.number(centerY + $1))"
        }
        elements += "<polygon points=\"\(corners.joined(separator: " "))\" class=\"\(style)\"/>\n"
    }

    /// A line of an interval with a bar at each end, with a rim that parts it from what is below.
    mutating func whisker(from left: Double, to right: Double, at center: Double) {
        let (left, right) = (Drawing.number(left), Drawing.number(right))
        let (top, middle, bottom) = (
            Drawing.number(center - 3.5), Drawing.number(center), Drawing.number(center + 3.5)
        )
        let path = "M\(left) \(top)V\(bottom)M\(left) \(middle)H\(right)M\(right) \(top)V\(bottom)"
        for style in ["rim", "whisker"] { elements += "<path d=\"\(path)\" class=\"\(style)\"/>\n" }
    }

    /// Text; if it is shortened, the whole text is its tooltip.
    mutating func text(
        _ text: String, _ positionX: Double, _ baseline: Double, style: String = "", anchor: Anchor = .start,
        whole: String? = nil
    ) {
        let tooltip = whole.flatMap { $0 == text ? nil : "<title>\($0.escapedForXML)</title>" } ?? ""
        elements += Drawing.opening(positionX, baseline, style, anchor) + "\(tooltip)\(text.escapedForXML)</text>\n"
    }

    /// Text in several styles, side by side, with a rim that parts it from the lines below.
    mutating func label(_ runs: [Run], _ positionX: Double, _ baseline: Double) {
        labels += Drawing.opening(positionX, baseline, "halo", .start)
        for (place, run) in runs.enumerated() {
            let gap = place > 0 ? " dx=\"\(Drawing.number(Drawing.gap))\"" : ""
            labels += "<tspan class=\"\(run.style)\"\(gap)>\(run.text.escapedForXML)</tspan>"
        }
        labels += "</text>\n"
    }

    /// What lies between two runs of a text.
    static let gap = 7.0

    /// The whole picture.
    /// - Parameters:
    ///   - title: What it shows.
    ///   - description: What it says, for those who cannot see it.
    func svg(width: Double, height: Double, title: String, description: String) -> String {
        let (wide, high) = (Drawing.number(width), Drawing.number(height))
        return """
            <svg xmlns="http://www.w3.org/2000/svg" class="bench" role="img" width="\(wide)" height="\(high)" \
            viewBox="0 0 \(wide) \(high)">
            <title>\(title.escapedForXML)</title>
            <desc>\(description.escapedForXML)</desc>
            <style>
            \(ChartStyle.sheet)</style>
            <rect x="0.5" y="0.5" width="\(Drawing.number(width - 1))" height="\(Drawing.number(height - 1))" rx="8" \
            class="ground"/>
            \(elements)\(labels)</svg>

            """
    }

    /// The start of a text element.
    private static func opening(_ positionX: Double, _ baseline: Double, _ style: String, _ anchor: Anchor) -> String {
        let place = "<text x=\"\(number(positionX))\" y=\"\(number(baseline))\""
        return place + (style.isEmpty ? "" : " class=\"\(style)\"")
            + (anchor == .start ? "" : " text-anchor=\"\(anchor.rawValue)\"") + ">"
    }

    /// A coordinate, to the tenth of a pixel.
    private static func number(_ value: Double) -> String {
        let text = Figure.fixed(value, decimals: 1)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
