/// The pictures of a report, as SVG that stands on its own: no script, no font or file from elsewhere.
public struct Chart {
    /// The charts of all groups that anything was measured in: results first, then latencies where they are known.
    /// - Parameter report: What was found.
    /// - Returns: Pairs of a name, which is fit for a file and differs from all others, and the picture.
    public static func charts(of report: Report) -> [(name: String, svg: String)] {
        let table = SummaryTable(report)
        var charts: [(name: String, svg: String)] = []
        var taken: Set<String> = []
        for group in report.groups {
            var name = fileName(of: group.name)
            var number = 1
            while !taken.insert(name).inserted {
                number += 1
                name = "\(fileName(of: group.name))-\(number)"
            }
            if let frame = ChartFrame(report, group, where: { table[$0, $1]?.result != nil }) {
                charts.append((name, BarChart(frame, table: table).svg))
            }
            if let frame = ChartFrame(report, group, where: { table[$0, $1]?.latency != nil }) {
                charts.append(("\(name).latency", LatencyChart(frame, table: table).svg))
            }
        }
        return charts
    }

    /// A name in lower-case letters, digits and hyphens; `group` if nothing is left of it.
    private static func fileName(of name: String) -> String {
        let words = name.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
        return words.isEmpty ? "group" : words.prefix(8).joined(separator: "-")
    }
}
