import Foundation

@testable import Bench

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// What an XML parser finds in a chart.
final class Picture: NSObject, XMLParserDelegate {
    /// A text and where it is, by the chart's own guess at its width.
    struct Text {
        /// The parts, with a bar between them.
        var text = ""
        var left = 0.0
        var baseline = 0.0
        /// What the parser found it to take.
        var width = 0.0
        var anchor = "start"
        var style = ""

        /// Where it ends.
        var right: Double { left + width }
    }

    /// Why a picture cannot be read.
    struct Malformed: Error {
        /// What the parser says.
        let reason: String
    }

    private(set) var width = 0.0
    private(set) var height = 0.0
    private(set) var texts: [Text] = []
    /// The widths of all bars in a contender's colour.
    private(set) var bars: [Double] = []
    /// All coordinates of marks.
    private(set) var places: [Double] = []
    private var current: Text?
    private var isBold = false
    private var isInTooltip = false

    /// Reads a picture.
    init(_ svg: String) throws {
        super.init()
        let parser = XMLParser(data: Data(svg.utf8))
        parser.delegate = self
        guard parser.parse() else { throw Malformed(reason: "\(String(describing: parser.parserError))\n\(svg)") }
    }

    /// Texts that lie upon each other.
    var overlaps: [String] {
        let sorted = texts.filter { !$0.text.isEmpty }.sorted { $0.baseline < $1.baseline }
        var found: [String] = []
        for (place, text) in sorted.enumerated() {
            for other in sorted[(place + 1)...] {
                if other.baseline - text.baseline >= 12 { break }
                if text.left < other.right, other.left < text.right { found.append("\(text.text) / \(other.text)") }
            }
        }
        return found
    }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        func number(_ key: String) -> Double { attributes[key].flatMap(Double.init) ?? .nan }
        let style = attributes["class"] ?? ""
        switch name {
        case "svg": (width, height) = (number("width"), number("height"))
        case "text":
            current = Text(left: number("x"), baseline: number("y"), anchor: attributes["text-anchor"] ?? "start")
            current?.style = style
            isBold = style == "strong" || style == "title"
        case "tspan":
            isBold = style == "strong"
            if current?.text.isEmpty == false {
                current?.text += "|"
                current?.width += number("dx")
            }
        case "title": isInTooltip = true
        case "rect":
            if style.hasPrefix("c") { bars.append(number("width")) }
            places += [number("x"), number("x") + number("width"), number("y"), number("y") + number("height")]
        case "line": places += [number("x1"), number("x2"), number("y1"), number("y2")]
        case "circle": places += [number("cx"), number("cy")]
        default: break
        }
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
        guard !isInTooltip, let style = current?.style else { return }
        let size = style == "title" ? ChartText.titleSize : style == "note" ? ChartText.smallSize : ChartText.size
        current?.text += string
        current?.width += ChartText.width(string, size: size, isBold: isBold)
    }

    func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
        if name == "title" { isInTooltip = false }
        guard name == "text", var text = current else { return }
        if text.anchor == "end" { text.left -= text.width }
        if text.anchor == "middle" { text.left -= text.width / 2 }
        texts.append(text)
        current = nil
    }
}
