internal import RingFUSE

/// What an operation will ask for, as far as it is known before it runs: all of a group is read in one round trip. What is left out
/// costs one more, and nothing else.
struct RowNeeds: Sendable {
    /// Ranges of a file that are asked for one by one; with more, all from the first to the last.
    private static let rangeLimit = 8

    /// Nodes, directories among them.
    var nodes: [NodeID] = []
    /// Names, and the nodes that they lead to.
    var names: [NamePlace] = []
    /// Notes of nodes without names.
    var unlinked: [NodeID] = []
    /// Numbers that are pending.
    var pending: [ObjectNumber] = []
    /// Objects.
    var objects: [ObjectNumber] = []
    /// Ranges of files.
    var extents: [(file: NodeID, range: Range<UInt64>)] = []

    /// Files whose locks are asked for.
    var locks: [NodeID] = []

    /// Nothing.
    static var none: Self { Self() }

    /// Nodes alone.
    static func nodes(_ ids: NodeID...) -> Self {
        var needs = Self()
        needs.nodes = ids
        return needs
    }

    /// A name in a directory, the directory, what it leads to, and other nodes.
    static func name(_ name: StoredName, in directory: NodeID, and nodes: NodeID...) -> Self {
        var needs = Self()
        needs.nodes = [directory] + nodes
        needs.names = [NamePlace(directory: directory, name: name)]
        return needs
    }

    /// The locks on a file, and its node.
    static func locks(on node: NodeID) -> Self {
        var needs = Self.nodes(node)
        needs.locks = [node]
        return needs
    }

    /// What a change of content needs.
    static func change(_ change: ContentChange) -> Self {
        var needs = Self()
        needs.nodes = [change.file]
        needs.pending = change.objects.map(\.number)
        if let tag = change.tag { needs.names = [NamePlace(directory: .journal, name: tag)] }
        // What is no extent is refused when the change is made.
        let extents = change.extents.filter { (try? $0.check()) != nil }
        var ranges = change.holes + extents.map(\.range)
        if ranges.count > rangeLimit {
            let low = ranges.reduce(UInt64.max) { min($0, $1.lowerBound) }
            ranges = [low..<ranges.reduce(low) { max($0, $1.upperBound) }]
        }
        needs.extents = ranges.filter { !$0.isEmpty }.map { (change.file, $0) }
        for extent in extents {
            guard case .object(let number, _) = extent.place, !needs.pending.contains(number) else { continue }
            if needs.objects.last != number { needs.objects.append(number) }
        }
        return needs
    }

    /// Adds those of another operation.
    mutating func add(_ other: Self) {
        nodes += other.nodes
        names += other.names
        unlinked += other.unlinked
        pending += other.pending
        objects += other.objects
        extents += other.extents
        locks += other.locks
    }
}
