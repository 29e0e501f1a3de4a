public import RingFUSE

/// Attributes that were set of a file while it had content that was not committed. They are committed with that content, in
/// one transaction, and lie over what it makes of them.
///
/// It is what the rules have come to when they were set, and not what was asked for: a program was told of it.
public struct HeldAttributes: Sendable, Hashable {
    /// Permissions.
    public var permissions: UInt32?
    /// Owner.
    public var userID: UInt32?
    /// Group.
    public var groupID: UInt32?
    /// Last read.
    public var accessTime: Timestamp?
    /// Last change of the content.
    public var modificationTime: Timestamp?
    /// Last change of the attributes: no earlier than this.
    public var changeTime: Timestamp?

    /// Nothing.
    public init() {}

    /// What a change has made of a node.
    ///
    /// - Parameters:
    ///   - changes: what was asked for: what it leaves out stays as it is, but for the permissions, which may have lost bits.
    ///   - before: the attributes that it has found.
    ///   - after: those that the rules have made of them.
    init(_ changes: AttributeChanges, from before: Attributes, to after: Attributes) {
        if changes.mode != nil || before.mode != after.mode { permissions = after.mode.permissions }
        if changes.userID != nil { userID = after.userID }
        if changes.groupID != nil { groupID = after.groupID }
        if changes.accessTime != nil { accessTime = after.accessTime }
        if changes.modificationTime != nil { modificationTime = after.modificationTime }
        changeTime = after.changeTime
    }

    /// Whether owner or group are set.
    var setsOwner: Bool { userID != nil || groupID != nil }

    /// Lays what was set later over it.
    mutating func add(_ later: HeldAttributes) {
        permissions = later.permissions ?? permissions
        userID = later.userID ?? userID
        groupID = later.groupID ?? groupID
        accessTime = later.accessTime ?? accessTime
        modificationTime = later.modificationTime ?? modificationTime
        changeTime = later.changeTime ?? changeTime
    }

    /// Lays it over attributes.
    func apply(to attributes: inout Attributes) {
        if let permissions { attributes.mode.permissions = permissions }
        attributes.userID = userID ?? attributes.userID
        attributes.groupID = groupID ?? attributes.groupID
        attributes.accessTime = accessTime ?? attributes.accessTime
        attributes.modificationTime = modificationTime ?? attributes.modificationTime
        // Something else may have been changed, and committed, in between.
        if let changeTime { attributes.changeTime = max(attributes.changeTime, changeTime) }
    }
}
