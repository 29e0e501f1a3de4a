import ArgumentParser
import SystemPackage

/// Where the metadata of a volume is: `sqlite:///path`, or a path.
struct MetadataLocation: ExpressibleByArgument, Sendable, CustomStringConvertible {
    /// The database's file, from the root.
    let path: String

    /// What schemes there are.
    private static let scheme = "sqlite://"

    /// Reads a URL or a path; `nil` for another scheme.
    init?(argument: String) {
        var text = argument[...]
        if text.hasPrefix(Self.scheme) {
            text = text.dropFirst(Self.scheme.count)
            // With two slashes a host would follow, and SQLite has none.
            guard text.hasPrefix("/") else { return nil }
        } else if text.contains("://") {
            return nil
        }
        guard !text.isEmpty else { return nil }
        path = FilePath(String(text)).absolute.string
    }

    /// The URL.
    var description: String { Self.scheme + path }
}
