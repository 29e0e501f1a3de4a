internal import FileSystems
internal import RingFUSE
internal import Synchronization

/// The nodes that the kernel knows: how often it has looked each up, how often it is open, and its content if it is.
final class NodeTable: Sendable {
    /// A node that the kernel knows.
    struct Known {
        /// Lookups that the kernel has not taken back.
        var lookups: UInt64 = 0
        /// Open files and directories.
        var opens = 0
        /// Whether it has no name any more: then it goes when the kernel knows it no longer.
        var isUnlinked = false
        /// Its content, while it is open or has something that is not committed.
        var file: StoredFile?
        /// What the kernel caches of its content, while that is not here.
        var pages = KernelPages()

        /// Whether nobody needs it here.
        var isUnused: Bool { lookups == 0 && opens == 0 }
    }

    /// A part of the table with a lock of its own.
    private final class Shard: Sendable {
        let nodes = Mutex(NodeMap<Known>())
    }

    private let shards: [Shard]

    /// An empty table.
    init() {
        shards = (0..<16).map { _ in Shard() }
    }

    private func shard(of node: NodeID) -> Shard { shards[Int(node.rawValue >> 3) & (shards.count - 1)] }

    /// The content of a file that is open or being committed.
    func file(_ node: NodeID) -> StoredFile? {
        shard(of: node).nodes.withLock { $0[node]?.file }
    }

    /// Counts a lookup.
    ///
    /// - Returns: the node's content, if it has some here.
    @discardableResult
    func addLookup(of node: NodeID) -> StoredFile? {
        shard(of: node).nodes.withLock { nodes in
            var known = nodes[node] ?? Known()
            known.lookups += 1
            nodes[node] = known
            return known.file
        }
    }

    /// Takes lookups back.
    ///
    /// - Returns: whether the node has no name and nobody needs it any more.
    func forget(_ node: NodeID, lookups: UInt64) -> Bool {
        shard(of: node).nodes.withLock { nodes in
            guard var known = nodes[node] else { return false }
            known.lookups -= min(known.lookups, lookups)
            return Self.settle(known, node, &nodes)
        }
    }

    /// Counts an open file.
    ///
    /// - Parameter make: makes the content of a file that has none here yet; gets what the kernel caches of it.
    func open(_ node: NodeID, _ make: (KernelPages) -> StoredFile?) -> StoredFile? {
        shard(of: node).nodes.withLock { nodes in
            var known = nodes[node] ?? Known()
            known.opens += 1
            if known.file == nil { known.file = make(known.pages) }
            nodes[node] = known
            return known.file
        }
    }

    /// The kernel is about to be told to drop a node's pages.
    func expectDrop(of node: NodeID) {
        shard(of: node).nodes.withLock { nodes in
            guard var known = nodes[node] else { return }
            known.pages.expectDrop()
            nodes[node] = known
            known.file?.state.withLock { $0.pages.expectDrop() }
        }
    }

    /// Takes an open file back.
    ///
    /// - Returns: whether it was the last one, whether the node has no name and nobody needs it any more, and whether it has no
    ///   name.
    func release(_ node: NodeID) -> (isLast: Bool, isGone: Bool, isUnlinked: Bool) {
        shard(of: node).nodes.withLock { nodes in
            guard var known = nodes[node], known.opens > 0 else { return (false, false, false) }
            known.opens -= 1
            return (known.opens == 0, Self.settle(known, node, &nodes), known.isUnlinked)
        }
    }

    /// Forgets the content of a file that is not open and has nothing that is not committed.
    func dropContentIfClean(of node: NodeID) {
        shard(of: node).nodes.withLock { nodes in
            guard var known = nodes[node], known.opens == 0, let file = known.file, file.isClean else { return }
            known.pages = file.state.withLock { $0.pages }
            known.pages.settle()
            known.file = nil
            _ = Self.settle(known, node, &nodes)
        }
    }

    /// A node has lost its last name.
    ///
    /// - Returns: whether nobody needs it any more, and whether anybody has it open.
    func unlink(_ node: NodeID) -> (isGone: Bool, isOpen: Bool) {
        shard(of: node).nodes.withLock { nodes in
            guard var known = nodes[node], !known.isUnused else {
                nodes[node] = nil
                return (true, false)
            }
            known.isUnlinked = true
            nodes[node] = known
            return (false, known.opens > 0)
        }
    }

    /// A node has got a name again.
    func relink(_ node: NodeID) {
        shard(of: node).nodes.withLock { nodes in
            guard var known = nodes[node] else { return }
            known.isUnlinked = false
            nodes[node] = known
        }
    }

    /// Puts what is known of a node back, or drops it where that is nothing.
    ///
    /// - Returns: whether the node has no name and nobody needs it any more.
    private static func settle(_ known: Known, _ node: NodeID, _ nodes: inout NodeMap<Known>) -> Bool {
        let isGone = known.isUnused && known.isUnlinked
        nodes[node] = isGone || (known.isUnused && known.file == nil) ? nil : known
        return isGone
    }

    /// Whether the kernel knows a node. The root it always does.
    func isKnown(_ node: NodeID) -> Bool {
        node == .root || shard(of: node).nodes.withLock { $0[node] != nil }
    }

    /// Whether a node is open.
    func isOpen(_ node: NodeID) -> Bool {
        shard(of: node).nodes.withLock { ($0[node]?.opens ?? 0) > 0 }
    }

    /// Whether the kernel knows a node, or has it open.
    func isInUse(_ node: NodeID) -> Bool {
        shard(of: node).nodes.withLock { $0[node].map { !$0.isUnused } ?? false }
    }

    /// The nodes that the kernel knows.
    var known: [NodeID] {
        [.root] + shards.flatMap { shard in shard.nodes.withLock { nodes in nodes.all.map(\.id) } }
    }

    /// The files that have content here.
    var files: [StoredFile] {
        shards.flatMap { shard in shard.nodes.withLock { nodes in nodes.all.compactMap(\.value.file) } }
    }
}
