internal import FileSystems
public import RingFUSE
internal import Synchronization
public import SystemPackage

extension NetworkStoreFileSystem {
    /// What `stat` tells.
    ///
    /// - Throws: `ESTALE`, `EIO`.
    public func attributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> AttributesReply {
        // Of a file that is open what was true when it was opened will do; when others change it, this is told.
        if let file = nodes.file(node) { return reply(file.attributes) }
        return attributes(try await volume.engine.node(node))
    }

    /// What `stat` tells, where that takes no waiting.
    public func attributesImmediately(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<AttributesReply> {
        if let file = nodes.file(node) { return .answered(reply(file.attributes)) }
        guard case .answered(let record) = try volume.engine.nodeImmediately(node) else { return .deferred }
        return .answered(attributes(record))
    }

    /// What `statx` tells: when a node was made, too.
    ///
    /// - Throws: `ESTALE`, `EIO`.
    public func detailedAttributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> DetailedAttributesReply {
        let record = try await volume.engine.node(node)
        return DetailedAttributesReply(attributes(record), birthTime: record.birthTime)
    }

    /// Changes attributes.
    ///
    /// - Throws: `EFBIG`, `EISDIR`, `EINVAL`, `EPERM`, `ENOSPC`, `EDQUOT`, `ESTALE`, `EIO`.
    public func setAttributes(
        _ changes: AttributeChanges,
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> AttributesReply {
        let caller = caller(context, for: changes)
        guard let file = nodes.file(node) else {
            let record = try await volume.engine.change(changes, of: node, caller)
            // It may have been opened meanwhile.
            nodes.file(node)?.state.withLock { state in
                state.take(record)
                state.commits += 1
                state.extents = nil
            }
            return attributes(record)
        }
        return reply(try await change(changes, of: file, caller))
    }

    /// Changes attributes of a file that may have something that is not committed; then they wait for that, if they can.
    func change(
        _ changes: AttributeChanges,
        of file: StoredFile,
        _ caller: Caller
    ) async throws(Errno) -> Attributes {
        if changes.size == nil {
            let held = try file.state.withLock { (state) throws(Errno) in
                try state.hold(changes, by: caller, at: .now)
            }
            if let held { return held }
        }
        let changesContent = changes.size != nil || changes.modificationTime != nil || changes.changeTime != nil
        // What waits must not be committed after what comes now.
        guard changesContent || file.state.withLock({ $0.holdsAttributes }) else {
            let record = try await volume.engine.change(changes, of: file.id, caller)
            return file.state.withLock { state in
                state.take(record)
                return state.attributes
            }
        }
        // Size and times are last set by whoever comes last: what was written before must be committed before.
        return try await file.gate.pass { () async throws(Errno) -> Attributes in
            if let size = changes.size { file.state.withLock { $0.forgetDirty(from: size, volume) } }
            try await volume.flush(file, durably: false)
            let record = try await volume.engine.change(changes, of: file.id, caller)
            return file.state.withLock { state in
                if let size = changes.size { state.extents?.cut(size..<UInt64.max) }
                state.commits += 1
                state.take(record)
                return state.attributes
            }
        }
    }

    /// Has attributes committed that wait for it, before something that depends on them.
    ///
    /// - Throws: `EIO`, `ENOSPC`, `EDQUOT`: they stay, and it is tried again.
    func commitHeldAttributes(of node: NodeID) async throws(Errno) {
        guard let file = nodes.file(node), file.state.withLock({ $0.holdsAttributes }) else { return }
        try await volume.flush(file, durably: false)
    }

    /// Reads a symbolic link.
    ///
    /// - Throws: `EINVAL` where it is none, `ENAMETOOLONG` where the buffer is too small, `ESTALE`, `EIO`.
    public func readSymbolicLink(
        _ node: NodeID,
        into target: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        let stored = try await volume.engine.target(of: node)
        guard target.freeCapacity >= stored.bytes.count else { throw .fileNameTooLong }
        unsafe stored.bytes.withUnsafeBytes { unsafe target.append($0) }
        noteAccess(to: node)
    }

    /// Notes that a node which is no open file was read.
    func noteAccess(to node: NodeID) {
        let now = Timestamp.now
        volume.start { _ in try? await self.volume.engine.noteAccess(to: node, at: now) }
    }
}

extension StoredFile.State {
    /// Forgets what was written last from an offset on, since the file is going to end there.
    mutating func forgetDirty(from size: UInt64, _ volume: Volume) {
        guard !dirty.isEmpty else { return }
        let count = dirty.chunks.count
        dirty.truncate(to: size)
        volume.dirtyBudget.give(count - dirty.chunks.count)
        // No byte claims more than itself.
        volume.room.giveBack(claim.take(leaving: UInt64(dirty.byteCount)))
        if let pending { self.pending = (min(pending.size, max(size, dirty.end)), pending.time) }
        if dirty.isEmpty { dirtySince = nil }
    }
}
