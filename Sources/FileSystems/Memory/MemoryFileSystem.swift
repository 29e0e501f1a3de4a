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
    /// The locks of programs, where the kernel does not keep them.
    let locks: LockTable?
    /// The number of the next open file.
    let nextHandle = Atomic<UInt64>(0)
    private let writesBack = Atomic(false)
    private let connection = Mutex<Connection?>(nil)

    /// An empty file system.
    ///
    /// - Parameters:
    ///   - byteLimit: bytes that content may take, in pages of 4 KiB; symbolic links and extended attributes count too.
    ///   - nodeLimit: nodes at the most, the root included; further names of a node count as nodes.
    ///   - mode: permissions of the root.
    ///   - userID: the root's owner.
    ///   - groupID: the root's group.
    ///   - lifetime: how long the kernel may believe names and attributes.
    ///   - locks: who keeps the locks of programs. The kernel does it for a mount alone, without a request, and
    ///     releases them in time (`docs/decisions/0016-memory-as-ext4.md`).
    public init(
        byteLimit: Int,
        nodeLimit: Int = 1_000_000,
        mode: UInt32 = 0o755,
        userID: UInt32 = 0,
        groupID: UInt32 = 0,
        lifetime: Lifetime = .forever,
        locks: LockKeeper = .kernel
    ) {
        self.lifetime = lifetime
        self.locks = locks == .backend ? LockTable(waiterLimit: Self.initialWaiterLimit) : nil
        let now = Timestamp.now
        // The kernel keeps 32 bits of it. A time would not tell apart what was made within its unit.
        generation = UInt64(UInt32.random(in: 1 ... .max))
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
        var features: FileSystemFeatures = [
            .exportable, .clearsPrivileges, .kernelChecksPermissions, .cachesSymbolicLinks, .truncatesOnOpen,
            .accessControlLists, .writebackCache, .mapsDirectIO, .idmappedMounts,
            // Nobody else changes files: what the kernel has cached is right.
            .invalidatesExplicitly,
        ]
        // Who waits for a lock has an entry as long.
        if locks != nil { features.formUnion([.posixLocks, .fileLocks]) } else { features.insert(.answersAtOnce) }
        return features
    }

    /// Takes over what was agreed with the kernel.
    public func connected(_ connection: Connection) {
        writesBack.store(connection.usesWritebackCache, ordering: .relaxed)
        // One entry of each queue at least stays free for whoever unlocks.
        locks?.limitWaiters(to: connection.queueDepth - 1)
        self.connection.withLock { $0 = connection }
    }

    /// Tells the kernel what it does not notice; nil before there is a session.
    var notifier: Notifier? { connection.withLock { $0?.notifier } }

    /// Whether the kernel's page cache writes back, and so owns size and times of files while it has them.
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
