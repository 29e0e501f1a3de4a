internal import RingFUSE

/// What a change has taken of a node's privileges.
struct PrivilegeLoss {
    /// Whether the mode has changed.
    var changesMode: Bool
    /// The group, where the set-group-ID bit is left and goes too unless the caller is in that group (Linux 6.2): see
    /// ``MemoryFileSystem/dropSetGroupID(of:unlessMemberOf:_:)``.
    var group: UInt32?

    /// Nothing.
    static let none = PrivilegeLoss(changesMode: false, group: nil)
}

extension MemoryFileSystem {
    /// Finishes what a change of content has taken of a node's privileges, and has the kernel ask for a mode again that
    /// has lost bits.
    ///
    /// It does not by itself: of what a WRITE or an OPEN may change, it takes the mode to stay (`FUSE_STATX_MODIFY` in
    /// fs/fuse, since 5.16), and would run the program with its old bits for as long as attributes are believed.
    ///
    /// Called without a lock.
    func settle(_ loss: PrivilegeLoss, of node: MemoryNode, _ context: borrowing RequestContext) {
        let losesGroup = dropSetGroupID(of: node, unlessMemberOf: loss.group, context)
        // Refused only where the session ends or tens of thousands of notifications wait.
        if loss.changesMode || losesGroup { try? notifier?.invalidate(node.id, from: -1) }
    }
}
