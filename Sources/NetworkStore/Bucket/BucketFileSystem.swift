internal import FileSystems
public import RingFUSE
internal import Synchronization
public import SystemPackage

/// A bucket of S3 as it is: objects are files, and what keys have before a `/` are directories.
///
/// Objects are read in any order, and written once, from the beginning to the end. What a bucket cannot do gives an error,
/// and is not made up: see `docs/bucket.md` for which.
public final class BucketFileSystem: FileSystem {
    let bucket: Bucket
    let tree: BucketTree
    /// Directories that are open.
    let streams = Mutex<(open: [HandleID: BucketStream], next: UInt64)>(([:], 1))
    /// When it was mounted: the time of directories.
    private let start = Timestamp.now

    /// The handle of files that are being written.
    static let writable = HandleID(1)

    /// The file system of a bucket.
    public init(_ bucket: Bucket) {
        self.bucket = bucket
        tree = BucketTree(BucketKey(bucket.client.location.prefix))
    }

    /// What the kernel may do by itself.
    public var features: FileSystemFeatures { [.kernelChecksPermissions, .truncatesOnOpen, .invalidatesExplicitly] }

    /// The session has begun.
    public func connected(_ connection: Connection) { bucket.connected(connection) }

    /// Gives up what is not written to its end.
    public func disconnected() async {
        for upload in tree.uploads {
            bucket.warn("\(upload.key.text.printable) is lost: the mount ended before the file was closed")
            await upload.giveUp()
        }
        await bucket.background.shutDown()
    }

    /// As much room as others tell of a bucket.
    public func statistics(
        of node: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) -> FileSystemStatistics {
        let blocks: UInt64 = 1 << 38
        return FileSystemStatistics(
            blockSize: 4096, blocks: blocks, freeBlocks: blocks, nodes: 1 << 32, freeNodes: 1 << 32)
    }

    // MARK: Nodes

    /// How long the kernel may believe things.
    var lifetime: Lifetime {
        let (seconds, attoseconds) = bucket.options.lifetime.components
        return Lifetime(seconds: UInt64(max(0, seconds)), nanoseconds: UInt32(max(0, attoseconds) / 1_000_000_000))
    }

    /// A node that the kernel names.
    ///
    /// - Throws: `ESTALE`.
    func node(_ id: NodeID) throws(Errno) -> BucketNode {
        guard let node = tree.node(id) else { throw .staleNFSFileHandle }
        return node
    }

    /// A directory that the kernel names.
    ///
    /// - Throws: `ESTALE`, `ENOTDIR`.
    func directory(_ id: NodeID) throws(Errno) -> BucketNode {
        let node = try node(id)
        guard node.isDirectory else { throw .notDirectory }
        return node
    }

    /// What `stat` tells.
    func attributes(_ node: BucketNode) -> Attributes {
        let options = bucket.options
        let (size, modified, inode) = node.state.withLock { ($0.size, $0.modified, $0.key.inode) }
        let mode: NodeMode =
            node.isDirectory
            ? NodeMode(.directory, permissions: options.directoryMode)
            : NodeMode(.regular, permissions: options.fileMode)
        var attributes = Attributes(
            node: node.id, mode: mode, size: node.isDirectory ? 0 : size, linkCount: node.isDirectory ? 2 : 1,
            userID: options.userID, groupID: options.groupID)
        attributes.inode = node.id == .root ? 1 : inode
        let time = node.isDirectory ? start : modified.map { Timestamp(seconds: $0) } ?? .now
        attributes.modificationTime = time
        attributes.changeTime = time
        attributes.accessTime = time
        return attributes
    }

    /// What the kernel gets to know of a node, which counts as a lookup.
    func entry(_ node: BucketNode) -> Entry {
        tree.addLookup(of: node)
        return Entry(node: node.id, attributes: attributes(node), lifetime: lifetime)
    }

    /// What a name leads to, asked of the bucket where what is known is too old.
    ///
    /// - Returns: `nil` where there is no such name.
    /// - Throws: `EACCES`, `EIO`.
    func find(_ name: StoredName, in directory: BucketNode, _ io: borrowing AsyncIO) async throws(Errno) -> BucketNode?
    {
        if let known = tree.child(name, of: directory), known.isFresh(for: bucket.options.lifetime) { return known }
        let key = directory.key.file(name)
        guard name.isText, key.bytes.count < BucketKey.longest else { return nil }
        do throws(BucketFailure) {
            if let found = try await bucket.find(key, io) { return tree.take(found, name, in: directory) }
        } catch {
            throw bucket.errno(error)
        }
        tree.drop(name, in: directory)
        // It may have been made here meanwhile.
        return tree.child(name, of: directory)
    }

    /// Waits until a file is not being written any more, but not for long: the kernel tells of the last descriptor only
    /// after `close` has returned, and programs go on with the file at once.
    ///
    /// - Parameter suffices: whether something else will do.
    /// - Throws: `EBUSY` where somebody goes on writing. `EINTR`.
    func waitForWriter(
        of node: BucketNode,
        _ io: borrowing AsyncIO,
        orUntil suffices: () -> Bool = { false }
    ) async throws(Errno) {
        for _ in 0..<100 {
            if node.upload == nil || suffices() { return }
            do throws(Errno) { try await io.sleep(for: .milliseconds(10)) } catch { throw .interrupted }
        }
        throw .resourceBusy
    }
}
