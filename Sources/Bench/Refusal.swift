/// Why a benchmark cannot be run as asked, in one line that says what to change.
public struct Refusal: Error, Equatable, CustomStringConvertible {
    /// The line.
    public let description: String

    /// A refusal.
    public init(_ description: String) {
        self.description = description
    }
}
