/// Dates of HTTP: `Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPDate {
    /// Seconds since 1970; `nil` for what is no date in that form.
    static func parse(_ text: Span<UInt8>) -> Int64? {
        guard text.count == 29, text[3] == UInt8(ascii: ","), text.extracting(25..<29).starts(with: " GMT"),
            let day = text.extracting(5..<7).decimal, let month = month(text.extracting(8..<11)),
            let year = text.extracting(12..<16).decimal, let hour = text.extracting(17..<19).decimal,
            let minute = text.extracting(20..<22).decimal, let second = text.extracting(23..<25).decimal,
            (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        let date = CivilDate(year: Int64(year), month: month, day: Int64(day))
        return date.daysSince1970 * 86400 + Int64(hour * 3600 + minute * 60 + second)
    }

    private static func month(_ name: Span<UInt8>) -> Int64? {
        let names: [StaticString] = [
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ]
        for (index, candidate) in names.enumerated() where name.isField(candidate) { return Int64(index + 1) }
        return nil
    }
}
