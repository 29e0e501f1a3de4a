internal import RingFUSE
internal import Synchronization
internal import SystemPackage

// Access control lists. They are kept as extended attributes; the kernel checks permissions by them.

extension MemoryFileSystem {
    /// Sets or takes away a list by its attribute.
    ///
    /// - Throws: `EOPNOTSUPP` for symbolic links, `EACCES` for a default list of what is no directory, `EINVAL`,
    ///   `E2BIG`, `ENOSPC`.
    func setAccessControl(
        _ name: StoredName,
        of node: MemoryNode,
        to value: RawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        guard node.type != .symbolicLink else { throw .notSupported }
        let list = try AccessControlList(extendedAttribute: value)
        let isDefault = name == ExtendedAttributeRules.defaultList
        guard !isDefault || node.type == .directory else {
            guard list == nil else { throw .permissionDenied }
            return
        }
        let now = Timestamp.now
        let group = try node.state.withLock { (state) throws(Errno) -> UInt32? in
            guard !state.flags.isProtected else { throw .notPermitted }
            if isDefault {
                if try state.store(list, as: name, budget: budget) { state.attributes.changeTime = now }
                return nil
            }
            guard let list else {
                if try state.store(nil, as: name, budget: budget) { state.attributes.changeTime = now }
                return nil
            }
            // What permission bits can say is said by them alone.
            _ = try state.store(list.isMinimal ? nil : list, as: name, budget: budget)
            let former = state.attributes.mode
            state.attributes.mode.permissions = former.permissions & 0o7000 | list.mode
            state.attributes.changeTime = now
            return former.rawValue & 0o2000 != 0 ? state.attributes.groupID : nil
        }
        // Whoever is not in the group gives nobody its privileges.
        if context.userID != 0 { dropSetGroupID(of: node, unlessMemberOf: group, context) }
    }

    /// Takes the set-group-ID bit from a node, unless the caller is in a group.
    ///
    /// Called without a lock: finding out may need to ask the system.
    /// - Parameter group: the node's; `nil` for "nothing to be found out".
    /// - Returns: whether the bit was taken away.
    @discardableResult
    func dropSetGroupID(
        of node: MemoryNode,
        unlessMemberOf group: UInt32?,
        _ context: borrowing RequestContext
    ) -> Bool {
        guard let group, !CallerGroups.contain(group, context) else { return false }
        node.state.withLock { $0.attributes.mode.permissions &= ~0o2000 }
        return true
    }

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

extension MemoryNode.State {
    /// Keeps a list, or none.
    ///
    /// - Returns: whether anything changed.
    /// - Throws: `ENOSPC`.
    mutating func store(_ list: AccessControlList?, as name: StoredName, budget: SpaceBudget) throws(Errno) -> Bool {
        guard let list else { return extendedAttributes.remove(name, budget: budget) }
        return try extendedAttributes.set(name, to: list.extendedAttribute, .any, budget: budget)
    }

    /// A list that is kept.
    func list(_ name: StoredName) -> AccessControlList? {
        guard !extendedAttributes.isEmpty, let bytes = try? extendedAttributes.value(of: name) else { return nil }
        return unsafe try? AccessControlList(extendedAttribute: bytes.span.bytes)
    }

    /// Sets permission bits, and what a list says of the same.
    ///
    /// - Throws: `ENOSPC`.
    mutating func change(mode: NodeMode, budget: SpaceBudget) throws(Errno) {
        if var list = list(ExtendedAttributeRules.accessList) {
            list.change(toMode: mode.permissions)
            _ = try store(list, as: ExtendedAttributeRules.accessList, budget: budget)
        }
        attributes.mode.permissions = mode.permissions
    }
}
