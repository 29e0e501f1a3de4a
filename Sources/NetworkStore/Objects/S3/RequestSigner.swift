/// Writes the heads of one connection's requests, and signs them.
///
/// What is the same for all requests without a body within a second is made once. Confined to who has the connection.
struct RequestSigner {
    private var signature: SignatureV4
    private let authority: String
    /// Of the keys.
    let generation: Int
    private var bodiless: SignatureV4.Fields?
    private var path: [UInt8] = []
    private var query: [UInt8] = []

    /// - Parameter authority: the server as the Host field names it.
    init(_ current: CredentialSource.Current, region: String, authority: String) {
        signature = SignatureV4(region: region, credentials: current.credentials)
        self.authority = authority
        generation = current.generation
    }

    var region: String { signature.region }

    /// Writes the head of a request.
    ///
    /// - Parameters:
    ///   - base: what comes before the key in the path: coded.
    ///   - payload: the hash of the body, or what stands for it; `nil` where there is none.
    ///   - now: seconds since 1970, by the server's clock.
    mutating func write(
        _ request: S3Request,
        base: [UInt8],
        bodyLength: Int,
        payload: String?,
        at now: Int64,
        into wire: inout [UInt8]
    ) {
        path.removeAll(keepingCapacity: true)
        path.append(contentsOf: base)
        PercentCoding.encode(request.key, keepsSlashes: true, into: &path)
        if path.isEmpty { path.append(UInt8(ascii: "/")) }
        writeQuery(request.query)
        wire.removeAll(keepingCapacity: true)
        wire.append(contentsOf: request.method.bytes)
        wire.append(UInt8(ascii: " "))
        wire.append(contentsOf: path)
        if !query.isEmpty {
            wire.append(UInt8(ascii: "?"))
            wire.append(contentsOf: query)
        }
        wire.append(contentsOf: " HTTP/1.1\r\n".utf8)
        let fields = fields(request, payload, now)
        signature.sign(request.method, path: path, query: query, fields, into: &wire)
        if let range = request.range {
            wire.append(contentsOf: "Range: bytes=".utf8)
            Self.append(range.lowerBound, to: &wire)
            wire.append(UInt8(ascii: "-"))
            Self.append(range.upperBound - 1, to: &wire)
            wire.append(contentsOf: [13, 10])
        }
        if payload != nil {
            wire.append(contentsOf: "Content-Length: ".utf8)
            Self.append(UInt64(bodyLength), to: &wire)
            wire.append(contentsOf: [13, 10])
        }
        wire.append(contentsOf: [13, 10])
    }

    /// The fields that are signed, from before where nothing but the path differs.
    private mutating func fields(_ request: S3Request, _ payload: String?, _ now: Int64) -> SignatureV4.Fields {
        let isPlain = payload == nil && request.fields.isEmpty
        if isPlain, let bodiless, bodiless.second == now { return bodiless }
        let time = SigningTime(second: now)
        let hash = payload ?? SignatureV4.emptyHash
        var fields = request.fields
        fields += [("host", authority), ("x-amz-content-sha256", hash), ("x-amz-date", time.full)]
        if let token = signature.credentials.sessionToken { fields.append(("x-amz-security-token", token)) }
        fields.sort { $0.name < $1.name }
        let prepared = signature.prepare(fields, payload: hash, at: time)
        if isPlain { bodiless = prepared }
        return prepared
    }

    /// In the order of their coded names, as signatures want it.
    private mutating func writeQuery(_ parameters: [(name: String, value: String)]) {
        query.removeAll(keepingCapacity: true)
        if parameters.isEmpty { return }
        let pairs = parameters.map { (PercentCoding.encode($0.name), PercentCoding.encode($0.value)) }
        for (name, value) in pairs.sorted(by: { $0 < $1 }) {
            if !query.isEmpty { query.append(UInt8(ascii: "&")) }
            query.append(contentsOf: name.utf8)
            query.append(UInt8(ascii: "="))
            query.append(contentsOf: value.utf8)
        }
    }

    private static func append(_ number: UInt64, to text: inout [UInt8]) {
        let start = text.count
        var rest = number
        repeat {
            text.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        text[start...].reverse()
    }
}

/// A request to a bucket.
struct S3Request: Sendable {
    var method: HTTPMethod
    /// With the prefix of the store; empty for the bucket itself.
    var key: String
    var query: [(name: String, value: String)] = []
    /// Fields besides the usual ones: names in small letters.
    var fields: [(name: String, value: String)] = []
    /// The bytes that are wanted of the object.
    var range: Range<UInt64>?
    /// Whether the tag and the time of the object are wanted.
    var wantsTag = false
}
