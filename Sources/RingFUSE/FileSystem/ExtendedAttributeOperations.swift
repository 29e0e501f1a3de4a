public import SystemPackage

/// The extended attributes of a backend, POSIX ACLs among them. All of it has a default, which is `ENOSYS`.
///
/// Methods run as those of ``FileSystem`` do, which refines this.
public protocol ExtendedAttributeOperations: Sendable {
    /// Sets an extended attribute (SETXATTR). `ENOSYS`, the default, becomes `EOPNOTSUPP`, here and in the other three.
    ///
    /// - Throws: `EEXIST` or `ENODATA` as `condition` demands, `ENOSPC`, `E2BIG`, `EROFS`.
    func setExtendedAttribute(
        named name: Name,
        of node: NodeID,
        to value: RawSpan,
        _ condition: ExtendedAttributeCondition,
        _ context: borrowing RequestContext
    ) async throws(Errno)

    /// Tells an extended attribute (GETXATTR).
    ///
    /// - Parameter value: gets the bytes; has no room where only the size is asked for.
    /// - Returns: the size of the value in bytes, whether or not it was asked for.
    /// - Throws: `ENODATA`, `ERANGE` where it does not fit.
    func extendedAttribute(
        named name: Name,
        of node: NodeID,
        into value: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int

    /// Tells the names of extended attributes, each with its NUL (LISTXATTR).
    ///
    /// - Parameter names: gets the names; has no room where only the size is asked for.
    /// - Returns: the size of all names in bytes.
    /// - Throws: `ERANGE` where they do not fit.
    func extendedAttributeNames(
        of node: NodeID,
        into names: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int

    /// Removes an extended attribute (REMOVEXATTR).
    ///
    /// - Throws: `ENODATA`.
    func removeExtendedAttribute(
        named name: Name,
        of node: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno)
}
