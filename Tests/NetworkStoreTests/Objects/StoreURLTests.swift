import StoreTestSupport
import SystemPackage
import TestSupport
import Testing

@testable import NetworkStore

/// URLs of stores.
@Suite struct StoreURLTests {
    private func location(_ text: String) throws -> S3Location {
        guard case .s3(let location) = try StoreURL(text) else { throw TestFailure("no bucket") }
        return location
    }

    @Test(arguments: [
        ("file:///a/b", "/a/b"), ("file:///", "/"), ("FILE:///a//b/../c/", "/a/c"), ("file:///a%20b%25", "/a b%"),
    ])
    func directories(_ text: String, _ path: String) throws {
        #expect(try StoreURL(text) == .directory(FilePath(path)))
    }

    @Test func buckets() throws {
        let plain = try location("s3://my-bucket")
        #expect(plain.bucket == "my-bucket" && plain.prefix == "" && plain.region == "us-east-1")
        #expect(plain.style == .virtual && plain.payload == .unsigned)
        #expect(plain.endpoint.description == "https://s3.us-east-1.amazonaws.com")
        let own = try location("s3://b.1/some/where/?endpoint=http://[::1]:9000&region=eu-x&payload=unsigned")
        #expect(own.prefix == "some/where/" && own.style == .path && own.payload == .unsigned && own.region == "eu-x")
        #expect(own.endpoint.host == "::1" && own.endpoint.port == 9000 && !own.endpoint.isEncrypted)
        #expect(own.endpoint.authority() == "[::1]:9000")
        let signed = try location("s3://bbb/x?endpoint=http%3A%2F%2Fhost&style=virtual")
        #expect(signed.payload == .signed && signed.style == .virtual && signed.endpoint.port == 80)
        #expect(signed.endpoint.authority(bucket: "bbb") == "bbb.host")
        #expect(try location("s3://bbb?endpoint=https://h:443&ca=/x.pem").certificates == "/x.pem")
        #expect(try location("s3://bbb?endpoint=https://h:443").endpoint.description == "https://h")
    }

    /// The environment's region counts where the URL names none.
    @Test func regions() throws {
        let variables = ["AWS_DEFAULT_REGION": "eu-west-3"]
        #expect(try location("s3://bbb").completed(from: variables).endpoint.host == "s3.eu-west-3.amazonaws.com")
        #expect(try location("s3://bbb?region=us-west-1").completed(from: variables).region == "us-west-1")
        let own = try location("s3://bbb?endpoint=http://h").completed(from: variables)
        #expect(own.region == "eu-west-3" && own.endpoint.host == "h")
        #expect(try location("s3://bbb").completed(from: ["AWS_REGION": "a b"]).region == "us-east-1")
    }

    @Test(arguments: [
        ("", "file:///path"), ("/a/b", "file:///path"), ("http://x", "cannot be kept"), ("file://a/b", "three slashes"),
        ("file:///a%zz", "hexadecimal"), ("file:///a%00", "NUL"), ("s3://", "bucket"), ("s3://ab", "bucket"),
        ("s3:///key", "bucket"), ("s3://a b c", "bucket"), ("s3://-abc", "bucket"), ("s3://abc/../x", ".."),
        ("s3://abc/a//b", "empty"), ("s3://K:S@abc/x", "AWS_ACCESS_KEY_ID"), ("s3://abc?endpoint=host", "http://"),
        ("s3://abc?endpoint=ftp://host", "http://"), ("s3://abc?endpoint=http://", "host"),
        ("s3://abc?endpoint=http://h:x", "port"), ("s3://abc?endpoint=http://h:0", "port"),
        ("s3://abc?endpoint=http://h:70000", "port"), ("s3://abc?endpoint=http://h/x", "host"),
        ("s3://abc?endpoint=http://u:p@h", "AWS_ACCESS_KEY_ID"), ("s3://abc?insecure=1", "insecure"),
        ("s3://abc?region=", "needs a value"), ("s3://abc?region=a&region=b", "twice"), ("s3://abc?style=x", "path"),
        ("s3://abc?region=a%20b", "region"), ("s3://abc?endpoint=http://h&ca=/x", "https"),
    ])
    func refused(_ text: String, _ hint: String) {
        let error = #expect(throws: StoreURLError.self) { try StoreURL(text) }
        let line = error?.description ?? ""
        #expect(line.contains(hint), "\(line)")
        #expect(!line.contains("\n") && !line.contains("p@h") && !line.contains("K:S"))
    }

    @Test func coding() {
        #expect(PercentCoding.encode("a b/ü~+&=%") == "a%20b%2F%C3%BC~%2B%26%3D%25")
        #expect(PercentCoding.encode("a/b", keepsSlashes: true) == "a/b")
        let all = String(decoding: (1..<128).map { UInt8($0) }, as: UTF8.self) + "ü€😀"
        #expect(PercentCoding.decode(PercentCoding.encode(all)) == all)
        for bad in ["%", "%1", "%g0", "%0g", "a%", "%ff"] { #expect(PercentCoding.decode(bad) == nil, "\(bad)") }
        #expect(Base64.encode([]) == "" && Base64.encode([77]) == "TQ==" && Base64.encode([77, 97]) == "TWE=")
        #expect(Base64.encode(Array("Many hands".utf8)) == "TWFueSBoYW5kcw==")
    }
}
