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
            try tree.list(directory.node, after: cookie, into: &listing, entry: entry)
        }
        node.state.withLock { $0.accessed(at: now) }
    }
}
