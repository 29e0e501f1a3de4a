public import RingFUSE
internal import Synchronization
public import SystemPackage

extension MemoryFileSystem {
    /// Sets an extended attribute.
    ///
    /// - Throws: `EOPNOTSUPP` for name spaces other than `user.`, `trusted.` and `security.`; `EPERM` for `user.` on
    ///   what is neither file nor directory; `EINVAL`, `ERANGE` for empty and long names; `E2BIG`; `EEXIST`, `ENODATA`
    ///   by the condition; `ENOSPC`; `ESTALE`.
    public func setExtendedAttribute(
        named name: Name,
        of node: NodeID,
        to value: RawSpan,
        _ condition: ExtendedAttributeCondition,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        let found = try self.node(node)
        let name = try checked(name, on: found)
        guard value.byteCount <= ExtendedAttributes.largestValue else { throw .argListTooLong }
        let bytes = unsafe value.withUnsafeBytes { unsafe ContiguousArray($0) }
        let now = Timestamp.now
        try found.state.withLock { (state) throws(Errno) in
            try state.extendedAttributes.set(name, to: bytes, condition, budget: budget)
            state.attributes.changeTime = now
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
            guard state.extendedAttributes.remove(name, budget: budget) else { throw .noData }
            state.attributes.changeTime = now
        }
    }

    /// Checks the name of an extended attribute.
    ///
    /// - Throws: `EOPNOTSUPP`, `EPERM`, `EINVAL`, `ERANGE`.
    private func checked(_ name: borrowing Name, on node: MemoryNode) throws(Errno) -> StoredName {
        guard name.count <= ExtendedAttributes.longestName else { throw .outOfRange }
        let stored = StoredName(name)
        guard let space = ExtendedAttributes.Space(of: stored) else { throw .notSupported }
        guard stored.bytes.count > space.prefixCount else { throw .invalidArgument }
        guard space != .user || node.type == .regular || node.type == .directory else { throw .notPermitted }
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
