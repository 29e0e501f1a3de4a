public import RingFUSE
internal import Synchronization
public import SystemPackage

extension NullFileSystem {
    /// Finds a file.
    ///
    /// - Throws: `ENOTDIR`.
    public func lookUp(
        _ name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Entry {
        try requireRoot(directory)
        return try names.withLock { (names) throws(Errno) in
            guard let index = names.table[name] else { return .missing(lifetime: .forever) }
            names.addLookup(of: index)
            return try entry(at: index, generation: names.generation(of: index))
        }
    }

    /// Finds a file.
    public func lookUpImmediately(
        _ name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Entry> {
        .answered(try lookUp(name, in: directory, context))
    }

    /// Takes back lookups, and frees the node of a file that has gone.
    public func forget(_ node: NodeID, lookups: UInt64) {
        guard let index = try? index(of: node) else { return }
        names.withLock { names in
            if let freed = names.forget(index, lookups: lookups) { setSize(Self.unused, at: freed) }
        }
    }

    /// Makes a file.
    ///
    /// - Throws: `EEXIST`, `ENOTDIR`, `ENAMETOOLONG`, `ENOSPC`; `EPERM` for all but regular files.
    public func makeNode(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Entry {
        try requireRoot(directory)
        guard node.mode.type == .regular else { throw .notPermitted }
        return try names.withLock { (names) throws(Errno) in
            let index = try names.add(name)
            names.addLookup(of: index)
            setSize(0, at: index)
            return try entry(at: index, generation: names.generation(of: index))
        }
    }

    /// Makes a file and opens it.
    public func create(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> CreateReply {
        CreateReply(
            entry: try makeNode(named: name, in: directory, node, context),
            file: OpenReply(options: openOptions)
        )
    }

    /// Removes a file.
    ///
    /// - Throws: `ENOENT`, `ENOTDIR`.
    public func removeFile(
        named name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        try requireRoot(directory)
        try names.withLock { (names) throws(Errno) in
            if let freed = try names.remove(name) { setSize(Self.unused, at: freed) }
        }
    }

    /// Renames within the root.
    ///
    /// - Throws: `ENOENT`, `EEXIST`, `ENOTDIR`, `ENAMETOOLONG`, `EINVAL` for a whiteout.
    public func rename(
        _ name: Name,
        in directory: NodeID,
        to newName: Name,
        in newDirectory: NodeID,
        _ flags: RenameFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        try requireRoot(directory)
        try requireRoot(newDirectory)
        try names.withLock { (names) throws(Errno) in
            if let freed = try names.rename(name, to: newName, flags) { setSize(Self.unused, at: freed) }
        }
    }

    /// Reads the root.
    ///
    /// - Throws: `ENOTDIR`.
    public func entries(
        of directory: OpenFile,
        after cookie: UInt64,
        into listing: inout DirectoryListing,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        try requireRoot(directory.node)
        if cookie < 1 { guard append(".", cookie: 1, to: &listing) else { return } }
        if cookie < 2 { guard append("..", cookie: 2, to: &listing) else { return } }
        names.withLock { names in
            // Counted afterwards, since the table is being read while the listing is filled.
            var listed: [Int] = []
            names.table.forEach(after: cookie) { name, index, cookie in
                guard let entry = try? entry(at: index, generation: names.generation(of: index)) else { return true }
                guard listing.append(name, entry: entry, cookie: cookie) else { return false }
                if listing.wantsEntries { listed.append(index) }
                return true
            }
            for index in listed { names.addLookup(of: index) }
        }
    }

    /// Appends `.` or `..`, which are both the root.
    private func append(_ name: StoredName, cookie: UInt64, to listing: inout DirectoryListing) -> Bool {
        name.withName { listing.append($0, inode: NodeID.root.rawValue, type: .directory, cookie: cookie) }
    }

    /// An entry for a file.
    private func entry(at index: Int, generation: UInt64) throws(Errno) -> Entry {
        let node = NodeID(UInt64(index) + 2)
        return Entry(node: node, attributes: try attributes(of: node), generation: generation, lifetime: .forever)
    }

    /// Checks that a node is the root, the only directory.
    ///
    /// - Throws: `ENOTDIR`.
    private func requireRoot(_ node: NodeID) throws(Errno) {
        guard node == .root else { throw .notDirectory }
    }
}
