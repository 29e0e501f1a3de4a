public import RingFUSE
internal import Synchronization
public import SystemPackage

extension BucketFileSystem {
    /// What `stat` tells. A file that was replaced while it is open keeps what it had.
    ///
    /// - Throws: `ESTALE` for one that is not open; `EACCES`, `EIO`.
    public func attributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> AttributesReply {
        let node = try self.node(node)
        if !isKnown(node), try await !isCurrent(node, context.io), tree.opens(of: node) == 0 {
            // The kernel looks the name up again.
            throw .staleNFSFileHandle
        }
        return AttributesReply(attributes(node), lifetime: lifetime)
    }

    /// What `stat` tells of what is known.
    public func attributesImmediately(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<AttributesReply> {
        let node = try self.node(node)
        return isKnown(node) ? .answered(AttributesReply(attributes(node), lifetime: lifetime)) : .deferred
    }

    /// Whether nothing has to be asked for.
    private func isKnown(_ node: BucketNode) -> Bool {
        node.isDirectory || node.isFresh(for: bucket.options.lifetime)
            || (node.state.withLock { $0.isReplaced } && tree.opens(of: node) > 0)
    }

    /// Whether a file is still what the bucket has under its key; asks for it.
    func isCurrent(_ node: BucketNode, _ io: borrowing AsyncIO) async throws(Errno) -> Bool {
        let (key, former, isReplaced) = node.state.withLock { ($0.key, $0.object, $0.isReplaced) }
        if isReplaced { return false }
        let found: BucketObject?
        do throws(BucketFailure) {
            found = try await bucket.client.look(at: key, io)
        } catch {
            throw bucket.errno(error)
        }
        guard let found, found.tag == former?.tag, found.size == former?.size else {
            if node.upload != nil { return true }
            tree.remove(node)
            return false
        }
        node.state.withLock { state in
            state.object = found
            state.checked = .now
        }
        return true
    }

    /// Changes attributes: a bucket keeps none. Of what is nowhere but here all but the size is taken and forgotten, so that
    /// programs that copy can do their work.
    ///
    /// - Throws: `EPERM` for anything else; `EOPNOTSUPP` for another size; `ESTALE`.
    public func setAttributes(
        _ changes: AttributeChanges,
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply {
        let node = try self.node(node)
        let current = attributes(node)
        if let size = changes.size, size != current.size { throw .notSupported }
        let keepsMode = changes.mode.map { $0.permissions == current.mode.permissions } ?? true
        let keepsOwner = (changes.userID ?? current.userID) == current.userID
        let keepsGroup = (changes.groupID ?? current.groupID) == current.groupID
        let keepsTimes = changes.accessTime == nil && changes.modificationTime == nil
        guard node.isPinned || (keepsMode && keepsOwner && keepsGroup && keepsTimes) else { throw .notPermitted }
        return AttributesReply(current, lifetime: lifetime)
    }
}
