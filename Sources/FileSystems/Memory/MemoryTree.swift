internal import RingFUSE
internal import Synchronization
internal import SystemPackage

/// The names and nodes of a memory file system; all of it behind one lock.
struct MemoryTree {
    /// To whom a new node belongs.
    struct Owner {
        /// The user.
        let userID: UInt32
        /// The group, unless the directory passes on its own.
        var groupID: UInt32
    }

    /// A node and who still needs it.
    private struct Record {
        /// The node.
        let node: MemoryNode
        /// How often the kernel knows it.
        var lookups: UInt64 = 0
        /// How many open files it has.
        var opens: UInt64 = 0
        /// Whether it may get a first name: it was made without one, and not for good (`O_TMPFILE` without `O_EXCL`).
        var isLinkable = false
    }

    /// Bytes of a name at the most (`NAME_MAX`).
    static let longestName = 255
    /// Names of a node at the most, as ext4 has it; a directory may hold more directories.
    static let largestLinkCount: UInt32 = 65_000

    /// All nodes that have a name, are known to the kernel, or are open.
    private var records = NodeMap<Record>()
    /// The names of those that are directories.
    var directories = NodeMap<MemoryDirectory>()
    /// The number of the next node. Numbers are not used again, so that an old one can't mean a new node.
    private var nextNumber = NodeID.root.rawValue + 1
    /// Pays for nodes.
    let budget: SpaceBudget

    /// A tree that is only a root.
    ///
    /// - Throws: `ENOSPC` where the budget has no room for it.
    init(root: NodeMode, owner: Owner, at time: Timestamp, budget: SpaceBudget) throws(Errno) {
        self.budget = budget
        let node = try MemoryNode(
            id: .root,
            NewNode(mode: root),
            type: .directory,
            owner: owner,
            at: time,
            budget: budget
        )
        records[.root] = Record(node: node)
        directories[.root] = MemoryDirectory(node: .root, parent: .root)
    }

    // MARK: Nodes

    /// The number of nodes.
    var count: Int { records.count }

    /// A node by its id.
    ///
    /// - Throws: `ESTALE`.
    func node(_ id: NodeID) throws(Errno) -> MemoryNode {
        guard let record = records[id] else { throw .staleNFSFileHandle }
        return record.node
    }

    /// Makes a node, without a name yet.
    ///
    /// - Throws: `ENOSPC`.
    private mutating func addNode(
        _ new: NewNode,
        type: NodeType,
        owner: Owner,
        target: StoredName?,
        lookups: UInt64,
        opens: UInt64,
        at time: Timestamp
    ) throws(Errno) -> MemoryNode {
        let node = try MemoryNode(
            id: NodeID(nextNumber),
            new,
            type: type,
            owner: owner,
            target: target,
            at: time,
            budget: budget
        )
        nextNumber += 1
        records[node.id] = Record(node: node, lookups: lookups, opens: opens)
        return node
    }

    /// Makes a node as the directory that it is made in or for wants it, without a name yet.
    ///
    /// - Parameters:
    ///   - lookups: how often the kernel knows it.
    ///   - opens: how many open files it has.
    /// - Throws: `ENOSPC`.
    mutating func addNode(
        _ new: NewNode,
        type: NodeType,
        owner: Owner,
        target: StoredName? = nil,
        lookups: UInt64 = 0,
        opens: UInt64 = 0,
        for directory: MemoryNode,
        at time: Timestamp
    ) throws(Errno) -> MemoryNode {
        let inheritance = directory.state.withLock { state in
            Inheritance(
                of: type,
                new,
                from: state.attributes,
                state.flags,
                defaultList: state.list(ExtendedAttributeRules.defaultList)
            )
        }
        var new = new
        var owner = owner
        new.mode.permissions = inheritance.permissions
        owner.groupID = inheritance.groupID ?? owner.groupID
        let node = try addNode(
            new, type: type, owner: owner, target: target, lookups: lookups, opens: opens, at: time)
        guard !inheritance.isEmpty else { return node }
        do throws(Errno) {
            try node.take(inheritance)
        } catch {
            records[node.id] = nil
            throw error
        }
        return node
    }

    /// Whether a node without names may get one.
    func isLinkable(_ id: NodeID) -> Bool { records[id]?.isLinkable == true }

    /// Says whether a node without names may get one.
    mutating func setLinkable(_ id: NodeID, _ isLinkable: Bool) { records[id]?.isLinkable = isLinkable }

    /// Counts a lookup.
    mutating func addLookup(of id: NodeID) {
        assert(records[id] != nil, "a lookup of no node")
        records[id]?.lookups += 1
    }

    /// Takes back lookups.
    ///
    /// - Returns: the node, where nobody needs it any more.
    mutating func forget(_ id: NodeID, lookups: UInt64) -> MemoryNode? {
        guard let known = records[id]?.lookups else { return nil }
        records[id]?.lookups = known - min(known, lookups)
        return dropIfUnused(id)
    }

    /// Counts an open file.
    mutating func addOpen(of id: NodeID) { records[id]?.opens += 1 }

    /// Takes back an open file.
    ///
    /// - Returns: the node, where nobody needs it any more.
    mutating func release(_ id: NodeID) -> MemoryNode? {
        guard let opens = records[id]?.opens, opens > 0 else { return nil }
        records[id]?.opens = opens - 1
        return dropIfUnused(id)
    }

    /// Takes a name from a node, or both from a directory.
    ///
    /// - Returns: the node, where nobody needs it any more: its memory is freed by the caller, outside the lock.
    mutating func removeLink(of child: MemoryDirectory.Child, at time: Timestamp) -> MemoryNode? {
        guard let node = records[child.node]?.node else { return nil }
        if child.type == .directory {
            node.addLinks(-2, at: time)
            directories[child.node]?.isRemoved = true
        } else if node.addLinks(-1, at: time) > 0 {
            // Names beyond the first were paid for as nodes.
            budget.returnNode()
        }
        return dropIfUnused(child.node)
    }

    /// Forgets a node that has no name, no lookup and no open file.
    private mutating func dropIfUnused(_ id: NodeID) -> MemoryNode? {
        guard let record = records[id], record.lookups == 0, record.opens == 0,
            record.node.attributes.linkCount == 0
        else { return nil }
        records[id] = nil
        directories[id] = nil
        return record.node
    }

    // MARK: Names

    /// A directory by its id.
    ///
    /// - Throws: `ENOTDIR`, `ESTALE`.
    func directory(_ id: NodeID) throws(Errno) -> MemoryNode {
        let node = try node(id)
        guard node.type == .directory else { throw .notDirectory }
        return node
    }

    /// What a name in a directory stands for.
    ///
    /// - Throws: `ENOTDIR`, `ENAMETOOLONG`, `ESTALE`.
    func child(_ name: borrowing Name, in id: NodeID) throws(Errno) -> MemoryDirectory.Child? {
        guard name.count <= Self.longestName else {
            _ = try directory(id)
            throw .fileNameTooLong
        }
        guard let child = directories[id]?.names[copy name] else {
            // Either there is no such name, or no such directory.
            _ = try directory(id)
            return nil
        }
        return child
    }

    /// A directory in which a name can be made.
    ///
    /// - Throws: `EEXIST`, `ENOENT` where the directory itself has been removed, `EPERM` where it is immutable,
    ///   `ENOTDIR`, `ENAMETOOLONG`, `ESTALE`.
    func directory(toMake name: borrowing Name, in id: NodeID) throws(Errno) -> MemoryNode {
        guard try child(name, in: id) == nil else { throw .fileExists }
        return try directory(toAdd: name, to: id)
    }

    /// A directory in which a name can be made that is not there.
    ///
    /// - Throws: as `directory(toMake:in:)`.
    func directory(toAdd name: borrowing Name, to id: NodeID) throws(Errno) -> MemoryNode {
        guard !name.isDotOrDotDot else { throw .fileExists }
        guard directories[id]?.isRemoved == false else { throw .noSuchFileOrDirectory }
        let directory = try node(id)
        guard !directory.flags.contains(.immutable) else { throw .notPermitted }
        return directory
    }

    /// Checks that a name may be taken from a directory: neither it nor what it stands for may be protected.
    ///
    /// - Throws: `EPERM`, `ESTALE`.
    func checkRemoval(of child: MemoryDirectory.Child, from id: NodeID) throws(Errno) {
        guard try !node(id).flags.isProtected, try !node(child.node).flags.isProtected else { throw .notPermitted }
    }

    /// Appends what comes after a cookie in a directory, and counts the lookups that the kernel gets with it.
    ///
    /// - Parameter entry: what the kernel gets to know of a node.
    /// - Returns: the directory.
    /// - Throws: `ENOTDIR`, `ESTALE`.
    mutating func list(
        _ id: NodeID,
        after cookie: UInt64,
        into listing: inout DirectoryListing,
        entry: (MemoryNode) -> Entry
    ) throws(Errno) -> MemoryNode {
        let node = try directory(id)
        if let directory = directories[id] {
            Self.list(directory, counting: &records, after: cookie, into: &listing, entry: entry)
        }
        return node
    }

    /// Appends what comes after a cookie. Apart from the tree, since the nodes change while names are being read.
    private static func list(
        _ directory: MemoryDirectory,
        counting records: inout NodeMap<Record>,
        after cookie: UInt64,
        into listing: inout DirectoryListing,
        entry: (MemoryNode) -> Entry
    ) {
        let wantsEntries = listing.wantsEntries
        directory.forEach(after: cookie) { name, child, cookie in
            // The kernel takes no attributes of `.` and `..`.
            guard wantsEntries, !MemoryDirectory.isDotOrDotDot(cookie), let node = records[child.node]?.node else {
                return listing.append(name, inode: child.node.rawValue, type: child.type, cookie: cookie)
            }
            guard listing.append(name, entry: entry(node), cookie: cookie) else { return false }
            records[child.node]?.lookups += 1
            return true
        }
    }

    /// Whether a directory is another one, or somewhere above it.
    ///
    /// - Complexity: O(depth).
    func contains(_ upper: NodeID, _ lower: NodeID) -> Bool {
        var id = lower
        while id != upper {
            guard id != .root, let parent = directories[id]?.parent else { return false }
            id = parent
        }
        return true
    }
}
