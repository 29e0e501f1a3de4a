/// Numbers as people read them: three digits that count, and a unit that keeps them short.
enum Figure {
    /// What stands where nothing was measured.
    static let missing = "–"

    /// Three digits that count, like `12.3`, `0.0123` or `123`; for values below 1000.
    static func significant(_ value: Double) -> String {
        guard Spread.isMeasured(value) else { return missing }
        if value < 0.000_000_5 { return "0" }
        var decimals = 0
        var edge = 99.95
        while decimals < 6, value < edge {
            decimals += 1
            edge /= 10
        }
        return fixed(value, decimals: decimals)
    }

    /// A count with a prefix for its thousands, like `82.8k`.
    static func short(_ value: Double) -> String {
        guard Spread.isMeasured(value) else { return missing }
        if value >= 1e18 { return scientific(value) }
        let (scaled, prefix) = scaled(value)
        return significant(scaled) + prefix
    }

    /// A result with the unit that it is told in, like `82.8k` (operations a second) or `1.23 GB/s`.
    static func result(_ value: Double, _ unit: Report.Unit) -> String {
        guard Spread.isMeasured(value) else { return missing }
        switch unit {
        case .operationsPerSecond: return short(value)
        case .bytesPerSecond:
            if value >= 1e18 { return "\(scientific(value)) B/s" }
            let (scaled, prefix) = scaled(value)
            return "\(significant(scaled)) \(prefix)B/s"
        }
    }

    /// Two results, the lower first; a unit that both share is told once.
    static func range(_ lowest: Double, _ highest: Double, _ unit: Report.Unit) -> String {
        if unit == .bytesPerSecond, highest < 1e18, scaled(lowest).prefix == scaled(highest).prefix {
            return "\(significant(scaled(lowest).value))–\(result(highest, unit))"
        }
        return "\(result(lowest, unit))–\(result(highest, unit))"
    }

    /// A ratio without its `×`: two digits behind the point, or two that count where it is small, or three in all.
    static func ratio(_ value: Double) -> String {
        guard Spread.isMeasured(value) else { return missing }
        if value >= 9.995 { return short(value) }
        if value >= 0.095 || value == 0 { return fixed(value, decimals: 2) }
        var decimals = 3
        var edge = 0.0095
        while decimals < 6, value < edge {
            decimals += 1
            edge /= 10
        }
        return fixed(value, decimals: decimals)
    }

    /// A time that is given in microseconds, with its unit, like `12.3 µs` or `1.20 ms`.
    static func time(_ microseconds: Double) -> String {
        guard Spread.isMeasured(microseconds) else { return missing }
        if microseconds < 999.5 { return "\(significant(microseconds)) µs" }
        if microseconds < 999_500 { return "\(significant(microseconds / 1e3)) ms" }
        return "\(short(microseconds / 1e6)) s"
    }

    /// Microseconds as `time` tells them, but for the unit where it is the usual one.
    static func microseconds(_ value: Double) -> String {
        let text = time(value)
        return text.hasSuffix(" µs") ? String(text.dropLast(3)) : text
    }

    /// A value beyond all prefixes, which only a broken file holds, like `1.23e45`.
    private static func scientific(_ value: Double) -> String {
        var (rest, exponent) = (value, 0)
        while rest >= 9.995 { (rest, exponent) = (rest / 10, exponent + 1) }
        return "\(significant(rest))e\(exponent)"
    }

    /// A value below 1000 (or the largest prefix) and the prefix of its thousands.
    private static func scaled(_ value: Double) -> (value: Double, prefix: String) {
        var rest = value
        for prefix in ["", "k", "M", "G"] {
            if rest < 999.5 { return (rest, prefix) }
            rest /= 1000
        }
        return (rest, "T")
    }

    /// A value with so many digits behind the point, at most 6.
    static func fixed(_ value: Double, decimals: Int) -> String {
        var power = 1.0
        for _ in 0..<decimals { power *= 10 }
        let scaled = (value * power).rounded()
        guard scaled.magnitude < 1e15 else { return "\(value)" }
        let digits = String(Int(scaled.magnitude))
        let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
        let sign = scaled < 0 ? "-" : ""
        return decimals == 0 ? sign + padded : "\(sign)\(padded.dropLast(decimals)).\(padded.suffix(decimals))"
    }
}
