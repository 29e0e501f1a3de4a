internal import Crypto

/// What a bucket has under a key at some moment.
struct BucketObject: Hashable, Sendable {
    /// Bytes.
    var size: UInt64
    /// What the server calls this content, without quotes.
    var tag: String
    /// When it was stored, in seconds since 1970.
    var modified: Int64
}

/// An object as somebody reads it: one content of one key, which never changes.
struct BucketSource: Sendable {
    /// Its key.
    let key: BucketKey
    /// Its size and tag.
    let object: BucketObject
    /// The number that it has in caches.
    let number: ObjectNumber
    /// What tells it from others in a cache that outlives the mount.
    let identity: ContiguousArray<UInt8>

    /// An object.
    init(_ key: BucketKey, _ object: BucketObject) {
        self.key = key
        self.object = object
        var hash = SHA256()
        hash.update(data: Array("\(object.size) \(object.tag) ".utf8))
        hash.update(data: Array(key.bytes))
        identity = ContiguousArray(hash.finalize())
        // Two of the same number would be taken for each other: one chance in 10^7 among a million objects of a mount.
        number = identity.prefix(8).reduce(0) { $0 << 8 | ObjectNumber($1) }
    }
}

extension BucketSource {
    /// Its number as text.
    var name: String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
