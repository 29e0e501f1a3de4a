/// A table in columns for a terminal.
struct PlainTable {
    /// The titles of all columns, of which the first one names the rows.
    let header: [String]
    /// The rows, each as long as the header.
    var rows: [[String]] = []
    /// The column that gives way if a line gets longer than this, the first one, down to `narrowest`.
    var width = 120
    /// The least that the first column keeps of its text.
    private static let narrowest = 12

    /// The table: names to the left, numbers to the right, columns that hold nothing left out.
    var text: String {
        let kept = header.indices.filter { column in column == 0 || rows.contains { !$0[column].isEmpty } }
        var widths = kept.map { column in
            rows.reduce(TextColumns.count(header[column])) { max($0, TextColumns.count($1[column])) }
        }
        let others = widths.dropFirst().reduce(0) { $0 + $1 + 2 }
        if let names = widths.first {
            widths[0] = min(names, max(PlainTable.narrowest, width - others))
        }
        return ([header] + rows).map { row in
            let cells = zip(kept, widths).map { column, width in
                column == 0
                    ? TextColumns.padded(TextColumns.shortened(row[column], to: width), to: width)
                    : TextColumns.aligned(row[column], to: width)
            }
            return PlainTable.withoutTail(cells.joined(separator: "  ")) + "\n"
        }.joined()
    }

    /// A line without the blanks at its end.
    private static func withoutTail(_ line: String) -> String {
        String(line.reversed().drop { $0 == " " }.reversed())
    }
}
