internal import FileSystems
internal import RingFUSE
internal import SystemPackage

// Operations that change attributes, and the one that ends a node.

extension Transaction {
    /// Changes attributes: ``MetadataEngine/change(_:of:_:)``.
    func change(_ changes: AttributeChanges, of id: NodeID, _ caller: Caller) throws(Errno) -> NodeRecord {
        var node = try node(id)
        if let size = changes.size {
            try node.checkIsFile()
            guard size <= NodeRow.largestSize else { throw .fileTooLarge }
        }
        try changes.check(against: node.flags)
        let now = Timestamp.now
        let aftermath = try node.apply(
            changes, by: caller, at: now, accessList: try list(ExtendedAttributeRules.accessList, of: id))
        if let size = changes.size, node.allocated > 0 {
            // What lies beyond the end must read as zeros if the file grows again.
            let former = Int64(clamping: node.allocated)
            try cut(size..<NodeRow.largestSize, of: &node)
            try count(in: node.quota, bytes: Int64(clamping: node.allocated) - former)
        }
        try settle(aftermath, of: &node)
        try store(node)
        return node.record
    }

    /// Notes that a node was read: ``MetadataEngine/noteAccess(to:at:)``.
    func noteAccess(to id: NodeID, at time: Timestamp) throws(Errno) {
        var node = try node(id)
        guard node.attributes.accessed(at: time, node.flags) else { return }
        try rows.storeAccessTime(time, of: id)
    }

    /// Sets the flags of `chattr`: ``MetadataEngine/setFlags(_:among:of:)``.
    func setFlags(_ flags: InodeFlags, among mask: InodeFlags, of id: NodeID) throws(Errno) -> NodeRecord {
        var node = try node(id)
        try node.setFlags(flags, among: mask, at: .now)
        try store(node)
        return node.record
    }

    /// Ends a node that has no name: ``MetadataEngine/dispose(of:)``.
    func dispose(of id: NodeID) throws(Errno) {
        var node: NodeRow
        do throws(Errno) {
            node = try self.node(id)
        } catch .staleNFSFileHandle {
            return
        }
        guard node.attributes.linkCount == 0, !node.marks.contains(.inTrash) else { return }
        try count(in: node.quota, bytes: -Int64(clamping: node.allocated), nodes: -1)
        if node.allocated > 0 { try cut(0..<NodeRow.largestSize, of: &node) }
        if node.marks.contains(.attributes) { try rows.deleteAttributes(of: id) }
        try rows.deleteUnlinked(id)
        try rows.deleteNode(id)
        state.nodes -= 1
    }
}
