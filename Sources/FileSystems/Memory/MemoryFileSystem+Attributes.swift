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

    /// What `stat` tells.
    public func attributesImmediately(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<AttributesReply> {
        .answered(try attributes(of: node, handle, context))
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
            try state.check(changes)
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
    /// Checks that flags allow a change, as the kernel's VFS and ext4 do it.
    ///
    /// - Throws: `EPERM`.
    func check(_ changes: AttributeChanges) throws(Errno) {
        guard flags.isProtected, !changes.comesFromCache else { return }
        // `touch`, with both times "now", is the one thing that can be done to what may only grow.
        let isTouch = changes.accessTime == .now && changes.modificationTime == .now
        let setsTimes = changes.accessTime != nil || changes.modificationTime != nil
        guard !flags.contains(.immutable), changes.mode == nil, changes.userID == nil, changes.groupID == nil,
            changes.size == nil, isTouch || !setsTimes
        else { throw .notPermitted }
    }

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
        } else if changes.killsPrivileges || changes.changesOwner || changes.isEmpty {
            // Whoever changes the owner, as the kernel's own file systems do it. A request that changes nothing comes
            // from
            // `chown(-1, -1)`, and from the kernel where something else is to drop privileges (fallocate; 6.18).
            loss = dropPrivileges(setID: true, budget: budget)
        }
        if let mode = changes.mode { try change(mode: mode, budget: budget) }
        attributes.userID = changes.userID ?? attributes.userID
        attributes.groupID = changes.groupID ?? attributes.groupID
        if let change = changes.accessTime { attributes.accessTime = change.time(now: now) }
        if let change = changes.modificationTime { attributes.modificationTime = change.time(now: now) }
        attributes.changeTime = changes.changeTime ?? now
        return loss
    }
}

extension AttributeChanges {
    /// Whether the owner or the group is set.
    fileprivate var changesOwner: Bool { userID != nil || groupID != nil }

    /// Whether nothing is set; the time of the last change does not count, which a kernel that owns it always sends.
    fileprivate var isEmpty: Bool {
        mode == nil && !changesOwner && size == nil && accessTime == nil && modificationTime == nil
    }

    /// Whether it is times that the kernel has kept so far, because its page cache writes back (`fuse_flush_times`).
    fileprivate var comesFromCache: Bool {
        changeTime != nil && modificationTime != nil && mode == nil && !changesOwner && size == nil
            && accessTime == nil
    }
}

extension TimeChange {
    /// The time that is meant.
    fileprivate func time(now: Timestamp) -> Timestamp {
        switch self {
        case .now: now
        case .to(let time): time
        }
    }
}

extension OutputRawSpan {
    /// Appends bytes that fit.
    mutating func append(_ bytes: ContiguousArray<UInt8>) {
        precondition(bytes.count <= freeCapacity, "more bytes than the reply has room for")
        for byte in bytes { append(byte) }
    }
}
