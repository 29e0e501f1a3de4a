import RingFUSE

/// How long the kernel may believe names and attributes, as users write it: seconds, with a fraction if they like.
struct CacheLifetime: Equatable, Sendable {
    /// The time.
    let lifetime: Lifetime

    /// The longest, about 136 years; the kernel's own clock ends not much later.
    private static let limit = Lifetime.forever.seconds

    /// A time.
    init(_ lifetime: Lifetime) {
        self.lifetime = lifetime
    }

    /// The time.
    var duration: Duration { .seconds(Int64(lifetime.seconds)) + .nanoseconds(Int64(lifetime.nanoseconds)) }

    /// Reads seconds: `0`, `1`, `0.5`, and `forever`.
    ///
    /// - Throws: ``InvalidValue`` for anything but digits with at most nine after the point, and for more than 136
    ///   years.
    init(parsing text: String) throws(InvalidValue) {
        if text == "forever" {
            lifetime = .forever
            return
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let areDigits = parts.allSatisfy { part in
            !part.isEmpty && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
        }
        guard areDigits, parts.count <= 2, parts.count < 2 || parts[1].count <= 9 else {
            throw InvalidValue("not a number of seconds; write it like 0, 1.5, 3600 or forever")
        }
        guard let seconds = UInt64(parts[0]), seconds <= Self.limit else {
            throw InvalidValue("longer than \(Self.limit) seconds; write forever")
        }
        var nanoseconds: UInt32 = 0
        if parts.count == 2 {
            let digits = parts[1] + String(repeating: "0", count: 9 - parts[1].count)
            nanoseconds = UInt32(digits) ?? 0
        }
        lifetime = Lifetime(seconds: seconds, nanoseconds: nanoseconds)
    }
}
