/// A page of a listing, as servers of S3 tell it (ListObjectsV2).
struct S3Listing: Equatable {
    /// An object.
    struct Object: Equatable {
        /// Its key, with the prefix of the store.
        var key = ""
        /// Bytes.
        var size: UInt64 = 0
        /// What tells one content of it from another, without quotes; empty where the server does not say.
        var tag = ""
        /// Seconds since 1970.
        var modified: Int64 = 0
    }

    /// The objects.
    var objects: [Object] = []
    /// What keys begin with that are summed up, as they have a delimiter after the prefix that was asked for.
    var prefixes: [String] = []
    /// Whether there is more.
    var isTruncated = false
    /// Where the next page begins, for the server.
    var continuation: String?

    /// Reads a page.
    init(_ body: [UInt8]) throws(ResponseFault) {
        var reader = XMLReader(body)
        guard case .start("ListBucketResult") = try reader.next() else { throw ResponseFault("no listing") }
        var path: [String] = []
        var isCoded = false
        var object = Object()
        var known: Set<String> = []
        var text = ""
        while let event = try reader.next() {
            switch event {
            case .start(let name):
                path.append(name)
                text = ""
                if path == ["Contents"] { (object, known) = (Object(), []) }
            case .text(let piece):
                text += piece
            case .end(let name):
                switch (path.count, path.first) {
                // An owner, deeper, has names, too, but no key.
                case (2, "Contents"):
                    known.insert(name)
                    try object.read(text, of: name)
                case (2, "CommonPrefixes") where name == "Prefix": prefixes.append(text)
                case (1, "Contents"):
                    guard known.isSuperset(of: ["Key", "Size"]) else {
                        throw ResponseFault("an object without key or size")
                    }
                    objects.append(object)
                case (1, "IsTruncated"): isTruncated = text == "true"
                case (1, "EncodingType"): isCoded = text == "url"
                case (1, "NextContinuationToken"): continuation = text
                default: break
                }
                _ = path.popLast()
                text = ""
            }
        }
        // The element may come after the keys that it is about.
        if isCoded { try decode() }
    }

    private mutating func decode() throws(ResponseFault) {
        for index in objects.indices { objects[index].key = try Self.decoded(objects[index].key) }
        for index in prefixes.indices { prefixes[index] = try Self.decoded(prefixes[index]) }
    }

    private static func decoded(_ key: String) throws(ResponseFault) -> String {
        // As in forms: a blank is a plus, and a plus is a code.
        let blanks = String(decoding: key.utf8.map { $0 == UInt8(ascii: "+") ? 32 : $0 }, as: UTF8.self)
        guard let key = PercentCoding.decode(blanks) else { throw ResponseFault("a key that is none") }
        return key
    }
}

extension S3Listing.Object {
    /// Takes what an element says.
    fileprivate mutating func read(_ text: String, of element: String) throws(ResponseFault) {
        switch element {
        case "Key": key = text
        case "Size":
            guard let number = UInt64(text) else { throw ResponseFault("an object without key or size") }
            size = number
        case "ETag": tag = EntityTag.unquoted(text)
        case "LastModified": modified = ISODate.parse(text) ?? 0
        default: break
        }
    }
}

/// What a server calls one content of an object (RFC 9110, 8.8.3). Here it is kept without its quotes, which some answers
/// have and some have not.
enum EntityTag {
    /// A tag without quotes.
    static func unquoted(_ text: String) -> String {
        let bytes = text.utf8
        guard bytes.count >= 2, bytes.first == UInt8(ascii: "\""), bytes.last == UInt8(ascii: "\"") else { return text }
        return String(text.dropFirst().dropLast())
    }

    /// A tag as fields of requests have it.
    static func quoted(_ tag: String) -> String { "\"\(tag)\"" }
}

/// Dates of listings: `2026-11-26T17:21:23.543Z`.
enum ISODate {
    /// Seconds since 1970; `nil` for what is no date in that form.
    static func parse(_ text: String) -> Int64? {
        let numbers = text.utf8.split { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            .compactMap { Int64(String(decoding: $0, as: UTF8.self)) }
        guard (6...7).contains(numbers.count), text.utf8.last == UInt8(ascii: "Z"), text.utf8.count <= 30,
            (1...12).contains(numbers[1]), (1...31).contains(numbers[2]), numbers[3] < 24, numbers[4] < 60,
            numbers[5] <= 60
        else { return nil }
        let days = CivilDate(year: numbers[0], month: numbers[1], day: numbers[2]).daysSince1970
        return days * 86400 + numbers[3] * 3600 + numbers[4] * 60 + numbers[5]
    }
}
