public import RingFUSE
public import SystemPackage

/// Nothing waits here: what has a sibling is answered at once.
extension MemoryFileSystem {
    /// Finds a name.
    public func lookUpImmediately(
        _ name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Entry> {
        .answered(try lookUp(name, in: directory, context))
    }

    /// Removes a name that is no directory.
    public func removeFileImmediately(
        named name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Void> {
        .answered(try removeFile(named: name, in: directory, context))
    }

    /// Renames, replaces, exchanges.
    public func renameImmediately(
        _ name: Name,
        in directory: NodeID,
        to newName: Name,
        in newDirectory: NodeID,
        _ flags: RenameFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Void> {
        .answered(try rename(name, in: directory, to: newName, in: newDirectory, flags, context))
    }

    /// What `stat` tells.
    public func attributesImmediately(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<AttributesReply> {
        .answered(try attributes(of: node, handle, context))
    }

    /// Opens a file, and cuts it with `O_TRUNC`.
    public func openImmediately(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<OpenReply> {
        .answered(try open(node, flags, context))
    }

    /// Makes a file and opens it, or opens the one that is there.
    public func createImmediately(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<CreateReply> {
        .answered(try create(named: name, in: directory, node, flags, context))
    }

    /// The last descriptor is closed.
    public func releaseImmediately(
        _ file: OpenFile,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Void> {
        .answered(release(file, context))
    }

    /// Tells an extended attribute at once.
    public func extendedAttributeImmediately(
        named name: Name,
        of node: NodeID,
        into value: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Int> {
        .answered(try extendedAttribute(named: name, of: node, into: &value, context))
    }
}
