public import RingFUSE

/// A bound on all that is below a directory, the directory included.
///
/// A node belongs to one quota at the most, whose directory's number is in its row: that of the directory that it was made in.
/// What it has counts there and in the quotas around it (``outer``).
public struct QuotaRecord: Sendable, Hashable, Codable {
    /// The extended attribute of a directory of a mounted volume by which its quota is set, told and cleared; no listing has it.
    public static let attribute = "trusted.ringfuse.quota"

    /// What may be there at the most.
    public struct Limits: Sendable, Hashable, Codable {
        /// Bytes; `nil` for any number.
        public var bytes: UInt64?
        /// Nodes, the directory included; `nil` for any number.
        public var nodes: UInt64?

        /// Limits.
        public init(bytes: UInt64? = nil, nodes: UInt64? = nil) {
            self.bytes = bytes
            self.nodes = nodes
        }
    }

    /// The number of the directory, which is the quota's, too.
    public var directory: UInt64
    /// The quota that this one is within; 0 for none.
    public var outer: UInt64
    /// What may be there.
    public var limits: Limits
    /// Bytes that are there, holes not counted.
    public var bytes: Int64
    /// Nodes that are there.
    public var nodes: Int64
    /// Whether all that was there before the quota was set is counted.
    public var isComplete: Bool

    /// A quota.
    public init(
        directory: NodeID,
        outer: NodeID,
        limits: Limits,
        bytes: Int64 = 0,
        nodes: Int64 = 0,
        isComplete: Bool = false
    ) {
        self.directory = directory.rawValue
        self.outer = outer.rawValue
        self.limits = limits
        self.bytes = bytes
        self.nodes = nodes
        self.isComplete = isComplete
    }

    /// Its number.
    public var id: NodeID { NodeID(directory) }
}

extension QuotaRecord {
    /// Quotas within each other at the most; more are a circle, which there must not be.
    static var deepest: Int { 1000 }

    /// It with more in it.
    ///
    /// - Returns: `nil` where that is more than may be, and more than there was.
    func adding(bytes more: Int64, nodes moreNodes: Int64) -> Self? {
        var sum = self
        sum.bytes += more
        sum.nodes += moreNodes
        if more > 0, let limit = limits.bytes, sum.bytes > Int64(clamping: limit) { return nil }
        if moreNodes > 0, let limit = limits.nodes, sum.nodes > Int64(clamping: limit) { return nil }
        return sum
    }
}
