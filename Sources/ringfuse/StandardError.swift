import SystemPackage

/// Lines for people that are no log messages.
enum StandardError {
    /// Writes a line; where nobody reads it, it is lost.
    static func write(_ line: String, ending: String = "\n") {
        _ = try? FileDescriptor.standardError.writeAll((line + ending).utf8)
    }
}
