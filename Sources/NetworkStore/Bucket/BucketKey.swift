internal import RingFUSE

/// The key of an object in a bucket; of a directory, what the keys of all in it begin with, which ends with `/` but for
/// the root's, which may be empty.
///
/// Bytes, and no text: texts that look the same can be different keys.
struct BucketKey: Hashable, Sendable {
    /// The bytes, which are UTF-8.
    let bytes: ContiguousArray<UInt8>

    /// Bytes of the longest key: what S3 takes.
    static var longest: Int { 1024 }

    /// A key of bytes that are UTF-8.
    init(_ bytes: ContiguousArray<UInt8>) { self.bytes = bytes }

    /// The key that a text is.
    init(_ text: String) { bytes = ContiguousArray(text.utf8) }

    /// The key of a file in a directory with this key.
    func file(_ name: StoredName) -> BucketKey { BucketKey(bytes + name.bytes) }

    /// The key of the directory with the name of this file.
    var directory: BucketKey { BucketKey(bytes + [UInt8(ascii: "/")]) }

    /// As requests have it.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The number that programs see: the same in every mount.
    var inode: UInt64 {
        // FNV-1a, and then each bit into all others, as its upper ones are weak.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        hash = (hash ^ hash >> 33) &* 0xff51_afd7_ed55_8ccd
        hash = (hash ^ hash >> 33) &* 0xc4ce_b9fe_1a85_ec53
        return max(2, hash ^ hash >> 33)
    }

    /// What a listing of a directory with this key shows of another key.
    ///
    /// - Returns: the name of what is in the directory; `nil` for what no program could name: an empty name (two slashes
    ///   one after the other), `.`, `..`, names of more than 255 bytes and such with a NUL; and for the directory itself.
    func name(of key: String) -> StoredName? {
        guard key.utf8.starts(with: bytes) else { return nil }
        var rest = key.utf8.dropFirst(bytes.count)
        if rest.last == UInt8(ascii: "/") { rest = rest.dropLast() }
        let name = ContiguousArray(rest)
        guard Self.isName(name), !name.contains(UInt8(ascii: "/")) else { return nil }
        return StoredName(String(decoding: name, as: UTF8.self))
    }

    /// Whether bytes are a name that a directory can have.
    static func isName(_ bytes: ContiguousArray<UInt8>) -> Bool {
        guard (1...255).contains(bytes.count), !bytes.contains(0) else { return false }
        return bytes != [UInt8(ascii: ".")] && bytes != [UInt8(ascii: "."), UInt8(ascii: ".")]
    }
}

extension StoredName {
    /// Whether it can be part of a key.
    var isText: Bool { String(validating: bytes, as: UTF8.self) != nil }
}
