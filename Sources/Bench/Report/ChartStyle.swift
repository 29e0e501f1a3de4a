/// How charts look. Colours are classes, so that one picture fits light and dark pages.
enum ChartStyle {
    /// How many colours there are; from then on they come again, hollow.
    ///
    /// Any two differ by at least 8 (100 × the distance in Oklab) with full sight and with each of the three kinds of
    /// colour-blindness, and all stand out from the ground by 3:1 or more. Every mark has its name beside it as well.
    static let colours = 6

    private static let light = ["#1F6FB5", "#932F00", "#14A38B", "#6A1560", "#A07A00", "#B57BE8"]
    private static let dark = ["#3A93F2", "#B85A14", "#7FE3A4", "#E45C9B", "#E0AC2B", "#C6B8F2"]

    /// The class of the colour of the contender with this number.
    static func colour(of contender: Int) -> String { "c\(contender % colours)" }

    /// Whether marks of the contender with this number are hollow (bars) and dashed (lines).
    static func isHollow(_ contender: Int) -> Bool { contender / colours % 2 == 1 }

    /// The style sheet.
    static var sheet: String {
        let rules = """
            .bench text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif}
            .bench .title{font-size:18px;font-weight:600}
            .bench .note{font-size:12px}
            .bench .strong{font-weight:600}
            .bench .halo{paint-order:stroke;stroke-width:4px;stroke-linejoin:round}
            .bench .grid{stroke-width:1px}
            .bench .base{stroke-width:1.5px;stroke-dasharray:5 3}
            .bench .whisker{stroke-width:1.5px;fill:none}
            .bench .rim{stroke-width:4px;fill:none}
            .bench .hollow{fill-opacity:.25;stroke-width:1.5px}
            .bench .solid{stroke:none}
            .bench .span{stroke-width:2.5px}
            .bench .dashed{stroke-dasharray:3 3}
            .bench .ring{stroke-width:2.5px}

            """
        return rules + theme(ink: "#1B2430", note: "#56616E", ground: "#FFFFFF", grid: "#E3E7EC", light)
            + "@media (prefers-color-scheme:dark){\n"
            + theme(ink: "#E8EDF3", note: "#A3AFBC", ground: "#151B23", grid: "#2C3641", dark)
            + "}\n"
    }

    /// The colours of one mode.
    private static func theme(ink: String, note: String, ground: String, grid: String, _ colours: [String]) -> String {
        let marks = colours.enumerated().map { ".bench .c\($0){fill:\($1);stroke:\($1)}\n" }.joined()
        return marks + """
            .bench text{fill:\(ink)}
            .bench .note,.bench .weak{fill:\(note)}
            .bench .ground{fill:\(ground);stroke:\(grid)}
            .bench .halo,.bench .rim{stroke:\(ground)}
            .bench .grid{stroke:\(grid)}
            .bench .base,.bench .whisker{stroke:\(ink)}
            .bench .sample{fill:\(note);stroke:\(note)}
            .bench .ring{fill:\(ground)}
            .bench .solid{stroke:none}

            """
    }
}
