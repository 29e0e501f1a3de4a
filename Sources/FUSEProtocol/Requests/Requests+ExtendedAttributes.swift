import CRingFUSE

/// SETXATTR.
package struct SetExtendedAttributeRequest: ~Escapable {
    /// XATTR_CREATE and XATTR_REPLACE, as in setxattr(2).
    package let flags: UInt32
    /// Whether sgid is to be cleared (`FUSE_SETXATTR_ACL_KILL_SGID`).
    package let killsSetGroupID: Bool
    /// Its name.
    package let name: Span<UInt8>
    /// Its value.
    package let value: RawSpan

    /// Decodes the request; throws `truncated`, `badName` or `badLength`.
    ///
    /// - Parameter isExtended: whether `FUSE_SETXATTR_EXT` was agreed on. The argument's size does not tell: over the
    ///   ring it is room for any.
    @_lifetime(copy payload)
    package init(argument: RawSpan, payload: RawSpan, isExtended: Bool) throws(WireError) {
        let size: UInt32
        if isExtended {
            let raw = try argument.load(fuse_setxattr_in.self)
            size = raw.size
            flags = raw.flags
            killsSetGroupID = raw.setxattr_flags & FUSE_SETXATTR_ACL_KILL_SGID != 0
        } else {
            size = try argument.load(UInt32.self)
            flags = try argument.load(UInt32.self, at: 4)
            killsSetGroupID = false
        }
        let range = try payload.nameRange(.anything)
        name = payload.octets(range)
        value = try payload.data(from: range.upperBound + 1, exactly: size)
    }
}

/// GETXATTR.
package struct GetExtendedAttributeRequest: ~Escapable {
    /// Most bytes of value that the caller takes; 0 asks for its size.
    package let size: UInt32
    /// Its name.
    package let name: Span<UInt8>

    /// Decodes the request; throws `truncated` or `badName`.
    @_lifetime(copy payload)
    package init(argument: RawSpan, payload: RawSpan) throws(WireError) {
        size = try argument.load(fuse_getxattr_in.self).size
        name = payload.octets(try payload.nameRange(.anything))
    }
}

/// LISTXATTR.
package struct ListExtendedAttributesRequest: Equatable, Sendable {
    /// Most bytes of names, each with a NUL, that the caller takes; 0 asks for their size.
    package let size: UInt32

    /// Decodes the argument; throws `truncated`.
    package init(argument: RawSpan) throws(WireError) {
        size = try argument.load(fuse_getxattr_in.self).size
    }
}

/// REMOVEXATTR.
package struct RemoveExtendedAttributeRequest: ~Escapable {
    /// Its name.
    package let name: Span<UInt8>

    /// Decodes the payload; throws `truncated` or `badName`.
    @_lifetime(copy payload)
    package init(payload: RawSpan) throws(WireError) {
        name = payload.octets(try payload.nameRange(.anything))
    }
}
