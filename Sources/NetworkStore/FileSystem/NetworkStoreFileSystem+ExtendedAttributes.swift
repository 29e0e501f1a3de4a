internal import FileSystems
public import RingFUSE
internal import Synchronization
public import SystemPackage

extension NetworkStoreFileSystem {
    /// Sets an extended attribute; an access control list changes the permissions, too.
    ///
    /// - Throws: `EOPNOTSUPP`, `EPERM`, `EINVAL`, `ERANGE` for names; `EINVAL`, `EACCES` for lists; `E2BIG`; `EEXIST`,
    ///   `ENODATA` by the condition; `ENOSPC`; `ESTALE`, `EIO`.
    public func setExtendedAttribute(
        named name: Name,
        of node: NodeID,
        to value: RawSpan,
        _ condition: ExtendedAttributeCondition,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        let name = try await checked(name, on: node)
        guard name.isAccessControl || value.byteCount <= ExtendedAttributeRules.largestValue else {
            throw .argListTooLong
        }
        let bytes = unsafe value.withUnsafeBytes { unsafe ContiguousArray($0) }
        if name == .quota { return try await setQuota(of: node, to: bytes) }
        if name == .trash { return try await perform(bytes) }
        try await commitHeldAttributes(of: node)
        let record = try await volume.engine.setExtendedAttribute(
            name, of: node, to: bytes, condition, caller(context, withGroups: true))
        take(record)
    }

    /// Tells an extended attribute.
    ///
    /// - Throws: `ENODATA`; `ERANGE` where it does not fit; and as ``setExtendedAttribute(named:of:to:_:_:)`` for its
    ///   name.
    public func extendedAttribute(
        named name: Name,
        of node: NodeID,
        into value: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        let name = try await checked(name, on: node)
        if name == .quota { return try Self.give(try await quotas(of: node), into: &value) }
        if let answer = try await trash(named: name) { return try Self.give(answer, into: &value) }
        if nodes.file(node)?.state.withLock({ !$0.record.hasExtendedAttributes }) == true { throw .noData }
        return try Self.give(try await volume.engine.extendedAttribute(name, of: node), into: &value)
    }

    /// Tells that an open file without extended attributes has no capabilities, for which the kernel asks before it writes
    /// to it for the first time; all else is deferred.
    public func extendedAttributeImmediately(
        named name: Name,
        of node: NodeID,
        into value: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Int> {
        guard name == "security.capability", let file = nodes.file(node) else { return .deferred }
        if file.state.withLock({ !$0.record.hasExtendedAttributes }) { throw .noData }
        return .deferred
    }

    /// Tells the names of extended attributes, those of `trusted.` only to the superuser.
    ///
    /// - Throws: `ERANGE` where they do not fit, `ESTALE`, `EIO`.
    public func extendedAttributeNames(
        of node: NodeID,
        into names: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        let isSuperuser = context.userID == 0
        var list = ContiguousArray<UInt8>()
        for name in try await volume.engine.extendedAttributeNames(of: node) {
            guard isSuperuser || !name.bytes.starts(with: "trusted.".utf8) else { continue }
            list += name.bytes
            list.append(0)
        }
        return try Self.give(list, into: &names)
    }

    /// Removes an extended attribute.
    ///
    /// - Throws: `ENODATA`, and as ``setExtendedAttribute(named:of:to:_:_:)`` for its name.
    public func removeExtendedAttribute(
        named name: Name,
        of node: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        let name = try await checked(name, on: node)
        if name == .quota { return try await clearQuota(of: node) }
        try await commitHeldAttributes(of: node)
        take(try await volume.engine.removeExtendedAttribute(name, of: node))
    }

    /// Checks the name of an extended attribute.
    ///
    /// - Throws: `EOPNOTSUPP`, `EPERM`, `EINVAL`, `ERANGE`, `ESTALE`.
    private func checked(_ name: borrowing Name, on node: NodeID) async throws(Errno) -> StoredName {
        // Before it is copied.
        guard name.count <= ExtendedAttributeRules.longestName else { throw .outOfRange }
        let stored = StoredName(name)
        let type: NodeType?
        if let file = nodes.file(node) {
            type = file.attributes.mode.type
        } else {
            type = try await volume.engine.node(node).type
        }
        try ExtendedAttributeRules.check(stored, on: type)
        return stored
    }

    /// Gives bytes where there is room; where there is none at all, only their number is asked for.
    ///
    /// - Throws: `ERANGE` where they do not fit.
    private static func give(
        _ bytes: ContiguousArray<UInt8>,
        into buffer: inout OutputRawSpan
    ) throws(Errno) -> Int {
        guard buffer.freeCapacity > 0 else { return bytes.count }
        guard bytes.count <= buffer.freeCapacity else { throw .outOfRange }
        unsafe bytes.withUnsafeBytes { unsafe buffer.append($0) }
        return bytes.count
    }
}
