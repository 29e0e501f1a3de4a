/// How to read a chart: signs with their meaning, in as many lines as they need.
struct ChartLegend {
    /// A sign.
    enum Sign {
        case bar
        case whisker
        case base
        case dot
        case diamond
        case ring
        case nothing

        /// The room that it takes, with what parts it from its meaning.
        var width: Double {
            switch self {
            case .bar, .whisker: 32
            case .base: 14
            case .dot, .diamond, .ring: 18
            case .nothing: 0
            }
        }
    }

    /// A sign and its meaning.
    struct Item {
        /// What is drawn.
        let sign: Sign
        /// What it means.
        let meaning: String

        /// What both take.
        var width: Double { sign.width + ChartText.width(meaning, size: ChartText.smallSize) }
    }

    /// An item and where it is.
    private struct Place {
        let item: Item
        let left: Double
        let line: Int
    }

    private let places: [Place]

    /// How many lines there are, at least one.
    let lines: Int

    /// Places the signs between two pixels; a meaning that is too wide for a line is shortened.
    init(items: [Item], left: Double, right: Double) {
        var places: [Place] = []
        var (next, line) = (left, 0)
        for item in items {
            let room = right - left - item.sign.width
            let meaning = ChartText.shortened(item.meaning.printable, to: room, size: ChartText.smallSize)
            let item = Item(sign: item.sign, meaning: meaning)
            if next > left, next + item.width > right { (next, line) = (left, line + 1) }
            places.append(Place(item: item, left: next, line: line))
            next += item.width + 22
        }
        self.places = places
        lines = line + 1
    }

    /// Draws the legend.
    /// - Parameters:
    ///   - top: Where the first line is written.
    ///   - lineHeight: How far apart lines are.
    func draw(in drawing: inout Drawing, top: Double, lineHeight: Double) {
        for place in places {
            let baseline = top + lineHeight * Double(place.line)
            draw(place.item.sign, in: &drawing, left: place.left, middle: baseline - 4)
            drawing.text(place.item.meaning, place.left + place.item.sign.width, baseline, style: "note")
        }
    }

    /// Draws a sign.
    private func draw(_ sign: Sign, in drawing: inout Drawing, left: Double, middle: Double) {
        switch sign {
        case .bar:
            drawing.rectangle(left: left, top: middle - 5, width: 24, height: 10, style: "sample solid")
        case .whisker: drawing.whisker(from: left + 2, to: left + 22, at: middle)
        case .base: drawing.line(left + 4, middle - 8, left + 4, middle + 8, style: "base")
        case .dot: drawing.circle(left + 6, middle, radius: 5, style: "sample")
        case .diamond: drawing.diamond(left + 6, middle, radius: 5.5, style: "sample")
        case .ring: drawing.circle(left + 6, middle, radius: 4.5, style: "sample ring")
        case .nothing: break
        }
    }
}
