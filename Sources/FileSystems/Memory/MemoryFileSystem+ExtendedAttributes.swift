public import RingFUSE
internal import Synchronization
public import SystemPackage

extension MemoryFileSystem {
    /// Sets an extended attribute; an access control list changes the permissions, too.
    ///
    /// The kernel has checked who may: `trusted.` only the superuser, `user.` in a sticky directory only its owner.
    /// - Throws: `EOPNOTSUPP` for name spaces other than `user.`, `trusted.`, `security.` and the two lists of
    ///   `system.`; `EPERM` for `user.` on what is no file, directory or socket, and for what is immutable or
    ///   append-only;
    ///   `EINVAL`, `ERANGE` for empty and long names; `EINVAL`, `EACCES` for lists; `E2BIG`; `EEXIST`, `ENODATA` by the
    ///   condition; `ENOSPC`; `ESTALE`.
    public func setExtendedAttribute(
        named name: Name,
        of node: NodeID,
        to value: RawSpan,
        _ condition: ExtendedAttributeCondition,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        let found = try self.node(node)
        let name = try checked(name, on: found)
        // The kernel passes no condition with a list.
        guard !name.isAccessControl else { return try setAccessControl(name, of: found, to: value, context) }
        guard value.byteCount <= ExtendedAttributeRules.largestValue else { throw .argListTooLong }
        let bytes = unsafe value.withUnsafeBytes { unsafe ContiguousArray($0) }
        let now = Timestamp.now
        try found.state.withLock { (state) throws(Errno) in
            guard !state.flags.isProtected else { throw .notPermitted }
            if try state.extendedAttributes.set(name, to: bytes, condition, budget: budget) {
                state.attributes.changeTime = now
            }
        }
    }

    /// Tells an extended attribute.
    ///
    /// - Throws: `ENODATA`; `ERANGE` where it does not fit; and as
    ///   ``setExtendedAttribute(named:of:to:_:_:)`` for its name.
    public func extendedAttribute(
        named name: Name,
        of node: NodeID,
        into value: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Int {
        let found = try self.node(node)
        // The kernel asks for it before each file is first written to: answered without a copy of the name.
        if name == "security.capability", found.state.withLock({ $0.extendedAttributes.isEmpty }) { throw .noData }
        let name = try checked(name, on: found)
        return try give(
            try found.state.withLock { (state) throws(Errno) in try state.extendedAttributes.value(of: name) },
            into: &value
        )
    }

    /// Tells the names of extended attributes, those of `trusted.` only to the superuser.
    ///
    /// - Throws: `ERANGE` where they do not fit, `ESTALE`.
    public func extendedAttributeNames(
        of node: NodeID,
        into names: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Int {
        let isSuperuser = context.userID == 0
        return try give(
            try self.node(node).state.withLock { $0.extendedAttributes.list(trusted: isSuperuser) },
            into: &names
        )
    }

    /// Removes an extended attribute.
    ///
    /// - Throws: `ENODATA`, and as ``setExtendedAttribute(named:of:to:_:_:)`` for its name.
    public func removeExtendedAttribute(
        named name: Name,
        of node: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        let found = try self.node(node)
        let name = try checked(name, on: found)
        let now = Timestamp.now
        try found.state.withLock { (state) throws(Errno) in
            guard !state.flags.isProtected else { throw .notPermitted }
            guard state.extendedAttributes.remove(name, budget: budget) else {
                // A list that is not there says the same as none.
                guard name.isAccessControl else { throw .noData }
                return
            }
            state.attributes.changeTime = now
        }
    }

    /// Checks the name of an extended attribute.
    ///
    /// - Throws: `EOPNOTSUPP`, `EPERM`, `EINVAL`, `ERANGE`.
    private func checked(_ name: borrowing Name, on node: MemoryNode) throws(Errno) -> StoredName {
        // Before it is copied.
        guard name.count <= ExtendedAttributeRules.longestName else { throw .outOfRange }
        let stored = StoredName(name)
        try ExtendedAttributeRules.check(stored, on: node.type)
        return stored
    }

    /// Gives bytes where there is room; where there is none at all, only their number is asked for.
    ///
    /// - Throws: `ERANGE` where they do not fit.
    private func give(_ bytes: ContiguousArray<UInt8>, into buffer: inout OutputRawSpan) throws(Errno) -> Int {
        guard buffer.freeCapacity > 0 else { return bytes.count }
        guard bytes.count <= buffer.freeCapacity else { throw .outOfRange }
        buffer.append(bytes)
        return bytes.count
    }
}
