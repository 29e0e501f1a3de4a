package import RingFUSE

/// What a change has taken of a node's privileges.
package struct PrivilegeLoss: Sendable {
    /// Whether the mode has changed.
    package var changesMode: Bool
    /// The group, where the set-group-ID bit is left and goes too unless the caller is in that group (Linux 6.2).
    package var group: UInt32?

    /// Nothing.
    package static let none = PrivilegeLoss(changesMode: false, group: nil)

    /// A loss.
    package init(changesMode: Bool, group: UInt32?) {
        self.changesMode = changesMode
        self.group = group
    }
}

extension Attributes {
    /// Whether a node loses what would let a program that somebody has changed run with its owner's privileges.
    /// Directories keep theirs, which mean something else; all other nodes lose them, as Linux has it for a FIFO, too.
    package var canLosePrivileges: Bool { mode.type != .directory }

    /// Takes away the set-user-ID bit, and the set-group-ID bit where the group may execute. Capabilities are the
    /// caller's to remove.
    package mutating func dropSetID() -> PrivilegeLoss {
        guard canLosePrivileges else { return .none }
        let former = mode
        if former.rawValue & 0o010 != 0 { mode.permissions &= ~0o2000 }
        mode.permissions &= ~0o4000
        return PrivilegeLoss(changesMode: mode != former, group: mode.rawValue & 0o2000 != 0 ? groupID : nil)
    }
}
