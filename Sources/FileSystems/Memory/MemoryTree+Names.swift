internal import RingFUSE
internal import Synchronization
internal import SystemPackage

// What changes names.

extension MemoryTree {
    /// Makes a node with a name, which counts as one lookup.
    ///
    /// - Throws: `EEXIST`, `ENOSPC`, `ENOENT` where the directory has been removed, `EPERM` where it is immutable,
    ///   `ENOTDIR`, `ENAMETOOLONG`, `ESTALE`.
    mutating func make(
        _ name: borrowing Name,
        in id: NodeID,
        _ new: NewNode,
        type: NodeType,
        owner: Owner,
        target: StoredName? = nil,
        at time: Timestamp
    ) throws(Errno) -> MemoryNode {
        guard try child(name, in: id) == nil else { throw .fileExists }
        return try add(name, to: id, new, type: type, owner: owner, target: target, at: time)
    }

    /// Makes a node with a name that is not there, which counts as one lookup.
    ///
    /// - Parameter opens: how many open files it has.
    /// - Throws: as `make`.
    mutating func add(
        _ name: borrowing Name,
        to id: NodeID,
        _ new: NewNode,
        type: NodeType,
        owner: Owner,
        target: StoredName? = nil,
        opens: UInt64 = 0,
        at time: Timestamp
    ) throws(Errno) -> MemoryNode {
        let directory = try directory(toAdd: name, to: id)
        let node = try addNode(
            new, type: type, owner: owner, target: target, lookups: 1, opens: opens, for: directory, at: time)
        if type == .directory { directories[node.id] = MemoryDirectory(node: node.id, parent: id) }
        directories[id]?.names.insert(copy name, MemoryDirectory.Child(node: node.id, type: type))
        directory.namesChanged(links: type == .directory ? 1 : 0, at: time)
        return node
    }

    /// Makes a file without a name, which is open and counts as one lookup.
    ///
    /// - Parameter isLinkable: whether it may get a name later.
    /// - Throws: `EPERM` where the directory has been removed (ext4 says so) or is immutable; `ENOSPC`, `ENOTDIR`,
    ///   `ESTALE`.
    mutating func makeUnnamed(
        in id: NodeID,
        _ new: NewNode,
        isLinkable: Bool,
        owner: Owner,
        at time: Timestamp
    ) throws(Errno) -> MemoryNode {
        let directory = try directory(id)
        guard directories[id]?.isRemoved == false, !directory.flags.contains(.immutable) else { throw .notPermitted }
        let node = try addNode(new, type: .regular, owner: owner, lookups: 1, opens: 1, for: directory, at: time)
        node.addLinks(-1, at: time)
        setLinkable(node.id, isLinkable)
        return node
    }

    /// Gives a node another name, and counts a lookup.
    ///
    /// - Throws: `EPERM` for directories and what is immutable or append-only, `ENOENT` where the node has lost its
    ///   last name, `EMLINK`, `ENOSPC`, and as `make`.
    mutating func link(
        _ id: NodeID,
        to name: borrowing Name,
        in directoryID: NodeID,
        at time: Timestamp
    ) throws(Errno) -> MemoryNode {
        let node = try node(id)
        guard node.type != .directory else { throw .notPermitted }
        let directory = try directory(toMake: name, in: directoryID)
        let (links, flags) = node.state.withLock { ($0.attributes.linkCount, $0.flags) }
        guard !flags.isProtected else { throw .notPermitted }
        guard links > 0 || isLinkable(id) else { throw .noSuchFileOrDirectory }
        guard links < Self.largestLinkCount else { throw .tooManyLinks }
        // Otherwise names without end could be made of one node, and they take memory. The first is the node's own.
        guard links == 0 || budget.takeNode() else { throw .noSpace }
        setLinkable(id, false)
        node.addLinks(1, at: time)
        addLookup(of: id)
        directories[directoryID]?.names.insert(copy name, MemoryDirectory.Child(node: id, type: node.type))
        directory.namesChanged(at: time)
        return node
    }

    /// Removes a name that is no directory.
    ///
    /// - Returns: the node, where nobody needs it any more.
    /// - Throws: `ENOENT`, `EISDIR`, `ENOTDIR`, `EPERM` where it or the directory is protected, `ENAMETOOLONG`,
    ///   `ESTALE`.
    mutating func removeFile(_ name: borrowing Name, in id: NodeID, at time: Timestamp) throws(Errno) -> MemoryNode? {
        guard let child = try child(name, in: id) else { throw .noSuchFileOrDirectory }
        try checkRemoval(of: child, from: id)
        guard child.type != .directory else { throw .isDirectory }
        directories[id]?.names.remove(copy name)
        try node(id).namesChanged(at: time)
        return removeLink(of: child, at: time)
    }

    /// Removes an empty directory.
    ///
    /// - Returns: the node, where nobody needs it any more.
    /// - Throws: `ENOENT`, `ENOTDIR`, `ENOTEMPTY`, `EPERM` where it or its directory is protected, `ENAMETOOLONG`,
    ///   `ESTALE`.
    mutating func removeDirectory(
        _ name: borrowing Name,
        in id: NodeID,
        at time: Timestamp
    ) throws(Errno) -> MemoryNode? {
        guard let child = try child(name, in: id) else { throw .noSuchFileOrDirectory }
        try checkRemoval(of: child, from: id)
        guard child.type == .directory else { throw .notDirectory }
        guard directories[child.node]?.names.isEmpty == true else { throw .directoryNotEmpty }
        directories[id]?.names.remove(copy name)
        try node(id).namesChanged(links: -1, at: time)
        return removeLink(of: child, at: time)
    }

    // MARK: Renaming

    /// A name's place.
    struct Place: ~Escapable {
        /// The directory.
        let directory: NodeID
        /// The name in it.
        let name: Name

        /// A name's place.
        @_lifetime(copy name)
        init(_ name: Name, in directory: NodeID) {
            self.name = name
            self.directory = directory
        }
    }

    /// Renames.
    ///
    /// - Returns: the node that was replaced, where nobody needs it any more.
    /// - Throws: `EINVAL` for flags that exclude each other and where a directory would get into itself; `ENOENT`,
    ///   `EEXIST`, `ENOTEMPTY`, `EISDIR`, `ENOTDIR`, `ENAMETOOLONG`, `ESTALE`; `EPERM` where something is protected;
    ///   `ENOSPC` for a whiteout.
    mutating func rename(
        _ old: Place,
        to new: Place,
        _ flags: RenameFlags,
        owner: Owner,
        at time: Timestamp
    ) throws(Errno) -> MemoryNode? {
        guard flags.isSubset(of: [.noReplace, .exchange, .whiteout]),
            !flags.contains(.exchange) || flags == .exchange
        else { throw .invalidArgument }
        guard let source = try child(old.name, in: old.directory) else { throw .noSuchFileOrDirectory }
        let replaced = try child(new.name, in: new.directory)
        guard directories[new.directory]?.isRemoved == false else { throw .noSuchFileOrDirectory }
        if flags.contains(.noReplace), replaced != nil { throw .fileExists }
        if source.type == .directory, contains(source.node, new.directory) { throw .invalidArgument }
        if flags.contains(.exchange) {
            guard let replaced else { throw .noSuchFileOrDirectory }
            try checkFlags(source, from: old.directory, replacing: replaced, in: new.directory)
            try exchange(source, at: old, with: replaced, at: new, time)
            return nil
        }
        // Two names of one node: POSIX has nothing happen, and both stay.
        guard replaced?.node != source.node else { return nil }
        try checkFlags(source, from: old.directory, replacing: replaced, in: new.directory)
        if let replaced { try check(source, mayReplace: replaced) }
        try moveAway(source, from: old, leavingWhiteout: flags.contains(.whiteout), owner: owner, time)
        var unused: MemoryNode?
        if let replaced {
            directories[new.directory]?.names.replace(new.name, with: source)
            unused = removeLink(of: replaced, at: time)
        } else {
            directories[new.directory]?.names.insert(new.name, source)
        }
        let isDirectory = source.type == .directory
        if isDirectory { directories[source.node]?.parent = new.directory }
        try node(source.node).addLinks(0, at: time)
        let (lost, won) = (isDirectory ? -1 : 0, isDirectory && replaced == nil ? 1 : 0)
        if old.directory == new.directory {
            try node(old.directory).namesChanged(links: lost + won, at: time)
        } else {
            try node(old.directory).namesChanged(links: lost, at: time)
            try node(new.directory).namesChanged(links: won, at: time)
        }
        return unused
    }

    /// Checks that the flags of all that a renaming changes allow it.
    ///
    /// - Throws: `EPERM`, `ESTALE`.
    private func checkFlags(
        _ source: MemoryDirectory.Child,
        from old: NodeID,
        replacing replaced: MemoryDirectory.Child?,
        in new: NodeID
    ) throws(Errno) {
        try checkRemoval(of: source, from: old)
        guard let replaced else {
            guard try !node(new).flags.contains(.immutable) else { throw .notPermitted }
            return
        }
        try checkRemoval(of: replaced, from: new)
    }

    /// Checks that a name may take the place of another.
    ///
    /// - Throws: `EISDIR`, `ENOTDIR`, `ENOTEMPTY`.
    private func check(
        _ source: MemoryDirectory.Child,
        mayReplace replaced: MemoryDirectory.Child
    ) throws(Errno) {
        guard replaced.type == .directory else {
            guard source.type != .directory else { throw .notDirectory }
            return
        }
        guard source.type == .directory else { throw .isDirectory }
        guard directories[replaced.node]?.names.isEmpty == true else { throw .directoryNotEmpty }
    }

    /// Takes a name away, or has it stand for a whiteout: a character device 0:0, which overlayfs takes for "removed".
    ///
    /// - Throws: `ENOSPC`, and nothing has changed.
    private mutating func moveAway(
        _ source: MemoryDirectory.Child,
        from old: Place,
        leavingWhiteout: Bool,
        owner: Owner,
        _ time: Timestamp
    ) throws(Errno) {
        guard leavingWhiteout else {
            directories[old.directory]?.names.remove(old.name)
            return
        }
        let mode = NodeMode(.characterDevice, permissions: 0)
        let whiteout = try addNode(
            NewNode(mode: mode),
            type: .characterDevice,
            owner: owner,
            for: try node(old.directory),
            at: time
        )
        directories[old.directory]?.names.replace(
            old.name,
            with: MemoryDirectory.Child(node: whiteout.id, type: whiteout.type)
        )
    }

    /// Has two names stand for each other's nodes.
    ///
    /// - Throws: `EINVAL` where a directory would get into itself.
    private mutating func exchange(
        _ first: MemoryDirectory.Child,
        at firstPlace: Place,
        with second: MemoryDirectory.Child,
        at secondPlace: Place,
        _ time: Timestamp
    ) throws(Errno) {
        if second.type == .directory, contains(second.node, firstPlace.directory) { throw .invalidArgument }
        guard first.node != second.node else { return }
        directories[firstPlace.directory]?.names.replace(firstPlace.name, with: second)
        directories[secondPlace.directory]?.names.replace(secondPlace.name, with: first)
        let moved = (first.type == .directory ? 1 : 0) - (second.type == .directory ? 1 : 0)
        if first.type == .directory { directories[first.node]?.parent = secondPlace.directory }
        if second.type == .directory { directories[second.node]?.parent = firstPlace.directory }
        try node(first.node).addLinks(0, at: time)
        try node(second.node).addLinks(0, at: time)
        try node(firstPlace.directory).namesChanged(links: -moved, at: time)
        try node(secondPlace.directory).namesChanged(links: moved, at: time)
    }
}
