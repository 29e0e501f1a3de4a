public import RingFUSE
internal import Synchronization
public import SystemPackage

extension MemoryFileSystem {
    /// Reads a directory.
    ///
    /// - Throws: `ENOTDIR`, `ESTALE`.
    public func entries(
        of directory: OpenFile,
        after cookie: UInt64,
        into listing: inout DirectoryListing,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        let now = Timestamp.now
        let node = try tree.withLock { (tree) throws(Errno) in
            let node = try tree.directory(directory.node)
            list(directory.node, of: &tree, after: cookie, into: &listing)
            return node
        }
        node.state.withLock { $0.accessed(at: now) }
    }

    /// Appends what comes after a cookie, and counts the lookups that the kernel gets with it.
    private func list(
        _ directory: NodeID,
        of tree: inout MemoryTree,
        after cookie: UInt64,
        into listing: inout DirectoryListing
    ) {
        // Counted when all are listed, since the tree is being read until then.
        var listed: [NodeID] = []
        tree.directories[directory]?.forEach(after: cookie) { name, child, cookie in
            // The kernel takes no attributes of `.` and `..`.
            guard listing.wantsEntries, !MemoryDirectory.isDotOrDotDot(cookie), let node = try? tree.node(child.node)
            else {
                return name.withName { name in
                    listing.append(name, inode: child.node.rawValue, type: child.type, cookie: cookie)
                }
            }
            let entry = entry(for: node)
            guard name.withName({ listing.append($0, entry: entry, cookie: cookie) }) else { return false }
            listed.append(child.node)
            return true
        }
        for id in listed { tree.addLookup(of: id) }
    }
}
