/// A name found or made: the node behind it and how long the kernel may believe so (`struct fuse_entry_out`).
///
/// Each entry that a backend returns counts as one lookup of its node, which a later
/// ``FileSystem/forget(_:lookups:)`` takes back.
@frozen
public struct Entry: Sendable {
    /// The node; raw value 0 says "no such name", which the kernel then caches for ``nameLifetime``.
    public var node: NodeID
    /// Tells apart nodes that had the same id at different times.
    public var generation: UInt64
    /// The node's attributes.
    public var attributes: Attributes
    /// How long the attributes hold.
    public var attributesLifetime: Lifetime
    /// How long the name leads to this node.
    public var nameLifetime: Lifetime

    /// An entry whose name and attributes hold equally long.
    @inlinable
    public init(
        node: NodeID,
        attributes: Attributes,
        generation: UInt64 = 0,
        lifetime: Lifetime = .second
    ) {
        self.node = node
        self.generation = generation
        self.attributes = attributes
        attributesLifetime = lifetime
        nameLifetime = lifetime
    }

    /// "There is no such name", for the kernel to remember: unlike throwing `ENOENT`, which it asks again.
    @inlinable
    public static func missing(lifetime: Lifetime) -> Entry {
        Entry(node: NodeID(0), attributes: Attributes(node: NodeID(0), mode: NodeMode(rawValue: 0)), lifetime: lifetime)
    }
}
