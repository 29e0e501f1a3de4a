import CRingFUSE

/// LOOKUP: the name to look up, "." and ".." included.
package struct LookUpRequest: ~Escapable {
    /// The name.
    package let name: Span<UInt8>

    /// Decodes the payload; throws `truncated` or `badName`.
    @_lifetime(copy payload)
    package init(payload: RawSpan) throws(WireError) {
        name = payload.octets(try payload.nameRange(.lookedUp))
    }
}

/// UNLINK and RMDIR: the name to remove.
package struct RemoveRequest: ~Escapable {
    /// The name.
    package let name: Span<UInt8>

    /// Decodes the payload; throws `truncated` or `badName`.
    @_lifetime(copy payload)
    package init(payload: RawSpan) throws(WireError) {
        name = payload.octets(try payload.nameRange(.entry))
    }
}

/// MKNOD: a file, device, pipe or socket to be made.
package struct MakeNodeRequest: ~Escapable {
    /// Type and permissions, the umask already applied unless `FUSE_DONT_MASK` was agreed on.
    package let mode: UInt32
    /// Device number, as the kernel encodes it, when it is a device.
    package let device: UInt32
    /// The caller's umask.
    package let umask: UInt32
    /// Its name.
    package let name: Span<UInt8>
    /// What follows the name: extensions, if any.
    package let trailing: RawSpan

    /// Decodes the request; throws `truncated` or `badName`.
    @_lifetime(copy payload)
    package init(argument: RawSpan, payload: RawSpan) throws(WireError) {
        let raw = try argument.load(fuse_mknod_in.self)
        let range = try payload.nameRange(.entry)
        mode = raw.mode
        device = raw.rdev
        umask = raw.umask
        name = payload.octets(range)
        trailing = payload.suffix(from: range.upperBound + 1)
    }
}

/// MKDIR: a directory to be made.
package struct MakeDirectoryRequest: ~Escapable {
    /// Permissions, the umask already applied unless `FUSE_DONT_MASK` was agreed on.
    package let mode: UInt32
    /// The caller's umask.
    package let umask: UInt32
    /// Its name.
    package let name: Span<UInt8>
    /// What follows the name: extensions, if any.
    package let trailing: RawSpan

    /// Decodes the request; throws `truncated` or `badName`.
    @_lifetime(copy payload)
    package init(argument: RawSpan, payload: RawSpan) throws(WireError) {
        let raw = try argument.load(fuse_mkdir_in.self)
        let range = try payload.nameRange(.entry)
        mode = raw.mode
        umask = raw.umask
        name = payload.octets(range)
        trailing = payload.suffix(from: range.upperBound + 1)
    }
}

/// SYMLINK: a symbolic link to be made.
package struct SymbolicLinkRequest: ~Escapable {
    /// Its name.
    package let name: Span<UInt8>
    /// What it points to, any bytes without NUL.
    package let target: Span<UInt8>
    /// What follows the target: extensions, if any.
    package let trailing: RawSpan

    /// Decodes the payload; throws `truncated` or `badName`.
    @_lifetime(copy payload)
    package init(payload: RawSpan) throws(WireError) {
        let nameRange = try payload.nameRange(.entry)
        let targetRange = try payload.nameRange(.anything, from: nameRange.upperBound + 1)
        name = payload.octets(nameRange)
        target = payload.octets(targetRange)
        trailing = payload.suffix(from: targetRange.upperBound + 1)
    }
}

/// LINK: another name for a node; the header's node is the directory it goes to.
package struct LinkRequest: ~Escapable {
    /// The node that gets the name.
    package let existingNode: UInt64
    /// The name.
    package let name: Span<UInt8>

    /// Decodes the request; throws `truncated` or `badName`.
    @_lifetime(copy payload)
    package init(argument: RawSpan, payload: RawSpan) throws(WireError) {
        existingNode = try argument.load(fuse_link_in.self).oldnodeid
        name = payload.octets(try payload.nameRange(.entry))
    }
}

/// RENAME and RENAME2; the header's node is the directory of the old name.
package struct RenameRequest: ~Escapable {
    /// The directory of the new name.
    package let newParent: UInt64
    /// RENAME_NOREPLACE and the like, of renameat2(2); 0 in RENAME.
    package let flags: UInt32
    /// The name before.
    package let oldName: Span<UInt8>
    /// The name after.
    package let newName: Span<UInt8>

    /// Decodes the request; throws `truncated` or `badName`.
    ///
    /// - Parameter hasFlags: whether it is RENAME2. The argument's size does not tell: over the ring it has room for
    ///   any.
    @_lifetime(copy payload)
    package init(argument: RawSpan, payload: RawSpan, hasFlags: Bool) throws(WireError) {
        if hasFlags {
            let raw = try argument.load(fuse_rename2_in.self)
            newParent = raw.newdir
            flags = raw.flags
        } else {
            newParent = try argument.load(fuse_rename_in.self).newdir
            flags = 0
        }
        let oldRange = try payload.nameRange(.entry)
        let newRange = try payload.nameRange(.entry, from: oldRange.upperBound + 1)
        oldName = payload.octets(oldRange)
        newName = payload.octets(newRange)
    }
}
