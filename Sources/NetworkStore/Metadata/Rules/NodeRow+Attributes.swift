internal import FileSystems
internal import RingFUSE
internal import SystemPackage

// How attributes change, on values.

extension NodeRow {
    /// What a change of a node leaves to be done with its extended attributes.
    struct Aftermath: Sendable {
        /// Whether capabilities go.
        var dropsCapability = false
        /// The list that says who may do what, where it changes with the mode.
        var accessList: AccessControlList?
    }

    /// Changes all but the size, whose extents are cut by whoever has them, before.
    ///
    /// - Parameter accessList: the list that the node has; asked for where the mode changes only.
    /// - Throws: what `accessList` throws, and nothing has changed.
    mutating func apply(
        _ changes: AttributeChanges,
        by caller: Caller,
        at now: Timestamp,
        accessList: @autoclosure () throws(Errno) -> AccessControlList?
    ) throws(Errno) -> Aftermath {
        var aftermath = Aftermath()
        let list = changes.mode == nil || !marks.contains(.accessList) ? nil : try accessList()
        var loss = PrivilegeLoss.none
        if let size = changes.size {
            attributes.size = size
            attributes.modificationTime = now
            loss = dropPrivileges(setID: changes.killsPrivileges, &aftermath)
        } else if changes.dropsPrivileges {
            loss = dropPrivileges(setID: true, &aftermath)
        }
        if let mode = changes.mode {
            attributes.mode.permissions = mode.permissions
            if var list {
                list.change(toMode: mode.permissions)
                aftermath.accessList = list
            }
        }
        attributes.setOwnerAndTimes(changes, at: now)
        version += 1
        // Whoever may do all keeps the bit when the owner changes; when the size does, the kernel has asked for it only
        // where the caller may not.
        if changes.size != nil || caller.userID != 0 { dropSetGroupID(after: loss, caller) }
        return aftermath
    }

    /// Sets what was set while content was unwritten, after that; it is one change with it, and has the same version.
    ///
    /// - Parameter accessList: the list that the node has, which another session may have given it meanwhile.
    /// - Throws: what `accessList` throws, and nothing has changed.
    mutating func apply(
        _ held: HeldAttributes,
        accessList: @autoclosure () throws(Errno) -> AccessControlList?
    ) throws(Errno) -> Aftermath {
        var aftermath = Aftermath()
        if let permissions = held.permissions, marks.contains(.accessList), var list = try accessList() {
            list.change(toMode: permissions)
            aftermath.accessList = list
        }
        // What it takes of the permissions is in them.
        aftermath.dropsCapability = held.setsOwner && marks.contains(.capability)
        held.apply(to: &attributes)
        return aftermath
    }

    /// Notes that the content has changed.
    ///
    /// - Parameters:
    ///   - time: when; `nil` leaves the times as they are.
    ///   - setID: whether set-ID bits go, and capabilities with them; `nil` for neither.
    mutating func contentChanged(at time: Timestamp?, killingFor caller: Caller?) -> Aftermath {
        var aftermath = Aftermath()
        if let time {
            // It was written before it is committed, and something else may have been changed in between.
            let later = max(attributes.changeTime, time)
            attributes.modified(at: time)
            attributes.changeTime = later
        }
        version += 1
        if let caller { dropSetGroupID(after: dropPrivileges(setID: true, &aftermath), caller) }
        return aftermath
    }

    /// Takes away what would let a program that somebody has changed run with its owner's privileges.
    private mutating func dropPrivileges(setID: Bool, _ aftermath: inout Aftermath) -> PrivilegeLoss {
        guard attributes.canLosePrivileges else { return .none }
        aftermath.dropsCapability = marks.contains(.capability)
        return setID ? attributes.dropSetID() : .none
    }

    /// Takes the set-group-ID bit away, unless the caller is in the group.
    private mutating func dropSetGroupID(after loss: PrivilegeLoss, _ caller: Caller) {
        guard let group = loss.group, !caller.isMember(of: group) else { return }
        attributes.mode.permissions &= ~0o2000
    }

    /// Sets the flags of `chattr` that a mask names.
    ///
    /// - Throws: `EOPNOTSUPP` for flags that are not kept, or not on such a node.
    mutating func setFlags(_ flags: InodeFlags, among mask: InodeFlags, at now: Timestamp) throws(Errno) {
        var flags = flags
        guard flags.isSubset(of: .settable) else { throw .notSupported }
        if !isDirectory {
            guard !flags.contains(.topDirectory) else { throw .notSupported }
            flags.subtract(.ofDirectories)
        }
        self.flags = self.flags.subtracting(mask).union(flags.intersection(mask))
        changed(at: now)
    }

    // MARK: Access control lists

    /// Sets a list by its attribute, and the mode with it.
    ///
    /// - Parameter list: `nil` takes it away.
    /// - Returns: the list to be kept; what permission bits can say is said by them alone.
    /// - Throws: `EACCES` for a default list of what is no directory, `EPERM` for what
    ///   is immutable or append-only.
    mutating func setAccessControl(
        _ name: StoredName,
        to list: AccessControlList?,
        by caller: Caller
    ) throws(Errno) -> AccessControlList? {
        let isDefault = name == ExtendedAttributeRules.defaultList
        guard !isDefault || isDirectory || list == nil else { throw .permissionDenied }
        try checkIsUnprotected()
        guard !isDefault, let list else { return list }
        let former = attributes.mode
        attributes.mode.permissions = former.permissions & 0o7000 | list.mode
        // Whoever is not in the group gives nobody its privileges.
        if former.rawValue & 0o2000 != 0, caller.userID != 0, !caller.isMember(of: attributes.groupID) {
            attributes.mode.permissions &= ~0o2000
        }
        return list.isMinimal ? nil : list
    }
}
