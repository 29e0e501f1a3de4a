internal import RingFUSE

/// What a change is called that comes out of a journal: no other ever is.
public struct JournalTag: Hashable, Sendable {
    /// The journal: 32 hexadecimal digits.
    public let journal: String
    /// The time that it was in use, from one mount to its end.
    public let generation: UInt64
    /// The change's number in that.
    public let sequence: UInt64

    /// A tag.
    init(journal: String, generation: UInt64, sequence: UInt64) {
        self.journal = journal
        self.generation = generation
        self.sequence = sequence
    }

    /// The tag that a name is; `nil` where it is none.
    init?(_ name: StoredName) {
        let parts = String(decoding: name.bytes, as: UTF8.self).split(separator: ".")
        guard parts.count == 3, let generation = UInt64(parts[1], radix: 16), let sequence = UInt64(parts[2], radix: 16)
        else { return nil }
        self.init(journal: String(parts[0]), generation: generation, sequence: sequence)
    }

    /// The name that it is noted as.
    var name: StoredName {
        StoredName("\(journal).\(String(generation, radix: 16)).\(String(sequence, radix: 16))")
    }

    /// What the names of a journal lie between.
    static func names(of journal: String) -> (lower: ContiguousArray<UInt8>, upper: ContiguousArray<UInt8>) {
        // The slash follows the dot.
        (ContiguousArray("\(journal).".utf8), ContiguousArray("\(journal)/".utf8))
    }
}
