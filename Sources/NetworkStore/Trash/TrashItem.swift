internal import RingFUSE

/// An entry of the trash as people and programs are told of it.
public struct TrashItem: Sendable, Hashable, Codable {
    /// Its number, by which it is restored.
    public var entry: UInt64
    /// When it was removed, in nanoseconds since 1970.
    public var time: UInt64
    /// Bytes of it, as `stat` tells.
    public var size: UInt64
    /// Whether it is a directory: restored with what was in it, and listed for its sake.
    public var isDirectory: Bool
    /// Where it was, from the root of the volume on; `nil` where the directory that it was in is gone for good.
    public var path: String?
    /// The name that it had there.
    public var name: String

    /// An entry, and where it was.
    init(_ entry: TrashEntry, path: [StoredName]?) {
        self.entry = entry.id.rawValue
        (time, size) = (entry.time, entry.node.attributes.size)
        isDirectory = entry.node.type == .directory
        self.path = path.map { "/" + $0.map { String($0) }.joined(separator: "/") }
        name = String(entry.place.name)
    }

    /// Whether it is a path, or below it.
    ///
    /// - Parameter prefix: from the root of the volume on; whole names.
    public func isBelow(_ prefix: String) -> Bool {
        guard let path else { return false }
        let wanted = prefix.split(separator: "/")
        return path.split(separator: "/").starts(with: wanted)
    }
}

/// How things are with the trash of a volume.
public struct TrashState: Sendable, Hashable, Codable {
    /// For how many seconds removed files are kept; 0 for not at all.
    public var age: UInt64
    /// How much there is.
    public var usage: TrashUsage

    /// A state.
    public init(age: UInt64, usage: TrashUsage) {
        self.age = age
        self.usage = usage
    }
}

/// What the server of a mount is asked to do with the trash, by ``attribute``, as JSON.
public enum TrashRequest: Sendable, Hashable, Codable {
    /// To keep removed files for so many seconds.
    case keep(seconds: UInt64)
    /// To restore an entry, by its number, to where it was, or to a directory, by that one's number.
    case restore(entry: UInt64, directory: UInt64?)
    /// To remove for good what was removed before a time, in nanoseconds since 1970; up to ``limit`` entries.
    case discard(before: UInt64)

    /// The extended attribute of directories of a mounted volume by which its trash is asked for (``TrashState``) and told what to do;
    /// followed by a dot and a time, it gives later entries (``TrashItem``). No listing has it.
    public static let attribute = "trusted.ringfuse.trash"
    /// Entries that go at one request, at the most.
    public static let limit = 1000
}
