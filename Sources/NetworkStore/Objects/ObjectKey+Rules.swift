extension ObjectKey {
    /// Bytes of the longest key: what S3 takes.
    static var longest: Int { 1024 }

    /// Why no store takes this key; `nil` for one that every store does.
    ///
    /// Keys come from volumes, dumps and command lines; in a directory they become paths, which must not lead out of it.
    var fault: String? {
        if description.isEmpty { return "is empty" }
        if description.utf8.count > Self.longest { return "is longer than \(Self.longest) bytes" }
        for part in description.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            if part.isEmpty { return "has a part that is empty" }
            if part.elementsEqual(".".utf8) || part.elementsEqual("..".utf8) { return "has a part that is . or .." }
            if part.count > 255 { return "has a part longer than 255 bytes" }
            if !part.allSatisfy(Self.isAllowed) { return "has other characters than letters, digits, -, _, . and /" }
        }
        return nil
    }

    /// Refuses a key that is none.
    func check() throws(ObjectStoreError) {
        guard let fault else { return }
        throw .denied("the key \"\(description.printable)\" \(fault)")
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}

extension String {
    /// The text on one line and not too long, for messages: it may come from anywhere.
    var printable: String {
        var text = ""
        for scalar in unicodeScalars.prefix(200) {
            text.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7f ? "?" : scalar)
        }
        return unicodeScalars.count > 200 ? text + "…" : text
    }
}
