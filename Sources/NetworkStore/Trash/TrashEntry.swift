public import RingFUSE

/// Something that was removed and is kept for a while: a file or symbolic link with something in it, or a directory that such a thing
/// was in.
///
/// It is a name in a directory that no path leads to, which says where it was; the rest is in its node, as it was.
public struct TrashEntry: Sendable, Hashable {
    /// The node.
    public var node: NodeRecord
    /// Where it was: the directory may have been moved since, or be in the trash, too.
    public var place: NamePlace
    /// When it was removed, in nanoseconds since 1970. Orders entries; nearly always, no two have the same.
    public var time: UInt64

    /// Its number: that of the node.
    public var id: NodeID { node.id }
}

/// How much there is in the trash.
public struct TrashUsage: Sendable, Hashable, Codable {
    /// Files, symbolic links and directories.
    public var entries: UInt64
    /// Bytes of them, holes not counted.
    public var bytes: UInt64
}

extension NodeID {
    /// The directory that the trash is: no node has this number.
    static let trash = NodeID(0)
}

extension TrashEntry {
    /// Bytes of a name in the trash beyond those of the name that was removed: two numbers, and what divides them.
    static let nameOverhead = 34

    /// The name that it has in the trash.
    var hiddenName: StoredName { Self.hiddenName(of: id, from: place) }

    /// The name that a node has in the trash: its number, that of the directory that it was in, and the name that it had there.
    static func hiddenName(of node: NodeID, from place: NamePlace) -> StoredName {
        var bytes = ContiguousArray(digits(node.rawValue).utf8)
        bytes.append(UInt8(ascii: "."))
        bytes += digits(place.directory.rawValue).utf8
        bytes.append(UInt8(ascii: "."))
        bytes += place.name.bytes
        return StoredName(Name(bytes.span))
    }

    /// What names in the trash lie between that are of a node; there is one at the most.
    static func hiddenNames(of node: NodeID) -> (lower: ContiguousArray<UInt8>, upper: ContiguousArray<UInt8>) {
        let digits = digits(node.rawValue)
        // The slash follows the dot.
        return (ContiguousArray((digits + ".").utf8), ContiguousArray((digits + "/").utf8))
    }

    /// Where a node was whose name in the trash this is; `nil` for a name that is none.
    static func place(of node: NodeID, hiddenName: StoredName) -> NamePlace? {
        let bytes = hiddenName.bytes
        guard bytes.count > nameOverhead, bytes[16] == UInt8(ascii: "."), bytes[33] == UInt8(ascii: "."),
            UInt64(String(decoding: bytes[..<16], as: UTF8.self), radix: 16) == node.rawValue,
            let directory = UInt64(String(decoding: bytes[17..<33], as: UTF8.self), radix: 16)
        else { return nil }
        let name = ContiguousArray(bytes[nameOverhead...])
        let place = NamePlace(directory: NodeID(directory), name: StoredName(Name(name.span)))
        // Any other way to write the numbers would not be found again.
        return Self.hiddenName(of: node, from: place) == hiddenName ? place : nil
    }

    /// An entry as rows have it; `nil` for a name that is none.
    init?(_ node: NodeRecord, hiddenName: StoredName, time: UInt64) {
        guard let place = Self.place(of: node.id, hiddenName: hiddenName) else { return nil }
        self.init(node: node, place: place, time: time)
    }

    /// A number, always as long.
    private static func digits(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
