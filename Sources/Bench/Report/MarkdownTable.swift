/// A table of Markdown; its cells are Markdown already.
struct MarkdownTable {
    /// The titles of all columns, of which the first one names the rows.
    let header: [String]
    /// The rows, each as long as the header.
    var rows: [[String]] = []

    /// The table, with numbers to the right and an empty line behind it.
    var text: String {
        let rule = "|---|" + String(repeating: "--:|", count: max(0, header.count - 1))
        let lines = [MarkdownTable.line(header), rule] + rows.map(MarkdownTable.line)
        return lines.joined(separator: "\n") + "\n\n"
    }

    /// One row.
    private static func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
}
