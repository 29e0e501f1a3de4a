internal import RingFUSE
internal import Synchronization
internal import SystemPackage

/// A node of a memory file system: its attributes and content, behind a lock of its own.
///
/// It takes one node of the budget while it lives, and gives back what it took when the last reference goes: an
/// operation under way may hold one a little longer than the tree does.
final class MemoryNode: Sendable {
    /// The node's id, never used again.
    let id: NodeID
    /// Its type.
    let type: NodeType
    /// Where a symbolic link leads to.
    let target: StoredName?
    /// When it was made.
    let birthTime: Timestamp
    /// Pays for the node.
    let budget: SpaceBudget
    /// All that changes. Never locked while another node is; the tree's lock, where it is needed, is taken before.
    let state: Mutex<State>

    /// All that changes of a node.
    struct State: ~Copyable {
        /// What `stat` tells, but for size and blocks of files. `linkCount` changes only under the tree's lock.
        var attributes: Attributes
        /// The content of a regular file.
        var content: FileContent
        /// The extended attributes.
        var extendedAttributes = ExtendedAttributes()
        /// The flags of `chattr`.
        var flags: InodeFlags = []
    }

    /// A node with one name, or the two that a directory has.
    ///
    /// - Throws: `ENOSPC`.
    init(
        id: NodeID,
        _ new: NewNode,
        type: NodeType,
        owner: MemoryTree.Owner,
        target: StoredName? = nil,
        at time: Timestamp,
        budget: SpaceBudget
    ) throws(Errno) {
        guard budget.takeNode() else { throw .noSpace }
        guard budget.takeBytes(target?.bytes.count ?? 0) else {
            budget.returnNode()
            throw .noSpace
        }
        self.id = id
        self.type = type
        self.target = target
        birthTime = time
        self.budget = budget
        var attributes = Attributes(
            node: id,
            mode: NodeMode(type, permissions: new.mode.permissions),
            size: UInt64(target?.bytes.count ?? 0),
            linkCount: type == .directory ? 2 : 1,
            userID: owner.userID,
            groupID: owner.groupID
        )
        attributes.blocks = 0
        attributes.accessTime = time
        attributes.modificationTime = time
        attributes.changeTime = time
        if type == .characterDevice || type == .blockDevice { attributes.device = new.device }
        state = Mutex(State(attributes: attributes, content: FileContent(budget: budget)))
    }

    deinit {
        state.withLock { budget.returnBytes($0.extendedAttributes.chargedBytes) }
        budget.returnBytes(target?.bytes.count ?? 0)
        budget.returnNode()
    }

    /// What `stat` tells.
    var attributes: Attributes {
        state.withLock { $0.told }
    }

    /// Begins to write as much that it is worth to do so without the lock.
    ///
    /// - Returns: `nil` where it is not, or cannot be.
    func beginWriting(_ count: Int, at offset: UInt64, isFromCache: Bool) -> BulkTransfer? {
        guard count >= FileContent.leastBulk else { return nil }
        return state.withLock { state in
            guard isFromCache || !state.flags.contains(.immutable) else { return nil }
            return state.content.beginWriting(count, at: offset)
        }
    }

    /// The flags of `chattr`.
    var flags: InodeFlags { state.withLock { $0.flags } }

    /// Gives a new node what its directory passes on; permissions and group it was made with.
    ///
    /// - Throws: `ENOSPC`.
    func take(_ inheritance: Inheritance) throws(Errno) {
        try state.withLock { (state) throws(Errno) in
            state.flags = inheritance.flags
            if let list = inheritance.accessList {
                _ = try state.store(list, as: ExtendedAttributeRules.accessList, budget: budget)
            }
            if let list = inheritance.defaultList {
                _ = try state.store(list, as: ExtendedAttributeRules.defaultList, budget: budget)
            }
        }
    }

    /// Changes the number of names.
    ///
    /// Only called under the tree's lock.
    /// - Returns: the new number.
    @discardableResult
    func addLinks(_ change: Int, at time: Timestamp) -> UInt32 {
        state.withLock { state in
            state.attributes.linkCount = UInt32(Int(state.attributes.linkCount) + change)
            state.attributes.changeTime = time
            return state.attributes.linkCount
        }
    }

    /// Notes that names in a directory have changed.
    ///
    /// - Parameter links: how many more directories are in it.
    func namesChanged(links: Int = 0, at time: Timestamp) {
        state.withLock { state in
            state.attributes.linkCount = UInt32(Int(state.attributes.linkCount) + links)
            state.modified(at: time)
        }
    }
}

extension MemoryNode.State {
    /// What `stat` tells, with size and blocks.
    var told: Attributes {
        var attributes = attributes
        if attributes.mode.type == .regular {
            attributes.size = content.size
            attributes.blocks = content.allocatedBytes / 512
        }
        return attributes
    }

    /// Notes that the content has changed.
    mutating func modified(at time: Timestamp) { attributes.modified(at: time) }

    /// Notes that the content, or a directory or symbolic link, was read.
    mutating func accessed(at time: Timestamp) { attributes.accessed(at: time, flags) }

    /// Takes away what would let a program that somebody has changed run with its owner's privileges.
    ///
    /// - Parameter setID: the set-user-ID bit, and the set-group-ID bit where the group may execute; capabilities
    ///   always go.
    mutating func dropPrivileges(setID: Bool, budget: SpaceBudget) -> PrivilegeLoss {
        guard attributes.canLosePrivileges else { return .none }
        if !extendedAttributes.isEmpty { extendedAttributes.remove(ExtendedAttributeRules.capability, budget: budget) }
        return setID ? attributes.dropSetID() : .none
    }
}
