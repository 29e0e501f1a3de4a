import Glibc

/// Where values lie along a chart's axis.
struct ChartScale {
    /// A mark of the axis.
    struct Tick: Equatable {
        /// Where it is.
        let value: Double
        /// What is written there.
        let label: String
    }

    /// The lowest value.
    let lowest: Double
    /// The highest value.
    let highest: Double
    /// Whether equal distances are equal factors.
    let isLogarithmic: Bool
    /// The pixel of the lowest value.
    let left: Double
    /// The pixel of the highest value.
    let right: Double
    /// The marks, so far apart that their labels have room.
    let ticks: [Tick]

    /// An axis from 0.
    static func linear(to highest: Double, left: Double, right: Double) -> ChartScale {
        let step = roundStep(highest / 7)
        let ticks = (0...10).map { Double($0) * step }.filter { $0 <= highest * 1.0001 }
        return ChartScale(
            lowest: 0, highest: highest, isLogarithmic: false, left: left, right: right,
            ticks: ticks.map { Tick(value: $0, label: label($0)) })
    }

    /// An axis on which equal distances are equal factors.
    /// - Parameters:
    ///   - lowest: Above zero.
    ///   - highest: Above `lowest`.
    ///   - label: Writes a tick's value.
    static func logarithmic(
        from lowest: Double, to highest: Double, left: Double, right: Double, label: (Double) -> String
    ) -> ChartScale {
        ChartScale(
            lowest: lowest, highest: highest, isLogarithmic: true, left: left, right: right,
            ticks: rounds(from: lowest, to: highest).map { Tick(value: $0, label: label($0)) })
    }

    /// The pixel of a value; that of the nearest end for values beyond it.
    func position(_ value: Double) -> Double {
        let value = min(max(value, lowest), highest)
        let (from, to, here) =
            isLogarithmic ? (log10(lowest), log10(highest), log10(value)) : (lowest, highest, value)
        return left + (here - from) / (to - from) * (right - left)
    }

    /// A round number without zeros at its end.
    static func label(_ value: Double) -> String {
        let text = value >= 999.5 ? Figure.short(value) : Figure.fixed(value, decimals: 6)
        let number = text.prefix { $0.isNumber || $0 == "." }
        guard number.contains(".") else { return text }
        let digits = String(number.reversed().drop { $0 == "0" }.drop { $0 == "." }.reversed())
        return digits + text.dropFirst(number.count)
    }

    /// The nearest step upwards of 1, 2 or 5 times a power of ten.
    private static func roundStep(_ least: Double) -> Double {
        let power = pow(10, log10(least).rounded(.down))
        return power * ([1, 2, 5].first { $0 * power >= least * 0.9999 } ?? 10)
    }

    /// Powers of ten between two values: with their 2- and 5-folds if there are few, every other one and so on if many.
    private static func rounds(from lowest: Double, to highest: Double) -> [Double] {
        let first = Int(log10(lowest).rounded(.down))
        let last = Int(log10(highest).rounded(.up))
        let decades = log10(highest) - log10(lowest)
        let factors: [Double] = decades <= 2.6 ? [1, 2, 5] : [1]
        let step = max(1, Int((decades / 8).rounded(.up)))
        return stride(from: first - first % step, through: last, by: step)
            .flatMap { power in factors.map { $0 * pow(10, Double(power)) } }
            .filter { $0 >= lowest * 0.9999 && $0 <= highest * 1.0001 }
    }
}
