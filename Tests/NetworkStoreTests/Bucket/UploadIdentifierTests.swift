import Testing

@testable import NetworkStore

/// What servers call an upload in parts.
@Suite struct UploadIdentifierTests {
    private func identifier(_ text: String) -> String? { BucketClient.uploadIdentifier(in: Array(text.utf8)) }

    @Test func serversNameTheElementDifferently() {
        let documented = """
            <?xml version="1.0" encoding="UTF-8"?>
            <InitiateMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Bucket>b</Bucket>
            <Key>k</Key><UploadId>VXBsb2FkIElE</UploadId></InitiateMultipartUploadResult>
            """
        #expect(identifier(documented) == "VXBsb2FkIElE")
        // As rclone 1.75.2 (`serve s3`) says it.
        let rclone = """
            <?xml version="1.0" encoding="UTF-8"?>
            <InitiateMultipartUpload>
              <Bucket>test-bucket</Bucket>
              <Key>f</Key>
              <UploadId>c87b7090-a562-4bf2-bab6-cd7ca26632b8</UploadId>
            </InitiateMultipartUpload>
            """
        #expect(identifier(rclone) == "c87b7090-a562-4bf2-bab6-cd7ca26632b8")
    }

    @Test func othersAreNone() {
        #expect(identifier("") == nil)
        #expect(identifier("<Error><Code>NoSuchBucket</Code></Error>") == nil)
        let empty = "<InitiateMultipartUploadResult><UploadId></UploadId></InitiateMultipartUploadResult>"
        #expect(identifier(empty) == nil)
    }
}
