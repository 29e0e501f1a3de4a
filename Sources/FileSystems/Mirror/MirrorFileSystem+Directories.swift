internal import CRingFUSE
internal import Glibc
public import RingFUSE
internal import Synchronization
public import SystemPackage

extension MirrorFileSystem {
    /// Opens a directory (OPENDIR).
    public func openDirectory(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> OpenReply {
        let node = try nodes.node(node)
        defer { withExtendedLifetime(node) {} }
        guard node.type == .directory else { throw .notDirectory }
        let descriptor = try checked(rfuse_reopen(node.descriptor, O_RDONLY | O_DIRECTORY))
        let directory = MirrorDirectory(descriptor: CInt(descriptor))
        let handle = HandleID(lastDirectoryHandle.wrappingAdd(1, ordering: .relaxed).newValue)
        // Before it is kept: nobody closes what was not opened.
        let keepsList = try keepsList(node, directory)
        directories.withLock { $0[handle] = directory }
        return OpenReply(handle: handle, options: keepsList ? [.cacheDirectory, .keepCache] : [])
    }

    /// Whether the kernel may keep the list of a directory, and use what it has kept.
    ///
    /// Where it believes attributes for a minute, it may as well believe a list that was read twice without a change. It
    /// looks at the time of modification when a list is read from its start, and knows of all changes by the mount.
    private func keepsList(_ node: MirrorNode, _ directory: MirrorDirectory) throws(Errno) -> Bool {
        guard options.attributesLifetime.seconds >= 60 else { return false }
        return node.isListedAgain(try status(of: directory.descriptor))
    }

    /// Reads a directory (READDIR, READDIRPLUS).
    public func entries(
        of directory: OpenFile,
        after cookie: UInt64,
        into listing: inout DirectoryListing,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        let parent = try nodes.node(directory.node)
        defer { withExtendedLifetime(parent) {} }
        try open(directory).entries(after: cookie) { name, record throws(Errno) in
            let inode = inodes.visible(record.inode, of: parent.identity.device)
            guard listing.wantsEntries, !name.isDotOrDotDot else {
                // Nothing above the root is anybody's business.
                let isAbove = directory.node == .root && name == ".."
                return listing.append(
                    name,
                    inode: isAbove ? parent.identity.inode : inode,
                    type: record.type,
                    cookie: record.cookie
                )
            }
            let entry: Entry
            do throws(Errno) {
                entry = try self.entry(takingOver: openComponent(name, in: parent))
            } catch {
                // Removed meanwhile. What can't be looked up for other reasons (another mount, too many open files)
                // is told by name alone.
                if error == .noSuchFileOrDirectory { return true }
                return listing.append(name, inode: inode, type: record.type, cookie: record.cookie)
            }
            let fits = listing.append(name, entry: entry, cookie: record.cookie)
            // The kernel will not hear of it, so it will not forget it.
            if !fits { nodes.forget(entry.node, lookups: 1) }
            return fits
        }
    }

    /// Closes an open directory (RELEASEDIR).
    public func releaseDirectory(_ directory: OpenFile, _ context: borrowing RequestContext) throws(Errno) {
        let closed = directories.withLock { $0.removeValue(forKey: directory.handle) }
        guard closed != nil else { throw .badFileDescriptor }
    }

    /// Makes a directory durable (FSYNCDIR).
    public func synchronizeDirectory(
        _ directory: OpenFile,
        dataOnly: Bool,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        let directory = try open(directory)
        try await context.io.synchronize(FileDescriptor(rawValue: directory.descriptor), dataOnly: dataOnly)
        // Not closed before it is done.
        withExtendedLifetime(directory) {}
    }

    /// The open directory of a handle.
    func open(_ directory: OpenFile) throws(Errno) -> MirrorDirectory {
        guard let directory = directories.withLock({ $0[directory.handle] }) else { throw .badFileDescriptor }
        return directory
    }
}
