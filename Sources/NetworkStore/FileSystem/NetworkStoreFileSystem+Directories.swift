public import RingFUSE
public import SystemPackage

extension NetworkStoreFileSystem {
    /// Cookies of `.` and `..`; those of names are the engine's, moved up by as much as these take.
    private enum Cookie {
        static let dot: UInt64 = 1
        static let dotDot: UInt64 = 2
        static let shift: UInt64 = 2
    }

    /// Names that are asked of the engine at a time.
    private static let batch = 128

    /// Reads a directory.
    ///
    /// - Throws: `ENOTDIR`, `ESTALE`, `EIO`.
    public func entries(
        of directory: OpenFile,
        after cookie: UInt64,
        into listing: inout DirectoryListing,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        if cookie < Cookie.dotDot {
            guard try await appendDots(of: directory.node, after: cookie, to: &listing) else { return }
            if cookie == 0 { noteAccess(to: directory.node) }
        }
        var after = max(cookie, Cookie.shift) - Cookie.shift
        while true {
            let names = try await volume.engine.names(in: directory.node, after: after, limit: Self.batch)
            for name in names {
                guard append(name, to: &listing) else { return }
            }
            guard names.count == Self.batch, let last = names.last else { return }
            after = last.cookie
        }
    }

    /// Appends `.` and `..`.
    ///
    /// - Returns: whether both fitted.
    private func appendDots(
        of directory: NodeID,
        after cookie: UInt64,
        to listing: inout DirectoryListing
    ) async throws(Errno) -> Bool {
        let dots: [(StoredName, UInt64)] = [(".", Cookie.dot), ("..", Cookie.dotDot)]
        for (name, own) in dots where own > cookie {
            // The directory itself stands in for the parent of one that has been removed.
            var found: NodeRecord?
            do throws(Errno) {
                found = try await lookUp(name, in: directory)
            } catch .noSuchFileOrDirectory {
                found = nil
            }
            let inode = found?.attributes.inode ?? directory.rawValue
            guard name.withName({ listing.append($0, inode: inode, type: .directory, cookie: own) }) else {
                return false
            }
        }
        return true
    }

    private func lookUp(_ name: StoredName, in directory: NodeID) async throws(Errno) -> NodeRecord? {
        try await volume.engine.lookUp(Name(name.bytes.span), in: directory)
    }

    /// Appends a name, and counts the lookup that the kernel gets with it.
    private func append(_ record: NameRecord, to listing: inout DirectoryListing) -> Bool {
        let cookie = record.cookie + Cookie.shift
        let node = record.node
        return record.name.withName { name in
            guard listing.wantsEntries else {
                return listing.append(name, inode: node.attributes.inode, type: node.type, cookie: cookie)
            }
            let entry = entry(node)
            guard listing.append(name, entry: entry, cookie: cookie) else {
                forget(node.id, lookups: 1)
                return false
            }
            return true
        }
    }

    /// Makes a directory durable.
    ///
    /// - Throws: `EIO`.
    public func synchronizeDirectory(
        _ directory: OpenFile,
        dataOnly: Bool,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try await volume.engine.synchronize()
    }
}
