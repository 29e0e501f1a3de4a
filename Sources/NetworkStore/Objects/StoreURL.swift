public import SystemPackage

/// Where objects are kept, as users write it: `file:///path`, or
/// `s3://bucket/prefix?endpoint=…&region=…&style=path|virtual`.
public enum StoreURL: Sendable, Hashable {
    /// A directory, by its absolute path.
    case directory(FilePath)
    /// A bucket.
    case s3(S3Location)

    /// Reads a URL.
    ///
    /// - Parameter anyPrefix: whether the prefix of a bucket may have characters that keys of objects of ours have not.
    /// - Throws: ``StoreURLError``, one line that says what is wrong with it.
    public init(_ text: String, anyPrefix: Bool = false) throws(StoreURLError) {
        guard let colon = text.range(of: "://") else {
            throw StoreURLError("\"\(text.printable)\" is no URL; write file:///path or s3://bucket/prefix")
        }
        let rest = String(text[colon.upperBound...])
        switch text[..<colon.lowerBound].lowercased() {
        case "file": self = .directory(try Self.directory(rest))
        case "s3": self = .s3(try S3Location(rest, anyPrefix: anyPrefix))
        case let scheme:
            throw StoreURLError("objects cannot be kept in \(scheme.printable)://; write file:///path or s3://bucket")
        }
    }

    private static func directory(_ rest: String) throws(StoreURLError) -> FilePath {
        guard rest.hasPrefix("/") else {
            throw StoreURLError("file://\(rest.printable) names a host; write file:///path, with three slashes")
        }
        guard let path = PercentCoding.decode(rest), !path.utf8.contains(0) else {
            throw StoreURLError("file://\(rest.printable) has a % that no two hexadecimal digits follow, or a NUL")
        }
        return FilePath(path).lexicallyNormalized()
    }
}

/// What is wrong with a URL: one line.
public struct StoreURLError: Error, Hashable, CustomStringConvertible {
    /// The line.
    public let description: String

    init(_ description: String) { self.description = description }
}

extension String {
    /// Where a text first occurs.
    func range(of text: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
