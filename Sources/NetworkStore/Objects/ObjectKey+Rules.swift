extension ObjectKey {
    /// Bytes of the longest key: what S3 takes.
    static var longest: Int { 1024 }

    /// Why no store takes this key; `nil` for one that every store does.
    ///
    /// Keys come from volumes, dumps and command lines; in a directory they become paths, which must not lead out of it.
    var fault: String? {
        if description.isEmpty { return "is empty" }
        if description.utf8.count > Self.longest { return "is longer than \(Self.longest) bytes" }
        // In one pass and without memory: each access to an object comes by.
        var (length, dots) = (0, 0)
        for byte in description.utf8 {
            if byte == UInt8(ascii: "/") {
                if let fault = Self.fault(ofPart: length, dots: dots) { return fault }
                (length, dots) = (0, 0)
            } else {
                guard Self.isAllowed(byte) else { return "has other characters than letters, digits, -, _, . and /" }
                length += 1
                if byte == UInt8(ascii: ".") { dots += 1 }
            }
        }
        return Self.fault(ofPart: length, dots: dots)
    }

    /// What is wrong with a part of so many bytes, of which so many are dots.
    private static func fault(ofPart length: Int, dots: Int) -> String? {
        if length == 0 { return "has a part that is empty" }
        if length == dots && length <= 2 { return "has a part that is . or .." }
        return length > 255 ? "has a part longer than 255 bytes" : nil
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
