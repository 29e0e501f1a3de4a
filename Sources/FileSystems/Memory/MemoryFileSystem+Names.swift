public import RingFUSE
internal import Synchronization
public import SystemPackage

extension MemoryFileSystem {
    /// Finds a name; `.` and `..` by the number of a node, as an NFS server does.
    ///
    /// - Returns: an entry that says so, where there is no such name: the kernel then remembers it.
    /// - Throws: `ENOTDIR`, `ENAMETOOLONG`, `ESTALE`; `ENOENT` for the `..` of a removed directory.
    public func lookUp(
        _ name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Entry {
        let node = try tree.withLock { (tree) throws(Errno) -> MemoryNode? in
            guard let id = try Self.find(name, in: directory, tree) else { return nil }
            tree.addLookup(of: id)
            return try tree.node(id)
        }
        return node.map(entry) ?? .missing(lifetime: lifetime)
    }

    /// The node that a name leads to.
    private static func find(
        _ name: borrowing Name,
        in directory: NodeID,
        _ tree: borrowing MemoryTree
    ) throws(Errno) -> NodeID? {
        guard name.isDotOrDotDot else { return try tree.child(name, in: directory)?.node }
        // `.` is asked of nodes of any type.
        guard name.count == 2 else { return try tree.node(directory).id }
        _ = try tree.directory(directory)
        guard let found = tree.directories[directory], !found.isRemoved else { throw .noSuchFileOrDirectory }
        return found.parent
    }

    /// Takes back lookups; a node without names goes with the last one, and its content with it.
    public func forget(_ node: NodeID, lookups: UInt64) {
        // What is unused leaves the lock before its memory is freed, here and below.
        _ = tree.withLock { $0.forget(node, lookups: lookups) }
    }

    /// Makes a symbolic link.
    ///
    /// - Throws: `EEXIST`, `ENOSPC`, `ENOENT` where the directory has been removed, `EPERM` where it is immutable,
    ///   `ENOTDIR`, `ENAMETOOLONG`, `ESTALE`.
    public func makeSymbolicLink(
        named name: Name,
        in directory: NodeID,
        to target: Name,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Entry {
        // As long as a path may be (`PATH_MAX`, less its NUL).
        guard target.count < 4096 else { throw .fileNameTooLong }
        let new = NewNode(mode: NodeMode(.symbolicLink, permissions: 0o777))
        return entry(
            for: try make(
                name,
                in: directory,
                new,
                type: .symbolicLink,
                owner: owner(context),
                target: StoredName(target)
            )
        )
    }

    /// Makes a file, FIFO, socket or device node.
    ///
    /// - Throws: `EINVAL` for other types, and as ``makeSymbolicLink(named:in:to:_:)``.
    public func makeNode(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Entry {
        guard let type = node.mode.type, type != .directory, type != .symbolicLink else { throw .invalidArgument }
        return entry(for: try make(name, in: directory, node, type: type, owner: owner(context)))
    }

    /// Makes a directory.
    ///
    /// - Throws: as ``makeSymbolicLink(named:in:to:_:)``.
    public func makeDirectory(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Entry {
        entry(for: try make(name, in: directory, node, type: .directory, owner: owner(context)))
    }

    /// Removes a name that is no directory.
    ///
    /// - Throws: `ENOENT`, `EISDIR`, `ENOTDIR`, `EPERM` where it or the directory is immutable or append-only,
    ///   `ENAMETOOLONG`, `ESTALE`.
    public func removeFile(
        named name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        let now = Timestamp.now
        _ = try tree.withLock { (tree) throws(Errno) in try tree.removeFile(name, in: directory, at: now) }
    }

    /// Removes an empty directory.
    ///
    /// - Throws: `ENOENT`, `ENOTDIR`, `ENOTEMPTY`, `EPERM` where it or its directory is immutable or append-only,
    ///   `ENAMETOOLONG`, `ESTALE`.
    public func removeDirectory(
        named name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        let now = Timestamp.now
        _ = try tree.withLock { (tree) throws(Errno) in try tree.removeDirectory(name, in: directory, at: now) }
    }

    /// Renames, replaces, exchanges.
    ///
    /// - Throws: `EINVAL` for flags that exclude each other and where a directory would get into itself; `ENOENT`,
    ///   `EEXIST`, `ENOTEMPTY`, `EISDIR`, `ENOTDIR`, `ENAMETOOLONG`, `ESTALE`; `EPERM` where something is immutable or
    ///   append-only; `ENOSPC` for a whiteout.
    public func rename(
        _ name: Name,
        in directory: NodeID,
        to newName: Name,
        in newDirectory: NodeID,
        _ flags: RenameFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        let now = Timestamp.now
        let owner = owner(context)
        _ = try tree.withLock { (tree) throws(Errno) in
            try tree.rename(
                MemoryTree.Place(name, in: directory),
                to: MemoryTree.Place(newName, in: newDirectory),
                flags,
                owner: owner,
                at: now
            )
        }
    }

    /// Gives a node another name.
    ///
    /// - Throws: `EPERM` for directories and what is immutable or append-only, `ENOENT` where the node has lost its
    ///   last name, `EMLINK` beyond 65,000 names, and as ``makeSymbolicLink(named:in:to:_:)``.
    public func link(
        _ node: NodeID,
        to name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Entry {
        let now = Timestamp.now
        return entry(
            for: try tree.withLock { (tree) throws(Errno) in try tree.link(node, to: name, in: directory, at: now) }
        )
    }

    /// Makes a node with a name.
    private func make(
        _ name: Name,
        in directory: NodeID,
        _ new: NewNode,
        type: NodeType,
        owner: MemoryTree.Owner,
        target: StoredName? = nil
    ) throws(Errno) -> MemoryNode {
        let now = Timestamp.now
        return try tree.withLock { (tree) throws(Errno) in
            try tree.make(name, in: directory, new, type: type, owner: owner, target: target, at: now)
        }
    }

    /// To whom belongs what the caller makes.
    func owner(_ context: borrowing RequestContext) -> MemoryTree.Owner {
        MemoryTree.Owner(userID: context.userID, groupID: context.groupID)
    }
}
