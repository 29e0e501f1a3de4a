import FoundationEssentials
import NetworkStore

/// For how long something is kept, as users write it: `90s`, `30m`, `12h`, `7d`, `4w`; `0` for not at all.
struct Age: Equatable, Sendable {
    /// The time.
    let seconds: UInt64

    /// The units, by their letter.
    private static let units: [(letter: Character, seconds: UInt64)] = [
        ("s", 1), ("m", 60), ("h", 3600), ("d", 86_400), ("w", 604_800),
    ]
    /// The longest: a hundred years.
    private static let limit: UInt64 = 36_525 * 86_400

    /// An age of so many seconds.
    init(seconds: UInt64) { self.seconds = seconds }

    /// Reads an age. Only 0 may go without its unit.
    ///
    /// - Throws: ``InvalidValue`` for anything but digits and a unit, and for more than a hundred years.
    init(parsing text: String) throws(InvalidValue) {
        if text == "0" {
            seconds = 0
            return
        }
        guard let unit = Self.units.first(where: { $0.letter == text.last }) else {
            throw InvalidValue("not an age; write it with its unit, like 30m, 12h, 7d or 4w")
        }
        let digits = text.dropLast()
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw InvalidValue("not an age; write it like 30m, 12h, 7d or 4w")
        }
        guard let number = UInt64(digits), number <= Self.limit / unit.seconds else {
            throw InvalidValue("longer than a hundred years")
        }
        seconds = number * unit.seconds
    }
}

extension Age: CustomStringConvertible {
    /// The age in the largest unit that divides it, in the syntax that ``init(parsing:)`` reads.
    var description: String {
        guard seconds > 0, let unit = Self.units.last(where: { seconds.isMultiple(of: $0.seconds) }) else { return "0" }
        return "\(seconds / unit.seconds)\(unit.letter)"
    }
}

/// A moment of the past, as users write it: how long ago it was (`2h`), or a date (`2026-11-27T03:00:00Z`, `2026-11-27`).
struct Moment: Equatable, Sendable {
    /// Nanoseconds since 1970.
    let time: UInt64

    /// A moment.
    init(time: UInt64) { self.time = time }

    /// Reads a moment.
    ///
    /// - Throws: ``InvalidValue`` for what is neither an age nor a date.
    init(parsing text: String) throws(InvalidValue) {
        if let age = try? Age(parsing: text) {
            time = TrashCan.end(ofAge: age.seconds)
            return
        }
        let style = Date.ISO8601FormatStyle()
        let date = (try? style.parse(text)) ?? (try? style.year().month().day().parse(text))
        guard let seconds = date?.timeIntervalSince1970, (0..<9e9).contains(seconds) else {
            throw InvalidValue("neither how long ago, like 2h, nor a date, like 2026-11-27 or 2026-11-27T03:00:00Z")
        }
        time = UInt64(seconds) * 1_000_000_000
    }

    /// The last nanosecond of its second: dates are told to the second.
    var end: UInt64 { time + 999_999_999 }

    /// The date, in UTC, to the second.
    var date: String { Date(timeIntervalSince1970: Double(time / 1_000_000_000)).formatted(.iso8601) }
}
