/// What a NUL-terminated name in a request may hold.
enum NameRule {
    /// A directory entry that is looked up: "." and ".." too, which NFS export asks for.
    case lookedUp
    /// A directory entry that is made, changed or removed: no "." and "..".
    case entry
    /// The target of a symbolic link or the name of an extended attribute: any bytes.
    case anything

    /// Longest name without its NUL: the kernel's PATH_MAX less one.
    static let maximumByteCount = 4095

    /// Whether '/' may be part of the name.
    var allowsSlash: Bool { self == .anything }

    /// Whether the name may be "." or "..".
    var allowsDots: Bool { self != .entry }
}

extension NameRule {
    /// Whether a name that is to be sent, without its NUL, holds nothing but what the rule allows.
    func allows(_ name: Span<UInt8>) -> Bool {
        guard !name.isEmpty, name.count <= Self.maximumByteCount else { return false }
        guard hasOnlyAllowedOctets(name) else { return false }
        return allowsDots || !isDots(name)
    }

    /// Whether no octet of a name is NUL or a slash that is not allowed.
    private func hasOnlyAllowedOctets(_ name: Span<UInt8>) -> Bool {
        guard name.count >= 8 else {
            for index in name.indices where !allows(name[index]) { return false }
            return true
        }
        // Eight at a time, since it is asked of each name that a directory is listed with; the last eight overlap.
        let octets = RawSpan(_elements: name)
        for start in stride(from: 0, to: name.count, by: 8) {
            guard let word = try? octets.load(UInt64.self, at: min(start, name.count - 8)), !word.hasOctet(0),
                allowsSlash || !word.hasOctet(UInt8(ascii: "/"))
            else { return false }
        }
        return true
    }

    /// Whether an octet may be in a name.
    private func allows(_ octet: UInt8) -> Bool {
        octet != 0 && (octet != UInt8(ascii: "/") || allowsSlash)
    }

    /// Whether a name is "." or "..".
    func isDots(_ name: Span<UInt8>) -> Bool {
        guard name.count <= 2 else { return false }
        for index in name.indices where name[index] != UInt8(ascii: ".") { return false }
        return true
    }
}

extension UInt64 {
    /// Whether one of its eight octets has a value.
    fileprivate func hasOctet(_ value: UInt8) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let difference = self ^ (ones &* UInt64(value))
        // A borrow reaches the top bit of an octet that had it clear only where there was a zero.
        return (difference &- ones) & ~difference & (ones << 7) != 0
    }
}
