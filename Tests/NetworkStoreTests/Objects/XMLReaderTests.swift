import Testing

@testable import NetworkStore

/// XML of servers.
@Suite struct XMLReaderTests {
    private func events(_ text: String) throws -> [XMLReader.Event] {
        var reader = XMLReader(Array(text.utf8))
        var events: [XMLReader.Event] = []
        while let event = try reader.next() { events.append(event) }
        return events
    }

    @Test func elements() throws {
        let text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <!-- <a> -->
            <s:A xmlns="http://x/" y='>'><B>1 &lt;&amp;&gt;&quot;&apos;&#65;&#x20AC;</B><C/><D ></D ></s:A>

            """
        #expect(
            try events(text) == [
                .start("A"), .start("B"), .text("1 <&>\"'A€"), .end("B"), .start("C"), .end("C"), .start("D"),
                .end("D"),
                .end("A"),
            ])
    }

    @Test(arguments: [
        "<a>", "<a></b>", "</a>", "<a", "<", "<>", "<a b></a>", "<a b=c></a>", "<a b=\"c></a>", "text", "<a>&x;</a>",
        "<a>&amp</a>", "<a>&#xD800;</a>", "<!DOCTYPE a [<!ENTITY x \"y\">]><a/>", "<a><!-- </a>", "<?xml <a/>",
        "<a/>text", "<a>&#99999999999;</a>",
        String(repeating: "<a>", count: 17) + String(repeating: "</a>", count: 17),
    ])
    func refused(_ text: String) { #expect(throws: ResponseFault.self) { try events(text) } }

    @Test func notText() {
        #expect(throws: ResponseFault.self) {
            var reader = XMLReader(Array("<a>".utf8) + [0xff] + Array("</a>".utf8))
            while try reader.next() != nil {}
        }
    }

    @Test func fieldsOfErrors() {
        let text = "<Error><Code>NoSuchKey</Code><Message>a &amp; b</Message><X><Code>no</Code></X><Key/></Error>"
        let fields = XMLReader.fields(of: "Error", in: Array(text.utf8))
        #expect(fields == ["Code": "NoSuchKey", "Message": "a & b", "X": "", "Key": ""])
        #expect(XMLReader.fields(of: "Error", in: Array("<html>".utf8)) == [:])
        #expect(XMLReader.fields(of: "Error", in: []) == [:])
    }

    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2000-02-29T23:59:59.999Z", 951_868_799), ("2026-11-26T17:21:23", nil),
            ("2026-13-26T17:21:23Z", nil), ("2026-11-26Z", nil), ("", nil),
            ("9999999999999999999-01-01T00:00:00Z", nil),
        ] as [(String, Int64?)])
    func dates(_ text: String, _ seconds: Int64?) { #expect(ISODate.parse(text) == seconds) }

    @Test func listings() throws {
        let text = """
            <ListBucketResult><Name>b</Name><Contents><Key>a%2Bb</Key><Size>5</Size><Owner><Key>no</Key></Owner>
            <ETag>&quot;0a-2&quot;</ETag><LastModified>2026-11-26T17:21:23.543Z</LastModified></Contents>
            <CommonPrefixes><Prefix>d+e/</Prefix></CommonPrefixes><Prefix>other</Prefix>
            <Contents><Size>18446744073709551615</Size><Key>c</Key></Contents><EncodingType>url</EncodingType>
            <NextContinuationToken>t+%</NextContinuationToken><IsTruncated>true</IsTruncated></ListBucketResult>
            """
        let listing = try S3Listing(Array(text.utf8))
        #expect(listing.objects.map(\.key) == ["a+b", "c"] && listing.objects.map(\.size) == [5, .max])
        #expect(listing.objects.map(\.tag) == ["0a-2", ""])
        #expect(listing.objects.map(\.modified) == [1_795_713_683, 0])
        #expect(listing.prefixes == ["d e/"] && listing.continuation == "t+%" && listing.isTruncated)
        let plain = try S3Listing(
            Array("<ListBucketResult><Contents><Key>a%2B</Key><Size>1</Size></Contents></ListBucketResult>".utf8))
        #expect(plain.objects.map(\.key) == ["a%2B"] && !plain.isTruncated)
        for bad in [
            "", "<Error/>", "<ListBucketResult>",
            "<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>",
            "<ListBucketResult><Contents><Key>a</Key><Size>x</Size></Contents></ListBucketResult>",
        ] {
            #expect(throws: ResponseFault.self) { try S3Listing(Array(bad.utf8)) }
        }
    }
}
