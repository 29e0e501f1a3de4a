internal import CRingFUSE
public import RingFUSE
public import SystemPackage

// The calls for extended attributes take no O_PATH descriptor before kernel 6.13, so they go by /proc/self/fd/N.
// Although they follow links, the path ends at the very file, be it a symbolic link: `user.` attributes then fail
// with `EPERM` or `ENODATA`, as they do on any symbolic link on Linux, and `trusted.` and `security.` ones work.

extension MirrorFileSystem {
    /// Checks that extended attributes are passed through.
    ///
    /// - Throws: `ENOSYS`, so that the kernel does not ask again.
    private func checkExtendedAttributes() throws(Errno) {
        guard options.extendedAttributes else { throw .noFunction }
    }

    /// Sets an extended attribute (SETXATTR).
    ///
    /// An access ACL set by somebody outside of the file's group clears its set-group-ID bit; for root, which the
    /// server is, the source's file system leaves it.
    public func setExtendedAttribute(
        named name: Name,
        of node: NodeID,
        to value: RawSpan,
        _ condition: ExtendedAttributeCondition,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        try checkExtendedAttributes()
        let node = try nodes.node(node)
        defer { withExtendedLifetime(node) {} }
        let name = StoredName(name)
        _ = try unsafe value.withUnsafeBytes { value throws(Errno) in
            try unsafe name.withTerminated { name throws(Errno) in
                try filling(node, context) { () throws(Errno) in
                    try checked(
                        unsafe rfuse_set_attribute(
                            node.descriptor,
                            name,
                            value.baseAddress,
                            value.count,
                            CInt(condition.rawValue)
                        )
                    )
                }
            }
        }
        guard context.clearsSetGroupID, caller.isRoot else { return }
        let mode = try status(of: node.descriptor).mode
        if mode & 0o2000 != 0 { try checked(rfuse_change_mode(node.descriptor, mode & 0o5777)) }
    }

    /// Tells an extended attribute (GETXATTR).
    public func extendedAttribute(
        named name: Name,
        of node: NodeID,
        into value: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Int {
        try checkExtendedAttributes()
        let node = try nodes.node(node)
        defer { withExtendedLifetime(node) {} }
        let isAccessControlList = name == "system.posix_acl_access" || name == "system.posix_acl_default"
        let name = StoredName(name)
        return try unsafe value.withAttribute { bytes throws(Errno) in
            try unsafe name.withTerminated { name throws(Errno) in
                let result = unsafe rfuse_get_attribute(node.descriptor, name, bytes.baseAddress, bytes.count)
                // Where the source has ACLs but a file system mounted inside it has none, the kernel, which asks before
                // it checks permissions, would take the refusal for an answer to the program.
                guard result == -Int(Errno.notSupportedOnSocket.rawValue), isAccessControlList else {
                    return try checked(result)
                }
                throw .noData
            }
        }
    }

    /// Tells the names of extended attributes (LISTXATTR), those of `trusted.` only to the superuser: the source tells
    /// them to the server, which may know them, and the kernel does not look at what it passes on.
    public func extendedAttributeNames(
        of node: NodeID,
        into names: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Int {
        try checkExtendedAttributes()
        let node = try nodes.node(node)
        defer { withExtendedLifetime(node) {} }
        guard context.userID != 0, caller.isRoot else {
            return try unsafe names.withAttribute { bytes throws(Errno) in
                try checked(unsafe rfuse_list_attributes(node.descriptor, bytes.baseAddress, bytes.count))
            }
        }
        // Read whole even where only the size is asked for, which depends on what is left out.
        let all = try unsafe [UInt8](unsafeUninitializedCapacity: Self.largestList) { bytes, count throws(Errno) in
            count = try checked(unsafe rfuse_list_attributes(node.descriptor, bytes.baseAddress, bytes.count))
        }
        let told = all.split(separator: 0).filter { !$0.starts(with: "trusted.".utf8) }
        let size = told.reduce(0) { $0 + $1.count + 1 }
        guard names.freeCapacity > 0 else { return size }
        guard size <= names.freeCapacity else { throw .outOfRange }
        for name in told {
            for byte in name { names.append(byte) }
            names.append(0)
        }
        return size
    }

    /// Bytes of all names with their NULs at the most (`XATTR_LIST_MAX`).
    private static let largestList = 65_536

    /// Removes an extended attribute (REMOVEXATTR).
    public func removeExtendedAttribute(
        named name: Name,
        of node: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        try checkExtendedAttributes()
        let node = try nodes.node(node)
        defer { withExtendedLifetime(node) {} }
        _ = try unsafe StoredName(name).withTerminated { name throws(Errno) in
            try checked(unsafe rfuse_remove_attribute(node.descriptor, name))
        }
    }
}

extension StoredName {
    /// Calls `body` with the name as a C string.
    fileprivate func withTerminated(_ body: (UnsafePointer<CChar>) throws(Errno) -> Int) throws(Errno) -> Int {
        try withName { name throws(Errno) in try unsafe name.withCString(body) }
    }
}

extension OutputRawSpan {
    /// Lets `body` fill the free part, or only tell the size where there is none.
    ///
    /// - Returns: the size that `body` tells.
    fileprivate mutating func withAttribute(
        _ body: (UnsafeMutableRawBufferPointer) throws(Errno) -> Int
    ) throws(Errno) -> Int {
        var size = 0
        try unsafe withFreeBytes { bytes throws(Errno) in
            size = try unsafe body(bytes)
            return unsafe bytes.isEmpty ? 0 : size
        }
        return size
    }
}
