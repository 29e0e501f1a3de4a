public import RingFUSE

/// What another session of a volume has changed: what this one knows of it is old.
public struct ForeignChanges: Sendable {
    /// Nodes whose attributes or content have changed, or that are gone.
    public var nodes: [NodeID] = []
    /// Names that lead elsewhere, or nowhere, or are new.
    public var names: [NamePlace] = []
    /// Nodes on which locks have been given up that somebody waits for.
    public var locks: [NodeID] = []
    /// Whether it is not known what, so that it may be anything.
    public var isEverything = false

    /// Nothing.
    public init() {}

    /// It is not known what.
    public static var everything: Self {
        var changes = Self()
        changes.isEverything = true
        return changes
    }
}

/// A name's place.
public struct NamePlace: Hashable, Sendable {
    /// The directory.
    public let directory: NodeID
    /// The name in it.
    public let name: StoredName

    /// A place.
    public init(directory: NodeID, name: StoredName) {
        self.directory = directory
        self.name = name
    }
}

extension MetadataEngine {
    /// Nobody else changes the volume.
    public var isShared: Bool { false }

    /// Nobody else changes the volume.
    public func watch(_ observer: @escaping @Sendable (ForeignChanges) -> Void) {}
}
