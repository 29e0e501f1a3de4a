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

    @Test func listings() throws {
        let text = """
            <ListBucketResult><Name>b</Name><Contents><Key>a%2Bb</Key><Size>5</Size><Owner><ID>Key</ID></Owner></Contents>
            <Contents><Size>18446744073709551615</Size><Key>c</Key></Contents><EncodingType>url</EncodingType>
            <IsTruncated>true</IsTruncated></ListBucketResult>
            """
        let listing = try S3Listing(Array(text.utf8))
        #expect(listing.objects.map(\.key) == ["a+b", "c"] && listing.objects.map(\.size) == [5, .max])
        #expect(listing.isTruncated)
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
