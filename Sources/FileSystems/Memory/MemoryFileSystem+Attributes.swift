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

    /// Changes attributes.
    ///
    /// - Throws: `EFBIG`; `EISDIR`, `EINVAL` for the size of what is no file; `ESTALE`.
    public func setAttributes(
        _ changes: AttributeChanges,
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply {
        let found = changes.size == nil ? try self.node(node) : try file(node)
        let now = Timestamp.now
        let attributes = try found.state.withLock { (state) throws(Errno) in
            try state.apply(changes, at: now, budget: budget)
            return state.told
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
        found.state.withLock { $0.attributes.accessTime = now }
    }
}

extension MemoryNode.State {
    /// Changes attributes.
    ///
    /// - Throws: `EFBIG`, and nothing has changed.
    mutating func apply(_ changes: AttributeChanges, at now: Timestamp, budget: SpaceBudget) throws(Errno) {
        if let size = changes.size {
            try content.resize(to: size)
            attributes.modificationTime = now
            dropPrivileges(setID: changes.killsPrivileges, budget: budget)
        } else if changes.killsPrivileges {
            dropPrivileges(setID: true, budget: budget)
        }
        if changes.userID != nil || changes.groupID != nil {
            attributes.userID = changes.userID ?? attributes.userID
            attributes.groupID = changes.groupID ?? attributes.groupID
            // Whoever changes the owner, as the kernel's own file systems do it.
            dropPrivileges(setID: true, budget: budget)
        }
        if let mode = changes.mode { attributes.mode.permissions = mode.permissions }
        if let change = changes.accessTime { attributes.accessTime = change.time(now: now) }
        if let change = changes.modificationTime { attributes.modificationTime = change.time(now: now) }
        attributes.changeTime = changes.changeTime ?? now
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
