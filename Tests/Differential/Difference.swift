/// One thing in which the two sides differ.
public struct Difference: Sendable {
    /// What differs.
    enum Kind: String, Sendable {
        /// What a call returned, its errno among it.
        case result
        /// What a call told: data, attributes, names.
        case text
        /// Attributes of a path or an open file.
        case attribute
        /// Whether a step changed a time, or its value where a script has set it.
        case time
        /// Content, names, extended attributes.
        case content
        /// Which paths lead to the same file.
        case identity
    }

    /// What differs.
    let kind: Kind
    /// The number of the step after which it was seen.
    let step: Int
    /// That step.
    let line: String
    /// A path, a slot; empty for what the call itself gave.
    let place: String
    /// An attribute's name; empty for others.
    let field: String
    /// What is tested has this.
    let tested: String
    /// What it is held against has this.
    let reference: String

    /// Whether it may come of an earlier step: not every step was looked at.
    let isLate: Bool

    /// The call that the step made.
    var call: String { Script.call(of: line) }

    /// What makes two differences the same, whatever their script.
    public var signature: String {
        switch kind {
        case .result: "\(call): \(tested) instead of \(reference)"
        case .text: "\(call): text"
        default: "\(isLate ? "later" : call): \(kind) \(field)"
        }
    }

    /// Some lines.
    var report: String {
        let what = [kind.rawValue, field, place.isEmpty ? "" : "of \(place)"].filter { !$0.isEmpty }
        return """
            step \(step + 1): \(line)
              \(what.joined(separator: " "))
              tested:    \(tested)
              reference: \(reference)
            """
    }
}
