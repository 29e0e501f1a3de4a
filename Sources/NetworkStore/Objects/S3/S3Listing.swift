/// A page of a listing, as servers of S3 tell it (ListObjectsV2).
struct S3Listing: Equatable {
    /// Keys with the prefix of the store, and sizes.
    var objects: [(key: String, size: UInt64)] = []
    var isTruncated = false

    static func == (left: S3Listing, right: S3Listing) -> Bool {
        left.isTruncated == right.isTruncated && left.objects.elementsEqual(right.objects, by: ==)
    }

    /// Reads a page.
    init(_ body: [UInt8]) throws(ResponseFault) {
        var reader = XMLReader(body)
        guard case .start("ListBucketResult") = try reader.next() else { throw ResponseFault("no listing") }
        var isCoded = false
        var object: (key: String?, size: UInt64?)?
        var found: [(key: String, size: UInt64)] = []
        var text = ""
        while let event = try reader.next() {
            switch event {
            case .start(let name):
                text = ""
                if name == "Contents" { object = (nil, nil) }
            case .text(let piece):
                text += piece
            case .end(let name):
                switch name {
                case "IsTruncated": isTruncated = text == "true"
                case "EncodingType": isCoded = text == "url"
                // An owner has names, too, but no key.
                case "Key": object?.key = text
                case "Size": object?.size = UInt64(text)
                case "Contents":
                    guard let key = object?.key, let size = object?.size else {
                        throw ResponseFault("an object without key or size")
                    }
                    found.append((key, size))
                    object = nil
                default: break
                }
                text = ""
            }
        }
        // The element may come after the keys that it is about.
        for (key, size) in found {
            guard let key = isCoded ? PercentCoding.decode(key) : key else { throw ResponseFault("a key that is none") }
            objects.append((key, size))
        }
    }
}
