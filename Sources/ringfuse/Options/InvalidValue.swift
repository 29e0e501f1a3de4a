/// Why the text of an option is refused, as the end of a line that names the option.
struct InvalidValue: Error, Equatable, CustomStringConvertible {
    /// What is wrong, and how it is written.
    let description: String

    /// A refusal.
    init(_ description: String) {
        self.description = description
    }
}
