public import RingFUSE
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
        let bytes = unsafe value.withUnsafeBytes { unsafe ContiguousArray($0) }
        let record = try await volume.engine.setExtendedAttribute(
            StoredName(name), of: node, to: bytes, condition, caller(context, withGroups: true))
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
        try Self.give(try await volume.engine.extendedAttribute(StoredName(name), of: node), into: &value)
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
        take(try await volume.engine.removeExtendedAttribute(StoredName(name), of: node))
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
