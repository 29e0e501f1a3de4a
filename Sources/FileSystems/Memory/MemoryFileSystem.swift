public import RingFUSE
internal import Synchronization
internal import SystemPackage

/// A complete file system in memory, of limited size.
///
/// Locks: one for the tree (names, and which nodes there are), one for each node (attributes and content). A node's is
/// taken while the tree's is held or alone, and never two nodes' at once; nothing suspends or does I/O under a lock.
/// A read or write holds the tree's lock only to find its node.
///
/// Permissions, the sticky bit of directories among them, are the kernel's to check (`default_permissions`).
/// Only this mount changes what is in it, so the kernel may believe its answers for as long as it likes.
public final class MemoryFileSystem: FileSystem {
    /// How long the kernel may believe names and attributes.
    let lifetime: Lifetime
    /// Tells nodes of this file system from those of one that an NFS client knew before; nodes' ids are never reused.
    let generation: UInt64
    /// What is left.
    let budget: SpaceBudget
    /// Names and nodes.
    let tree: Mutex<MemoryTree>
    private let writesBack = Atomic(false)

    /// An empty file system.
    ///
    /// - Parameters:
    ///   - byteLimit: bytes that content may take, in pages of 4 KiB; symbolic links and extended attributes count too.
    ///   - nodeLimit: nodes at the most, the root included; further names of a node count as nodes.
    ///   - mode: permissions of the root.
    ///   - userID: the root's owner.
    ///   - groupID: the root's group.
    ///   - lifetime: how long the kernel may believe names and attributes.
    public init(
        byteLimit: Int,
        nodeLimit: Int = 1_000_000,
        mode: UInt32 = 0o755,
        userID: UInt32 = 0,
        groupID: UInt32 = 0,
        lifetime: Lifetime = .forever
    ) {
        self.lifetime = lifetime
        let now = Timestamp.now
        generation = UInt64(bitPattern: now.seconds)
        let budget = SpaceBudget(byteLimit: byteLimit, nodeLimit: nodeLimit)
        self.budget = budget
        do throws(Errno) {
            tree = Mutex(
                try MemoryTree(
                    root: NodeMode(.directory, permissions: mode),
                    owner: MemoryTree.Owner(userID: userID, groupID: groupID),
                    at: now,
                    budget: budget
                )
            )
        } catch {
            preconditionFailure("a budget of one node at least has room for the root")
        }
    }

    /// Directories need no handles, since a read goes on from a cookie alone.
    public var features: FileSystemFeatures {
        [
            .exportable, .clearsPrivileges, .kernelChecksPermissions, .cachesSymbolicLinks, .truncatesOnOpen,
            .writebackCache, .mapsDirectIO, .idmappedMounts,
        ]
    }

    /// Learns whether the kernel has the ends of files in its keeping.
    public func connected(_ connection: Connection) {
        writesBack.store(connection.usesWritebackCache, ordering: .relaxed)
    }

    /// Whether the kernel writes back what is written.
    var usesWritebackCache: Bool { writesBack.load(ordering: .relaxed) }

    /// How full it is, in blocks of a page.
    public func statistics(of node: NodeID, _ context: borrowing RequestContext) -> FileSystemStatistics {
        let page = PageMap.pageSize
        return FileSystemStatistics(
            blockSize: UInt32(page),
            blocks: UInt64(budget.byteLimit / page),
            freeBlocks: UInt64((budget.byteLimit - budget.usedBytes) / page),
            nodes: UInt64(budget.nodeLimit),
            freeNodes: UInt64(budget.nodeLimit - budget.usedNodes)
        )
    }

    // MARK: Nodes

    /// A node by its id.
    ///
    /// - Throws: `ESTALE`.
    func node(_ id: NodeID) throws(Errno) -> MemoryNode {
        try tree.withLock { (tree) throws(Errno) in try tree.node(id) }
    }

    /// A regular file by its id.
    ///
    /// - Throws: `EISDIR`; `EINVAL` for other nodes, which the kernel handles itself; `ESTALE`.
    func file(_ id: NodeID) throws(Errno) -> MemoryNode {
        let node = try node(id)
        guard node.type != .directory else { throw .isDirectory }
        guard node.type == .regular else { throw .invalidArgument }
        return node
    }

    /// What the kernel gets to know of a node.
    func entry(for node: MemoryNode) -> Entry {
        Entry(node: node.id, attributes: node.attributes, generation: generation, lifetime: lifetime)
    }
}
