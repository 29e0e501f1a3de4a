import Crypto

/// Signs requests as Amazon's services want it: Signature Version 4, in the `Authorization` field.
///
/// The key that is derived for a day is kept, and what is the same for all requests of a second is made once: that leaves
/// two hashes a request. Confined to who holds it.
struct SignatureV4 {
    let region: String
    let service: String
    let credentials: Credentials
    private var day = ""
    /// Begun with the day's key: copying it saves two of the four blocks that are hashed for each signature.
    private var dayCode = HMAC<SHA256>(key: SymmetricKey(size: .bits256))
    // Kept for their memory.
    private var canonical: [UInt8] = []
    private var toSign: [UInt8] = []

    init(region: String, service: String = "s3", credentials: Credentials) {
        self.region = region
        self.service = service
        self.credentials = credentials
    }

    /// The fields of a request, as they are sent and as they are signed.
    struct Fields {
        /// `Name: value` lines up to the digits of the signature.
        fileprivate(set) var wire: [UInt8] = []
        /// The end of the text that is hashed: fields, their names, the hash of the body.
        fileprivate(set) var canonical: [UInt8] = []
        /// The beginning of the text that is signed.
        fileprivate(set) var toSign: [UInt8] = []
        /// Of ``SigningTime/second``.
        fileprivate(set) var second: Int64 = .min
    }

    /// Makes the fields of requests.
    ///
    /// - Parameters:
    ///   - fields: that are sent and signed: names in small letters and in order; the time is to be among them.
    ///   - payload: the hash of the body in hexadecimal digits, or what stands for it.
    mutating func prepare(
        _ fields: [(name: String, value: String)],
        payload: String,
        at time: SigningTime
    ) -> Fields {
        deriveKey(time)
        var prepared = Fields()
        prepared.second = time.second
        let scope = "\(time.day)/\(region)/\(service)/aws4_request"
        let names = fields.map(\.name).joined(separator: ";")
        for (name, value) in fields {
            prepared.wire.append(contentsOf: "\(name): \(value)\r\n".utf8)
            prepared.canonical.append(contentsOf: "\(name):\(value)\n".utf8)
        }
        prepared.canonical.append(contentsOf: "\n\(names)\n\(payload)".utf8)
        let credential = "Credential=\(credentials.keyID)/\(scope)"
        prepared.wire.append(
            contentsOf: "Authorization: AWS4-HMAC-SHA256 \(credential), SignedHeaders=\(names), Signature=".utf8)
        prepared.toSign.append(contentsOf: "AWS4-HMAC-SHA256\n\(time.full)\n\(scope)\n".utf8)
        return prepared
    }

    /// Appends the fields of a request with its signature, and the end of the line.
    ///
    /// - Parameters:
    ///   - path: as it is sent: coded.
    ///   - query: as it is sent, with its parameters in order; without the `?`.
    ///   - fields: prepared on the same day by the same value.
    mutating func sign(
        _ method: HTTPMethod,
        path: [UInt8],
        query: [UInt8] = [],
        _ fields: Fields,
        into wire: inout [UInt8]
    ) {
        canonical.removeAll(keepingCapacity: true)
        canonical.append(contentsOf: method.bytes)
        canonical.append(UInt8(ascii: "\n"))
        canonical.append(contentsOf: path)
        canonical.append(UInt8(ascii: "\n"))
        canonical.append(contentsOf: query)
        canonical.append(UInt8(ascii: "\n"))
        canonical.append(contentsOf: fields.canonical)
        toSign.removeAll(keepingCapacity: true)
        toSign.append(contentsOf: fields.toSign)
        var hash = SHA256()
        unsafe canonical.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
        unsafe hash.finalize().withUnsafeBytes { unsafe Hexadecimal.append($0, to: &toSign) }
        wire.append(contentsOf: fields.wire)
        var code = dayCode
        unsafe toSign.withUnsafeBytes { unsafe code.update(data: $0) }
        unsafe code.finalize().withUnsafeBytes { unsafe Hexadecimal.append($0, to: &wire) }
        wire.append(contentsOf: [13, 10])
    }

    /// What stands for the hash of a body that is not signed.
    static let unsignedPayload = "UNSIGNED-PAYLOAD"
    /// The hash of nothing.
    static let emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    /// The hash of a body, in hexadecimal digits.
    static func hash(_ body: RawSpan) -> String {
        var hash = SHA256()
        unsafe body.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
        var digits: [UInt8] = []
        unsafe hash.finalize().withUnsafeBytes { unsafe Hexadecimal.append($0, to: &digits) }
        return String(decoding: digits, as: UTF8.self)
    }

    private mutating func deriveKey(_ time: SigningTime) {
        if day == time.day { return }
        func next(_ key: SymmetricKey, _ text: String) -> SymmetricKey {
            SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key))
        }
        let secret = SymmetricKey(data: Array("AWS4\(credentials.secret)".utf8))
        dayCode = HMAC<SHA256>(key: next(next(next(next(secret, time.day), region), service), "aws4_request"))
        day = time.day
    }
}

/// Hexadecimal digits, in small letters.
enum Hexadecimal {
    /// Appends the digits of bytes.
    @unsafe
    static func append(_ bytes: UnsafeRawBufferPointer, to text: inout [UInt8]) {
        for index in 0..<bytes.count {
            let byte = unsafe bytes[index]
            text.append(digit(byte >> 4))
            text.append(digit(byte & 15))
        }
    }

    /// The digits of bytes.
    static func text(of bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        for byte in bytes { text += [digit(byte >> 4), digit(byte & 15)] }
        return String(decoding: text, as: UTF8.self)
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
