/// A server: how to speak to it, and where.
public struct Endpoint: Sendable, Hashable, CustomStringConvertible {
    /// Whether with TLS (https).
    public var isEncrypted: Bool
    /// A name, or an address; of IPv6 without its brackets.
    public var host: String
    /// The port.
    public var port: UInt16

    /// Reads `http://host:port` or `https://host:port`; the port may be left out.
    init(_ text: String) throws(StoreURLError) {
        guard let colon = text.range(of: "://") else {
            throw StoreURLError("endpoint=\(text.printable) has no http:// or https:// before the host")
        }
        switch text[..<colon.lowerBound].lowercased() {
        case "http": isEncrypted = false
        case "https": isEncrypted = true
        default: throw StoreURLError("endpoint=\(text.printable) is neither http:// nor https://")
        }
        var rest = String(text[colon.upperBound...])
        if rest.hasSuffix("/") { rest.removeLast() }
        if rest.contains("@") {
            throw StoreURLError("the endpoint takes no keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
        }
        let end = Self.endOfHost(rest)
        host = String(rest[..<end])
        if host.hasPrefix("[") && host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        port = isEncrypted ? 443 : 80
        if end < rest.endIndex {
            guard rest[end] == ":", let number = UInt16(rest[rest.index(after: end)...]), number > 0 else {
                throw StoreURLError("endpoint=\(text.printable) has something after the host that is no port")
            }
            port = number
        }
        guard !host.isEmpty, host.utf8.count <= 253, host.utf8.allSatisfy(Self.isHostByte) else {
            throw StoreURLError("endpoint=\(text.printable) has no host, or one that cannot be")
        }
    }

    /// The URL, without the port that everybody knows.
    public var description: String { "\(isEncrypted ? "https" : "http")://\(authority())" }

    /// What the Host field says.
    ///
    /// - Parameter bucket: goes before the host.
    func authority(bucket: String? = nil) -> String {
        let name = host.contains(":") ? "[\(host)]" : host
        let full = bucket.map { "\($0).\(name)" } ?? name
        return port == (isEncrypted ? 443 : 80) ? full : "\(full):\(port)"
    }

    private static func endOfHost(_ text: String) -> String.Index {
        if text.hasPrefix("["), let bracket = text.firstIndex(of: "]") { return text.index(after: bracket) }
        return text.firstIndex(of: ":") ?? text.endIndex
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: ":"):
            true
        default: false
        }
    }
}
