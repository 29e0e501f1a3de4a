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
        for index in name.indices {
            let octet = name[index]
            if octet == 0 || (octet == UInt8(ascii: "/") && !allowsSlash) { return false }
        }
        return allowsDots || !isDots(name)
    }

    /// Whether a name is "." or "..".
    func isDots(_ name: Span<UInt8>) -> Bool {
        guard name.count <= 2 else { return false }
        for index in name.indices where name[index] != UInt8(ascii: ".") { return false }
        return true
    }
}
