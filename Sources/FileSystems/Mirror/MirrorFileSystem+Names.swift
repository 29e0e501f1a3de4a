internal import CRingFUSE
public import RingFUSE
public import SystemPackage

extension MirrorFileSystem {
    /// Finds a name in a directory (LOOKUP).
    ///
    /// The mount is not exportable, so `.` and `..` do not come; were they to, `.` is the directory itself
    /// and `..` of the root is the root. Any other `..` is refused: a directory may have been moved out of the source.
    public func lookUp(
        _ name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Entry {
        let parent = try nodes.node(directory)
        defer { withExtendedLifetime(parent) {} }
        if name.isDotOrDotDot, name.count == 1 || directory == .root {
            let status = try status(of: parent.descriptor)
            nodes.lookUpAgain(directory)
            return entry(of: directory, status)
        }
        let descriptor: CInt
        do throws(Errno) {
            descriptor = try openComponent(name, in: parent)
        } catch {
            guard error == .noSuchFileOrDirectory, options.missingLifetime != .zero else { throw error }
            return .missing(lifetime: options.missingLifetime)
        }
        return try entry(takingOver: descriptor)
    }

    /// Takes lookups of a node back, closing its descriptor when none is left (FORGET).
    public func forget(_ node: NodeID, lookups: UInt64) {
        nodes.forget(node, lookups: lookups)
    }

    /// Makes a symbolic link, its target untouched (SYMLINK).
    public func makeSymbolicLink(
        named name: Name,
        in directory: NodeID,
        to target: Name,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Entry {
        let target = StoredName(target)
        return try unsafe make(name, in: directory, umask: 0, context) { parent, name throws(Errno) in
            target.withName { target in
                unsafe target.withCString { unsafe rfuse_make_symbolic_link(parent, name, $0) }
            }
        }
    }

    /// Makes a file, FIFO, socket or device node (MKNOD).
    public func makeNode(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Entry {
        try unsafe make(name, in: directory, umask: node.umask, context) { parent, name throws(Errno) in
            unsafe rfuse_make_node(parent, name, node.mode.rawValue, node.device)
        }
    }

    /// Makes a directory (MKDIR).
    public func makeDirectory(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Entry {
        try unsafe make(name, in: directory, umask: node.umask, context) { parent, name throws(Errno) in
            unsafe rfuse_make_directory(parent, name, node.mode.permissions)
        }
    }

    /// Removes a name that is no directory (UNLINK).
    public func removeFile(
        named name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        try remove(name, in: directory, isDirectory: false)
    }

    /// Removes an empty directory (RMDIR).
    public func removeDirectory(
        named name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        try remove(name, in: directory, isDirectory: true)
    }

    /// Renames, with all flags that the source's file system has (RENAME, RENAME2).
    ///
    /// A whiteout is a new file, which belongs to the caller as others do.
    public func rename(
        _ name: Name,
        in directory: NodeID,
        to newName: Name,
        in newDirectory: NodeID,
        _ flags: RenameFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        let parent = try nodes.node(directory)
        defer { withExtendedLifetime(parent) {} }
        let newParent = try nodes.node(newDirectory)
        defer { withExtendedLifetime(newParent) {} }
        let newName = StoredName(newName)
        try unsafe name.withComponent { name throws(Errno) in
            try newName.withName { newName throws(Errno) in
                try unsafe newName.withComponent { newName throws(Errno) in
                    let rename = { () throws(Errno) in
                        _ = try checked(
                            unsafe rfuse_rename(parent.descriptor, name, newParent.descriptor, newName, flags.rawValue)
                        )
                    }
                    if flags.contains(.whiteout) {
                        try caller.make(for: context, rename)
                    } else {
                        try filling(newParent, context, rename)
                    }
                }
            }
        }
    }

    /// Gives a file another name (LINK).
    public func link(
        _ node: NodeID,
        to name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Entry {
        let node = try nodes.node(node)
        defer { withExtendedLifetime(node) {} }
        let parent = try nodes.node(directory)
        defer { withExtendedLifetime(parent) {} }
        try unsafe name.withComponent { name throws(Errno) in
            try filling(parent, context) { () throws(Errno) in
                _ = try checked(unsafe rfuse_link(node.descriptor, parent.descriptor, name))
            }
        }
        // Of the node itself, not of the name, which may mean something else by now.
        let status = try status(of: node.descriptor)
        nodes.lookUpAgain(node.id)
        return entry(of: node.id, status)
    }

    /// Makes a name as the caller, and looks it up.
    private func make(
        _ name: Name,
        in directory: NodeID,
        umask: UInt32,
        _ context: borrowing RequestContext,
        _ body: (CInt, UnsafePointer<CChar>) throws(Errno) -> Int
    ) throws(Errno) -> Entry {
        let parent = try nodes.node(directory)
        defer { withExtendedLifetime(parent) {} }
        try unsafe name.withComponent { name throws(Errno) in
            try caller.make(for: context, umask: umask) { () throws(Errno) in
                _ = try checked(unsafe body(parent.descriptor, name))
            }
        }
        return try entry(takingOver: openComponent(name, in: parent))
    }

    /// Removes a name.
    private func remove(_ name: Name, in directory: NodeID, isDirectory: Bool) throws(Errno) {
        let parent = try nodes.node(directory)
        defer { withExtendedLifetime(parent) {} }
        try unsafe name.withComponent { name throws(Errno) in
            _ = try checked(unsafe rfuse_remove(parent.descriptor, name, isDirectory ? 1 : 0))
        }
    }
}
