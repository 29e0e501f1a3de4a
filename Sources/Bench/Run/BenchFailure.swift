/// Why a contender or a workload gave no result, in one line.
struct BenchFailure: Error, Equatable, CustomStringConvertible {
    /// The line.
    let description: String
    /// Whether it is the contender that failed, so that it need not be asked again.
    let isFinal: Bool

    /// A failure.
    init(_ description: String, isFinal: Bool = false) {
        self.description = description
        self.isFinal = isFinal
    }

    /// What a program said, on one line and not too long.
    static func line(_ text: String) -> String {
        let words = text.split(separator: "\n").map { $0.trimmingBlanks }.filter { !$0.isEmpty }
        guard !words.isEmpty else { return "it said nothing" }
        let line = words.joined(separator: " / ")
        return line.count <= 400 ? line : "…" + line.suffix(400)
    }
}

extension Substring {
    /// The text without blanks at its ends.
    fileprivate var trimmingBlanks: String {
        var rest = self
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
