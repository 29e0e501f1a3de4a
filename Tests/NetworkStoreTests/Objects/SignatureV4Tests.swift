import Testing

@testable import NetworkStore

/// Signatures against the examples that Amazon publishes: the test suite of Signature Version 4, and the examples of S3's
/// documentation ("Authenticating Requests: Using the Authorization Header").
@Suite struct SignatureV4Tests {
    /// An example and the signature that its publisher gives.
    struct Example: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var method = HTTPMethod.get
        var path = "/"
        var query = ""
        var fields: [(name: String, value: String)] = []
        var payload = SignatureV4.emptyHash
        let signature: String
    }

    static let generalExamples: [Example] = [
        Example(
            testDescription: "get-vanilla",
            signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        Example(
            testDescription: "get-vanilla-query-order-key-case", query: "Param1=value1&Param2=value2",
            signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
        Example(
            testDescription: "get-unreserved",
            path: "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
        Example(
            testDescription: "get-utf8", path: "/ሴ",
            signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
        Example(
            testDescription: "post-vanilla", method: .post,
            signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    ]

    @Test(arguments: generalExamples)
    func ofAnyService(_ example: Example) {
        let keys = Credentials(keyID: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
        let fields = [("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")]
        // 2015-08-30 12:36:00.
        let text = sign(example, fields, keys, service: "service", second: 1_440_938_160)
        let scope = "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request"
        #expect(
            text.hasSuffix(
                "Authorization: AWS4-HMAC-SHA256 \(scope), SignedHeaders=host;x-amz-date, "
                    + "Signature=\(example.signature)\r\n"))
    }

    static let examplesOfS3: [Example] = [
        Example(
            testDescription: "GET object", path: "/test.txt", fields: [("range", "bytes=0-9")],
            signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        Example(
            testDescription: "PUT object", method: .put, path: "/test$file.text",
            fields: [("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
            payload: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
            signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
        Example(
            testDescription: "GET bucket lifecycle", query: "lifecycle=",
            signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        Example(
            testDescription: "List objects", query: "max-keys=2&prefix=J",
            signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ]

    @Test(arguments: examplesOfS3)
    func ofS3(_ example: Example) {
        let keys = Credentials(keyID: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        var fields = example.fields
        fields += [
            ("host", "examplebucket.s3.amazonaws.com"), ("x-amz-content-sha256", example.payload),
            ("x-amz-date", "20130524T000000Z"),
        ]
        fields.sort { $0.name < $1.name }
        let text = sign(example, fields, keys, service: "s3", second: 1_369_353_600)
        #expect(text.hasSuffix("Signature=\(example.signature)\r\n"))
    }

    private func sign(
        _ example: Example,
        _ fields: [(name: String, value: String)],
        _ keys: Credentials,
        service: String,
        second: Int64
    ) -> String {
        var signature = SignatureV4(region: "us-east-1", service: service, credentials: keys)
        let prepared = signature.prepare(fields, payload: example.payload, at: SigningTime(second: second))
        var wire: [UInt8] = []
        let path = Array(PercentCoding.encode(example.path, keepsSlashes: true).utf8)
        // Twice: what is kept between requests must not change them.
        for _ in 0..<2 {
            wire = []
            signature.sign(example.method, path: path, query: Array(example.query.utf8), prepared, into: &wire)
        }
        return String(decoding: wire, as: UTF8.self)
    }

    @Test func hashesOfBodies() {
        let text = Array("Welcome to Amazon S3.".utf8)
        let hash = SignatureV4.hash(RawSpan(_elements: text.span))
        #expect(hash == "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072")
        #expect(SignatureV4.hash(RawSpan()) == SignatureV4.emptyHash)
    }

    /// The key of a day is made anew for the next.
    @Test func keysAreOfADay() {
        let keys = Credentials(keyID: "K", secret: "S")
        func text(_ seconds: [Int64]) -> String {
            var signature = SignatureV4(region: "r", credentials: keys)
            var wire: [UInt8] = []
            for second in seconds {
                wire = []
                let fields = signature.prepare([("host", "h")], payload: "p", at: SigningTime(second: second))
                signature.sign(.get, path: [47], fields, into: &wire)
            }
            return String(decoding: wire, as: UTF8.self)
        }
        let day: Int64 = 86400
        #expect(text([0, day]) == text([day]))
        #expect(text([0]) != text([day]))
        #expect(text([day, 0]) == text([0]))
    }

    @Test(arguments: [
        (0, "19700101T000000Z"), (951_827_696, "20000229T123456Z"), (1_709_251_199, "20240229T235959Z"),
        (4_107_542_400, "21000301T000000Z"), (-1, "19691231T235959Z"),
    ])
    func times(_ second: Int64, _ text: String) {
        let time = SigningTime(second: second)
        #expect(time.full == text)
        #expect(time.day == String(text.prefix(8)))
    }

    /// Every day for 300 years, there and back.
    @Test func dates() {
        var date = CivilDate(year: 1900, month: 1, day: 1)
        let first = date.daysSince1970
        #expect(first == -25567)
        for day in first..<first + 110_000 {
            #expect(CivilDate(daysSince1970: day) == date)
            #expect(date.daysSince1970 == day)
            let isLeap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0)
            let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            date.day += 1
            if date.day > lengths[Int(date.month) - 1] { (date.day, date.month) = (1, date.month + 1) }
            if date.month > 12 { (date.month, date.year) = (1, date.year + 1) }
        }
    }
}
