/// What a process of this tool is told that drives a load, or prepares one.
///
/// Drivers are processes because what they call may hang: a process can be given up.
public enum DriverOptions {
    /// The hidden command of the tool.
    public static let command = "bench-driver"

    /// What is to be done.
    public enum Step: String, Sendable, CaseIterable {
        /// Makes what an operation on many files needs to find.
        case prepare
        /// Does it, and prints the result.
        case run
        /// Makes files for fio: sparse ones.
        case sparse
        /// Makes files for fio, with data in them.
        case fill
    }
}
