public import RingFUSE
internal import Synchronization
public import SystemPackage

extension NetworkStoreFileSystem {
    /// Finds a name.
    ///
    /// - Returns: an entry that says so, where there is no such name: the kernel then remembers it.
    /// - Throws: `ENOTDIR`, `ENAMETOOLONG`, `ESTALE`, `EIO`; `ENOENT` for the `..` of a removed directory.
    public func lookUp(
        _ name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        guard let record = try await volume.engine.lookUp(name, in: directory) else {
            return .missing(lifetime: lifetime)
        }
        try checkIsReachable(record)
        return entry(record)
    }

    /// Checks that a node that was found may be: what is in the trash is asked for by who has its handle. Where somebody has it open
    /// the kernel knows it, and does not ask.
    ///
    /// - Throws: `ESTALE`.
    private func checkIsReachable(_ record: NodeRecord) throws(Errno) {
        guard !record.isInTrash else { throw .staleNFSFileHandle }
    }

    /// Finds a name where that takes no waiting.
    public func lookUpImmediately(
        _ name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Entry> {
        switch try volume.engine.lookUpImmediately(name, in: directory) {
        case .deferred: return .deferred
        case .answered(nil): return .answered(.missing(lifetime: lifetime))
        case .answered(let record?):
            try checkIsReachable(record)
            return .answered(entry(record))
        }
    }

    /// Takes back lookups; a node without names goes with the last one.
    public func forget(_ node: NodeID, lookups: UInt64) {
        if nodes.forget(node, lookups: lookups) { dispose(of: node) }
    }

    /// Makes a symbolic link.
    ///
    /// - Throws: `EEXIST`, `ENOSPC`, `EDQUOT`, `ENOENT` where the directory has been removed, `EPERM` where it is
    ///   immutable, `ENOTDIR`, `ENAMETOOLONG`, `ESTALE`, `EIO`.
    public func makeSymbolicLink(
        named name: Name,
        in directory: NodeID,
        to target: Name,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        // As long as a path may be (`PATH_MAX`, less its NUL).
        guard target.count < 4096 else { throw .fileNameTooLong }
        let new = NewNode(mode: NodeMode(.symbolicLink, permissions: 0o777))
        let template = NodeTemplate(new, by: caller(context), target: StoredName(target))
        return entry(try await make(name, in: directory, template, context.io))
    }

    /// Makes a node; once more where there is no room for one, but others are about to go.
    ///
    /// - Throws: as the engine.
    func make(
        _ name: Name,
        in directory: NodeID,
        _ template: NodeTemplate,
        _ io: borrowing AsyncIO
    ) async throws(Errno) -> NodeRecord {
        do throws(Errno) {
            return try await volume.engine.make(name, in: directory, template)
        } catch {
            guard error == .noSpace || error == .diskQuotaExceeded, await volume.departures.wait(io)
            else { throw error }
        }
        return try await volume.engine.make(name, in: directory, template)
    }

    /// Makes a file, FIFO, socket or device node.
    ///
    /// - Throws: `EINVAL` for other types, and as ``makeSymbolicLink(named:in:to:_:)``.
    public func makeNode(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        guard let type = node.mode.type, type != .directory, type != .symbolicLink else { throw .invalidArgument }
        return entry(try await make(name, in: directory, NodeTemplate(node, by: caller(context)), context.io))
    }

    /// Makes a directory.
    ///
    /// - Throws: `EMLINK`, and as ``makeSymbolicLink(named:in:to:_:)``.
    public func makeDirectory(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        var node = node
        node.mode = NodeMode(.directory, permissions: node.mode.permissions)
        return entry(try await make(name, in: directory, NodeTemplate(node, by: caller(context)), context.io))
    }

    /// Removes a name that is no directory.
    ///
    /// - Throws: `ENOENT`, `EISDIR`, `ENOTDIR`, `EPERM`, `ENAMETOOLONG`, `ESTALE`, `EIO`.
    public func removeFile(
        named name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        let record = try await volume.engine.removeFile(name, in: directory)
        take(record)
        settle(record)
    }

    /// Removes an empty directory.
    ///
    /// - Throws: `ENOENT`, `ENOTDIR`, `ENOTEMPTY`, `EPERM`, `ENAMETOOLONG`, `ESTALE`, `EIO`.
    public func removeDirectory(
        named name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        settle(try await volume.engine.removeDirectory(name, in: directory))
    }

    /// Renames, replaces, exchanges.
    ///
    /// - Throws: `EINVAL`, `ENOENT`, `EEXIST`, `ENOTEMPTY`, `EISDIR`, `ENOTDIR`, `ENAMETOOLONG`, `EPERM`, `ENOSPC`,
    ///   `EDQUOT`, `ESTALE`, `EIO`.
    public func rename(
        _ name: Name,
        in directory: NodeID,
        to newName: Name,
        in newDirectory: NodeID,
        _ flags: RenameFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        let outcome = try await volume.engine.rename(
            name, in: directory, to: newName, in: newDirectory, flags, caller(context))
        for moved in outcome.moved { take(moved) }
        if let replaced = outcome.replaced {
            take(replaced)
            settle(replaced)
        }
    }

    /// Gives a node another name.
    ///
    /// - Throws: `EPERM`, `ENOENT`, `EMLINK`, and as ``makeSymbolicLink(named:in:to:_:)``.
    public func link(
        _ node: NodeID,
        to name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        // A file without a name gets one as what it was made.
        try await commitHeldAttributes(of: node)
        let record = try await volume.engine.link(node, to: name, in: directory)
        nodes.relink(node)
        volume.departures.end(node)
        take(record)
        return entry(record)
    }

    /// Tells the content of an open file what the engine has now.
    func take(_ record: NodeRecord) {
        nodes.file(record.id)?.state.withLock { $0.take(record) }
    }
}
