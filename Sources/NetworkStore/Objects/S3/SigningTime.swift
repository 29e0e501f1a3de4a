/// A moment as signatures name it.
struct SigningTime: Sendable, Hashable {
    /// Seconds since 1970, UTC.
    let second: Int64
    /// `20130524`.
    let day: String
    /// `20130524T000000Z`.
    let full: String

    /// A moment.
    init(second: Int64) {
        self.second = second
        let date = CivilDate(daysSince1970: second >= 0 ? second / 86400 : (second - 86399) / 86400)
        let rest = (second % 86400 + 86400) % 86400
        day = Self.digits(date.year, 4) + Self.digits(date.month, 2) + Self.digits(date.day, 2)
        let time = Self.digits(rest / 3600, 2) + Self.digits(rest / 60 % 60, 2) + Self.digits(rest % 60, 2)
        full = "\(day)T\(time)Z"
    }

    private static func digits(_ number: Int64, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
}
