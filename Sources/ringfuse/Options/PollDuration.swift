/// How long a worker polls before it sleeps, or an answer is held back, as users write it: `20us`, `1ms`, `500ns`, `0`.
struct PollDuration: Equatable, Sendable {
    /// The time.
    let duration: Duration

    /// The units, the longer names first: `s` ends them all.
    private static let units: [(name: String, nanoseconds: Int)] = [
        ("ns", 1), ("us", 1000), ("ms", 1_000_000), ("s", 1_000_000_000),
    ]

    /// The longest: a worker that polls for longer than a second never sleeps, and a store that takes longer is broken:
    /// a mistake of the unit.
    static let limit = Duration.seconds(1)

    /// Reads a duration. Only 0 may go without its unit.
    ///
    /// - Throws: ``InvalidValue`` for anything but digits and a unit, and for more than a second.
    init(parsing text: String) throws(InvalidValue) {
        if text == "0" {
            duration = .zero
            return
        }
        guard let unit = Self.units.first(where: { text.hasSuffix($0.name) }) else {
            throw InvalidValue("not a duration; write it with its unit, like 20us or 1ms")
        }
        let digits = text.dropLast(unit.name.count)
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw InvalidValue("not a duration; write it like 20us or 1ms")
        }
        guard let number = Int(digits), number <= 1_000_000_000 / unit.nanoseconds else {
            throw InvalidValue("longer than the limit of 1s")
        }
        duration = .nanoseconds(number * unit.nanoseconds)
    }
}
