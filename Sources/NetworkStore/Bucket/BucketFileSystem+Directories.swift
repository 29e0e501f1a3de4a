public import RingFUSE
internal import Synchronization
public import SystemPackage

extension BucketFileSystem {
    /// Cookies of `.` and `..`; that of an entry is its position, moved up by as much as these take.
    private enum Cookie {
        static let dot: UInt64 = 1
        static let dotDot: UInt64 = 2
    }

    /// Opens a directory: its listing is asked for as it is read.
    ///
    /// - Throws: `ENOTDIR`, `ESTALE`.
    public func openDirectory(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> OpenReply {
        let directory = try self.directory(node)
        tree.open(directory)
        let stream = BucketStream(directory, of: bucket, tree)
        return streams.withLock { streams in
            let handle = HandleID(streams.next)
            streams.next += 1
            streams.open[handle] = stream
            return OpenReply(handle: handle)
        }
    }

    /// Reads a directory.
    ///
    /// - Throws: `EBADF`, `EACCES`, `EIO`.
    public func entries(
        of directory: OpenFile,
        after cookie: UInt64,
        into listing: inout DirectoryListing,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        guard let stream = streams.withLock({ $0.open[directory.handle] }) else { throw .badFileDescriptor }
        let node = try self.directory(directory.node)
        guard appendDots(of: node, after: cookie, to: &listing) else { return }
        let position = max(cookie, Cookie.dotDot) - Cookie.dotDot
        for item in try await stream.next(from: position, context.io) {
            guard append(item.item, in: node, cookie: item.position + Cookie.dotDot, to: &listing) else { return }
        }
    }

    /// Appends `.` and `..`.
    ///
    /// - Returns: whether both fitted.
    private func appendDots(
        of directory: BucketNode,
        after cookie: UInt64,
        to listing: inout DirectoryListing
    ) -> Bool {
        let parent = directory.state.withLock { $0.parent } ?? directory
        let dots: [(StoredName, BucketNode, UInt64)] = [
            (".", directory, Cookie.dot), ("..", parent, Cookie.dotDot),
        ]
        for (name, node, own) in dots where own > cookie {
            let inode = attributes(node).inode
            guard name.withName({ listing.append($0, inode: inode, type: .directory, cookie: own) }) else {
                return false
            }
        }
        return true
    }

    /// Appends an entry, and counts the lookup that the kernel gets with it.
    private func append(
        _ item: BucketStream.Item,
        in directory: BucketNode,
        cookie: UInt64,
        to listing: inout DirectoryListing
    ) -> Bool {
        item.name.withName { name in
            guard listing.wantsEntries else {
                let key = directory.key.file(item.name)
                return item.entry == .directory
                    ? listing.append(name, inode: key.directory.inode, type: .directory, cookie: cookie)
                    : listing.append(name, inode: key.inode, type: .regular, cookie: cookie)
            }
            let node = tree.take(item.entry, item.name, in: directory)
            let entry = entry(node)
            guard listing.append(name, entry: entry, cookie: cookie) else {
                tree.forget(node.id, lookups: 1)
                return false
            }
            return true
        }
    }

    /// Closes a directory.
    public func releaseDirectory(_ directory: OpenFile, _ context: borrowing RequestContext) {
        streams.withLock { _ = $0.open.removeValue(forKey: directory.handle) }
        if let node = tree.node(directory.node) { tree.close(node) }
    }
}
