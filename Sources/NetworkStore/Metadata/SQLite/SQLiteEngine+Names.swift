public import RingFUSE
public import SystemPackage

// What changes names. A name is copied: it is borrowed from a request, and the writer has a thread of its own.

extension SQLiteEngine {
    /// Makes a node with a name.
    public func make(
        _ name: Name,
        in directory: NodeID,
        _ node: NodeTemplate
    ) async throws(Errno) -> NodeRecord {
        let name = StoredName(name)
        return try await write { (transaction) throws(Errno) in try transaction.make(name, in: directory, node) }
    }

    /// Makes a file without a name.
    public func makeUnnamed(
        in directory: NodeID,
        _ node: NodeTemplate,
        isLinkable: Bool
    ) async throws(Errno) -> NodeRecord {
        try await write { (transaction) throws(Errno) in
            try transaction.makeUnnamed(in: directory, node, isLinkable: isLinkable)
        }
    }

    /// Removes a name that is no directory.
    public func removeFile(_ name: Name, in directory: NodeID) async throws(Errno) -> NodeRecord {
        let name = StoredName(name)
        return try await write { (transaction) throws(Errno) in try transaction.removeFile(name, in: directory) }
    }

    /// Removes an empty directory.
    public func removeDirectory(_ name: Name, in directory: NodeID) async throws(Errno) -> NodeRecord {
        let name = StoredName(name)
        return try await write { (transaction) throws(Errno) in
            try transaction.removeDirectory(name, in: directory)
        }
    }

    /// Renames, replaces, exchanges.
    public func rename(
        _ name: Name,
        in directory: NodeID,
        to newName: Name,
        in newDirectory: NodeID,
        _ flags: RenameFlags,
        _ caller: Caller
    ) async throws(Errno) -> RenameOutcome {
        let old = NamePlace(directory: directory, name: StoredName(name))
        let new = NamePlace(directory: newDirectory, name: StoredName(newName))
        return try await write { (transaction) throws(Errno) in
            try transaction.rename(old, to: new, flags, caller)
        }
    }

    /// Gives a node another name.
    public func link(_ node: NodeID, to name: Name, in directory: NodeID) async throws(Errno) -> NodeRecord {
        let name = StoredName(name)
        return try await write { (transaction) throws(Errno) in
            try transaction.link(node, to: name, in: directory)
        }
    }

    /// Nobody of this session needs a node that has no name any more.
    public func dispose(of node: NodeID) async throws(Errno) {
        try await write(isLong: isLarge(node)) { (transaction) throws(Errno) in try transaction.dispose(of: node) }
    }
}
