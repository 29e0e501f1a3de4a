public import RingFUSE
internal import Synchronization
public import SystemPackage

extension MemoryFileSystem {
    /// What `stat` tells.
    ///
    /// - Throws: `ESTALE`.
    public func attributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply {
        AttributesReply(try self.node(node).attributes, lifetime: lifetime)
    }

    /// What `statx` tells: when a node was made, too. The kernel asks for it only where a program does (6.18).
    ///
    /// - Throws: `ESTALE`.
    public func detailedAttributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> DetailedAttributesReply {
        let found = try self.node(node)
        return DetailedAttributesReply(
            AttributesReply(found.attributes, lifetime: lifetime), birthTime: found.birthTime)
    }

    /// Changes attributes.
    ///
    /// - Throws: `EFBIG`; `EISDIR`, `EINVAL` for the size of what is no file; `EPERM` for what is immutable, or
    ///   append-only; `ENOSPC` where an access control list has to grow; `ESTALE`.
    public func setAttributes(
        _ changes: AttributeChanges,
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply {
        let found = changes.size == nil ? try self.node(node) : try file(node)
        let now = Timestamp.now
        var (attributes, loss) = try found.state.withLock { (state) throws(Errno) in
            try changes.check(against: state.flags)
            let loss = try state.apply(changes, at: now, budget: budget)
            return (state.told, loss)
        }
        // Whoever may do all keeps the bit when the owner changes; when the size does, the kernel has asked for it only
        // where the caller may not.
        if changes.size != nil || context.userID != 0,
            dropSetGroupID(of: found, unlessMemberOf: loss.group, context)
        {
            attributes = found.attributes
        }
        return AttributesReply(attributes, lifetime: lifetime)
    }

    /// Reads a symbolic link.
    ///
    /// - Throws: `EINVAL` where it is none, `ENAMETOOLONG` where the buffer is too small, `ESTALE`.
    public func readSymbolicLink(
        _ node: NodeID,
        into target: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        let found = try self.node(node)
        guard let stored = found.target else { throw .invalidArgument }
        guard target.freeCapacity >= stored.bytes.count else { throw .fileNameTooLong }
        target.append(stored.bytes)
        let now = Timestamp.now
        found.state.withLock { $0.accessed(at: now) }
    }
}

extension MemoryNode.State {
    /// Changes attributes.
    ///
    /// - Returns: what privileges are gone.
    /// - Throws: `EFBIG`, `ENOSPC`, and nothing has changed.
    mutating func apply(
        _ changes: AttributeChanges,
        at now: Timestamp,
        budget: SpaceBudget
    ) throws(Errno) -> PrivilegeLoss {
        var loss = PrivilegeLoss.none
        if let size = changes.size {
            try content.resize(to: size)
            attributes.modificationTime = now
            loss = dropPrivileges(setID: changes.killsPrivileges, budget: budget)
        } else if changes.dropsPrivileges {
            loss = dropPrivileges(setID: true, budget: budget)
        }
        if let mode = changes.mode { try change(mode: mode, budget: budget) }
        attributes.setOwnerAndTimes(changes, at: now)
        return loss
    }
}

extension OutputRawSpan {
    /// Appends bytes that fit.
    mutating func append(_ bytes: ContiguousArray<UInt8>) {
        precondition(bytes.count <= freeCapacity, "more bytes than the reply has room for")
        for byte in bytes { append(byte) }
    }
}
