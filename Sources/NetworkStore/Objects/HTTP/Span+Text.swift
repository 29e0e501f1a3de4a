extension Span where Element == UInt8 {
    /// Whether it begins with text.
    func starts(with text: StaticString) -> Bool {
        guard count >= text.utf8CodeUnitCount else { return false }
        return unsafe matches(text.utf8Start, text.utf8CodeUnitCount, folded: false)
    }

    /// Whether it is this name, in letters of any size.
    ///
    /// - Parameter name: in small letters.
    func isField(_ name: StaticString) -> Bool {
        guard count == name.utf8CodeUnitCount else { return false }
        return unsafe matches(name.utf8Start, name.utf8CodeUnitCount, folded: true)
    }

    @unsafe
    private func matches(_ text: UnsafePointer<UInt8>, _ length: Int, folded: Bool) -> Bool {
        for index in 0..<length {
            let byte = folded ? self[index].lowercased : self[index]
            if unsafe byte != text[index] { return false }
        }
        return true
    }

    /// Whether a list with commas has a word, in letters of any size.
    func containsToken(_ token: StaticString) -> Bool {
        var start = 0
        while start <= count {
            var end = start
            while end < count && self[end] != UInt8(ascii: ",") { end += 1 }
            if extracting(start..<end).isTrimmedField(token) { return true }
            start = end + 1
        }
        return false
    }

    private func isTrimmedField(_ name: StaticString) -> Bool { extracting(trimmed(from: 0)).isField(name) }

    /// Where a byte first is.
    func firstIndex(of byte: UInt8) -> Int? {
        for index in 0..<count where self[index] == byte { return index }
        return nil
    }

    /// The part from a place on, without blanks at its ends.
    func trimmed(from start: Int) -> Range<Int> {
        var (first, end) = (start, count)
        while first < end && self[first].isBlank { first += 1 }
        while end > first && self[end - 1].isBlank { end -= 1 }
        return first..<end
    }

    /// The number that its digits are; `nil` where something else is among them, or there are too many.
    var decimal: UInt64? {
        guard (1...19).contains(count) else { return nil }
        var number: UInt64 = 0
        for index in 0..<count {
            let digit = self[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            number = number * 10 + UInt64(digit)
        }
        return number
    }

    /// It, as text for messages.
    var text: String {
        var bytes: [UInt8] = []
        for index in 0..<count { bytes.append(self[index]) }
        return String(decoding: bytes, as: UTF8.self).printable
    }
}

extension UInt8 {
    /// The small letter of a capital one; anything else as it is.
    var lowercased: UInt8 { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self }

    /// Whether it is a blank or a tab.
    var isBlank: Bool { self == 32 || self == 9 }

    /// Whether it may be in the name of a field (RFC 9110, 5.6.2).
    var isToken: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"),
            UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"),
            UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
