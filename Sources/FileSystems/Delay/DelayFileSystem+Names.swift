public import RingFUSE
public import SystemPackage

// What is passed on without delay.

extension DelayFileSystem {
    /// Passed on.
    public func forget(_ node: NodeID, lookups: UInt64) {
        base.forget(node, lookups: lookups)
    }

    /// Passed on.
    public func makeSymbolicLink(
        named name: Name,
        in directory: NodeID,
        to target: Name,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        try await base.makeSymbolicLink(named: name, in: directory, to: target, context)
    }

    /// Passed on.
    public func makeNode(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        try await base.makeNode(named: name, in: directory, node, context)
    }

    /// Passed on.
    public func makeDirectory(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        try await base.makeDirectory(named: name, in: directory, node, context)
    }

    /// Passed on.
    public func removeFile(
        named name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.removeFile(named: name, in: directory, context)
    }

    /// Passed on.
    public func removeDirectory(
        named name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.removeDirectory(named: name, in: directory, context)
    }

    /// Passed on.
    public func rename(
        _ name: Name,
        in directory: NodeID,
        to newName: Name,
        in newDirectory: NodeID,
        _ flags: RenameFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await base.rename(name, in: directory, to: newName, in: newDirectory, flags, context)
    }

    /// Passed on.
    public func link(
        _ node: NodeID,
        to name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        try await base.link(node, to: name, in: directory, context)
    }
}
