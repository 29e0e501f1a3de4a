package import RingFUSE

/// What a new node gets from its directory.
package struct Inheritance: Sendable {
    /// The group, where the directory passes its own on.
    package let groupID: UInt32?
    /// Permissions as they become.
    package let permissions: UInt32
    /// The list that says who may do what, where permissions do not say it all.
    package let accessList: AccessControlList?
    /// The list that a directory passes on in its turn.
    package let defaultList: AccessControlList?
    /// The flags.
    package let flags: InodeFlags

    /// Whether there is nothing but permissions and group, with which a node is made.
    package var isEmpty: Bool { accessList == nil && defaultList == nil && flags.isEmpty }

    /// What a directory passes on.
    ///
    /// The umask is applied here, where there is no default list: with ACLs the kernel leaves it to the file system
    /// (`FUSE_DONT_MASK`); without, it has applied it before, and once more changes nothing.
    ///
    /// - Parameters:
    ///   - directory: the directory's own attributes.
    ///   - flags: the directory's own flags.
    ///   - defaultList: the directory's list for new nodes; not asked for where none applies.
    package init(
        of type: NodeType,
        _ new: NewNode,
        from directory: Attributes,
        _ flags: InodeFlags,
        defaultList inherited: @autoclosure () -> AccessControlList?
    ) {
        let isDirectory = type == .directory
        let hasGroup = directory.mode.rawValue & 0o2000 != 0
        // A set-group-ID directory passes its group on, and to directories the bit itself.
        groupID = hasGroup ? directory.groupID : nil
        let bit: UInt32 = hasGroup && isDirectory ? 0o2000 : 0
        self.flags = Self.flags(of: type, from: flags)
        guard type != .symbolicLink, let list = inherited() else {
            let umask = type == .symbolicLink ? 0 : new.umask & 0o777
            permissions = new.mode.permissions & ~umask | bit
            accessList = nil
            defaultList = nil
            return
        }
        let access = list.inherited(mode: new.mode.permissions)
        permissions = new.mode.permissions & 0o7000 | access.mode | bit
        accessList = access.isMinimal ? nil : access
        defaultList = isDirectory ? list : nil
    }

    /// The flags that a new node gets.
    private static func flags(of type: NodeType, from directory: InodeFlags) -> InodeFlags {
        let inherited = directory.intersection(.inherited)
        return switch type {
        case .directory: inherited
        case .regular: inherited.subtracting(.ofDirectories)
        default: inherited.intersection(.ofOthers)
        }
    }
}
