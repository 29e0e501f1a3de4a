import RingFUSE
import Testing

/// What the kernel does with what programs write.
enum WriteCache: String, Sendable, CaseIterable, CustomTestStringConvertible {
    /// Sends it at once. Only what is stored through mappings is written back later.
    case through
    /// Keeps all of it and writes it back later.
    case back

    /// The name.
    var testDescription: String { "write-\(rawValue)" }

    /// Asks for it.
    func apply(to configuration: inout SessionConfiguration) {
        configuration.usesWritebackCache = self == .back
    }

    /// The flags of the tool that ask for it.
    var flags: [String] { self == .back ? ["--writeback-cache"] : [] }
}
