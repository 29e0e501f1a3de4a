/// A place in a bucket, and how to get there.
public struct S3Location: Sendable, Hashable {
    /// How buckets are named to the server.
    public enum Style: String, Sendable, CaseIterable {
        /// `https://endpoint/bucket/key`.
        case path
        /// `https://bucket.endpoint/key`.
        case virtual
    }

    /// Whether the hash of what is stored is signed.
    public enum PayloadSigning: String, Sendable, CaseIterable {
        /// Always: half a millisecond for each MiB.
        case signed
        /// Never: what is stored is protected by TLS, if at all.
        case unsigned
    }

    /// The bucket.
    public var bucket: String
    /// What all keys begin with; empty, or ends with `/`.
    public var prefix: String
    /// The server.
    public var endpoint: Endpoint
    /// The region that requests are signed for.
    public var region: String
    /// Whether ``region`` was told, and not taken for granted.
    public var isRegionGiven: Bool
    /// How buckets are named to the server.
    public var style: Style
    /// Whether ``endpoint`` was told, and is not Amazon's.
    public var isEndpointGiven: Bool
    /// Whether the hash of what is stored is signed.
    public var payload: PayloadSigning
    /// A file of certificates to trust instead of the system's.
    public var certificates: String?

    /// Reads what follows `s3://`.
    init(_ text: String, anyPrefix: Bool = false) throws(StoreURLError) {
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let place = parts[0].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let options = try Self.options(parts.count > 1 ? String(parts[1]) : "")
        if place[0].contains("@") {
            throw StoreURLError("s3:// takes no keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile")
        }
        bucket = try Self.bucket(place[0])
        prefix = try Self.prefix(place.count > 1 ? place[1] : "", isAny: anyPrefix)
        region = options["region"] ?? "us-east-1"
        isRegionGiven = options["region"] != nil
        guard !region.isEmpty, region.utf8.allSatisfy(Self.isNameByte) else {
            throw StoreURLError("region=\(region.printable) is no region; an example is eu-central-1")
        }
        isEndpointGiven = options["endpoint"] != nil
        if let given = options["endpoint"] {
            endpoint = try Endpoint(given)
        } else {
            endpoint = try Endpoint("https://s3.\(region).amazonaws.com")
        }
        style = try Self.choice("style", options, default: options["endpoint"] == nil ? .virtual : .path)
        payload = try Self.choice("payload", options, default: endpoint.isEncrypted ? .unsigned : .signed)
        certificates = options["ca"]
        if certificates != nil && !endpoint.isEncrypted {
            throw StoreURLError("ca= is for https, and the endpoint is http; take either away")
        }
    }

    /// It, with the region that the environment names where the URL names none.
    func completed(from environment: [String: String]) -> S3Location {
        let named = environment["AWS_REGION"] ?? environment["AWS_DEFAULT_REGION"]
        guard !isRegionGiven, let named, !named.isEmpty, named.utf8.allSatisfy(Self.isNameByte) else { return self }
        var completed = self
        completed.region = named
        if !isEndpointGiven { completed.endpoint.host = "s3.\(named).amazonaws.com" }
        return completed
    }

    /// It, as a URL without secrets.
    public var description: String {
        "s3://\(bucket)/\(prefix)?endpoint=\(endpoint)&region=\(region)"
    }

    // MARK: Parts

    private static let known = ["endpoint", "region", "style", "payload", "ca"]

    private static func options(_ query: String) throws(StoreURLError) -> [String: String] {
        var options: [String: String] = [:]
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard known.contains(parts[0]) else {
                throw StoreURLError(
                    "s3:// has no option \(parts[0].printable); there are \(known.joined(separator: ", "))")
            }
            guard parts.count == 2, let value = PercentCoding.decode(parts[1]), !value.isEmpty else {
                throw StoreURLError("the option \(parts[0]) of s3:// needs a value: \(parts[0])=VALUE")
            }
            guard options.updateValue(value, forKey: parts[0]) == nil else {
                throw StoreURLError("the option \(parts[0]) of s3:// is there twice")
            }
        }
        return options
    }

    private static func bucket(_ name: String) throws(StoreURLError) -> String {
        let bytes = Array(name.utf8)
        let isGood =
            (3...255).contains(bytes.count) && bytes.allSatisfy(isNameByte) && bytes[0] != UInt8(ascii: ".")
            && bytes[0] != UInt8(ascii: "-")
        guard isGood else {
            throw StoreURLError(
                "\"\(name.printable)\" is no name of a bucket: 3 letters, digits, hyphens, dots or more")
        }
        return name
    }

    private static func prefix(_ text: String, isAny: Bool) throws(StoreURLError) -> String {
        guard let decoded = PercentCoding.decode(text) else {
            throw StoreURLError("the prefix \(text.printable) has a % that no two hexadecimal digits follow")
        }
        let trimmed = decoded.hasSuffix("/") ? String(decoded.dropLast()) : decoded
        if trimmed.isEmpty { return "" }
        if !isAny, let fault = ObjectKey(trimmed).fault {
            throw StoreURLError("the prefix \"\(trimmed.printable)\" \(fault)")
        }
        return trimmed + "/"
    }

    private static func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String,
        _ options: [String: String],
        default: Choice
    ) throws(StoreURLError) -> Choice {
        guard let given = options[name] else { return `default` }
        if let choice = Choice(rawValue: given) { return choice }
        let all = Choice.allCases.map(\.rawValue).joined(separator: " or ")
        throw StoreURLError("\(name)=\(given.printable) is none of s3://'s: it is \(all)")
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
