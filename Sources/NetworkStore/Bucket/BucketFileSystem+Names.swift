public import RingFUSE
internal import Synchronization
public import SystemPackage

extension BucketFileSystem {
    /// Finds a name.
    ///
    /// - Throws: `ENOTDIR`, `ESTALE`, `EACCES`, `EIO`.
    public func lookUp(
        _ name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        let directory = try self.directory(directory)
        guard let node = try await find(StoredName(name), in: directory, context.io) else {
            return .missing(lifetime: lifetime)
        }
        return entry(node)
    }

    /// Finds a name that is known.
    public func lookUpImmediately(
        _ name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Entry> {
        let directory = try self.directory(directory)
        guard let known = tree.child(StoredName(name), of: directory), known.isFresh(for: bucket.options.lifetime)
        else { return .deferred }
        return .answered(entry(known))
    }

    /// Takes back lookups.
    public func forget(_ node: NodeID, lookups: UInt64) { tree.forget(node, lookups: lookups) }

    /// Makes a directory, which is nowhere but here until there is something in it.
    ///
    /// - Throws: `EEXIST`, `EILSEQ`, `ENAMETOOLONG`, `ENOTDIR`, `ESTALE`, `EACCES`, `EIO`.
    public func makeDirectory(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Entry {
        let directory = try self.directory(directory)
        let name = try newName(name, in: directory)
        guard try await find(name, in: directory, context.io) == nil,
            let made = tree.make(name, in: directory, isDirectory: true)
        else { throw .fileExists }
        return entry(made)
    }

    /// A name that something may get.
    ///
    /// - Throws: `EILSEQ` for what is no UTF-8, as keys are; `ENAMETOOLONG`.
    func newName(_ name: Name, in directory: BucketNode) throws(Errno) -> StoredName {
        let name = StoredName(name)
        guard name.isText else { throw .illegalByteSequence }
        // A directory's has a slash behind it.
        guard name.bytes.count <= 255, directory.key.bytes.count + name.bytes.count < BucketKey.longest else {
            throw .fileNameTooLong
        }
        return name
    }

    /// A bucket has no such thing.
    ///
    /// - Throws: `EPERM`, as `symlink` does.
    public func makeSymbolicLink(
        named name: Name,
        in directory: NodeID,
        to target: Name,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Entry {
        throw .notPermitted
    }

    /// A bucket has no such thing.
    ///
    /// - Throws: `EPERM`, as `link` does.
    public func link(
        _ node: NodeID,
        to name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Entry {
        throw .notPermitted
    }

    /// Files are made with ``create(named:in:_:_:_:)``; a bucket has nothing else.
    ///
    /// - Throws: `EPERM`, as `mknod` does.
    public func makeNode(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Entry {
        throw .notPermitted
    }

    /// Removes an object. The directory that it was in stays until the mount ends, or it is removed, too.
    ///
    /// - Throws: `EPERM` where removing is not allowed; `EBUSY` for what is being written; `ENOENT`, `EISDIR`, `ENOTDIR`,
    ///   `ESTALE`, `EACCES`, `EIO`.
    public func removeFile(
        named name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        let directory = try self.directory(directory)
        guard let node = try await find(StoredName(name), in: directory, context.io) else {
            throw .noSuchFileOrDirectory
        }
        defer { tree.settle(node) }
        guard !node.isDirectory else { throw .isDirectory }
        try await waitForWriter(of: node, context.io)
        guard bucket.options.allowsRemoving else {
            bucket.warnOnce("objects are not removed: mount with --allow-delete to allow it")
            throw .notPermitted
        }
        try await remove(node.key, context.io)
        tree.remove(node)
        directory.state.withLock { $0.isLocal = true }
    }

    private func remove(_ key: BucketKey, _ io: borrowing AsyncIO) async throws(Errno) {
        do throws(BucketFailure) {
            try await bucket.client.remove(key, io)
        } catch {
            throw bucket.errno(error)
        }
    }

    /// Removes an empty directory, and the object that stands for it where there is one.
    ///
    /// - Throws: `ENOTEMPTY`; `EPERM` where removing such an object is not allowed; `ENOENT`, `ENOTDIR`, `ESTALE`,
    ///   `EACCES`, `EIO`.
    public func removeDirectory(
        named name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        let directory = try self.directory(directory)
        guard let node = try await find(StoredName(name), in: directory, context.io) else {
            throw .noSuchFileOrDirectory
        }
        defer { tree.settle(node) }
        guard node.isDirectory else { throw .notDirectory }
        guard tree.pinnedNames(in: node).isEmpty else { throw .directoryNotEmpty }
        let key = node.key
        var request = S3ListRequest(prefix: key.text)
        request.limit = 2
        let found: [BucketKey]
        do throws(BucketFailure) {
            found = try await bucket.client.list(request, context.io).objects.map { BucketKey($0.key) }
        } catch {
            throw bucket.errno(error)
        }
        guard found.allSatisfy({ $0 == key }) else { throw .directoryNotEmpty }
        if bucket.options.allowsRemoving {
            // Also where no object is listed: some servers keep directories of their own that are empty.
            try await remove(key, context.io)
        } else if !found.isEmpty {
            bucket.warnOnce("objects that stand for directories are not removed: mount with --allow-delete to allow it")
            throw .notPermitted
        }
        tree.remove(node)
        // As with files: the one above stays.
        directory.state.withLock { $0.isLocal = true }
    }

    /// Renames a file: copies the object and removes the old one. Who looks in between sees both.
    ///
    /// - Throws: `EPERM` where it is not allowed; `EXDEV` for directories, which has `mv` do it file by file; `EBUSY` for
    ///   what is being written; `EEXIST`; `EINVAL` for an exchange; `EISDIR`, `EILSEQ`, `ENAMETOOLONG`, `ENOENT`,
    ///   `ESTALE`, `EACCES`, `EIO`.
    public func rename(
        _ name: Name,
        in directory: NodeID,
        to newName: Name,
        in newDirectory: NodeID,
        _ flags: RenameFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        let (directory, newDirectory) = (try self.directory(directory), try self.directory(newDirectory))
        let target = try self.newName(newName, in: newDirectory)
        guard flags.isSubset(of: .noReplace) else { throw .invalidArgument }
        guard let node = try await find(StoredName(name), in: directory, context.io) else {
            throw .noSuchFileOrDirectory
        }
        defer { tree.settle(node) }
        guard bucket.options.allowsRenaming else {
            bucket.warnOnce("nothing is renamed: mount with --allow-rename to allow it")
            throw .notPermitted
        }
        guard !node.isDirectory else { throw .improperLink }
        let replaced = try await find(target, in: newDirectory, context.io)
        defer { if let replaced { tree.settle(replaced) } }
        if let replaced { try checkReplaced(replaced, flags) }
        try await waitForWriter(of: node, context.io)
        if let replaced { try await waitForWriter(of: replaced, context.io) }
        let source = try node.source()
        let object: BucketObject
        do throws(BucketFailure) {
            object = try await bucket.client.copy(source, to: newDirectory.key.file(target), context.io)
            try await bucket.client.remove(source.key, context.io)
        } catch {
            throw bucket.errno(error)
        }
        tree.move(node, to: target, in: newDirectory, object)
        directory.state.withLock { $0.isLocal = true }
    }

    /// - Throws: `EEXIST`, `EISDIR`; `EPERM` where replacing is not allowed.
    private func checkReplaced(_ replaced: BucketNode, _ flags: RenameFlags) throws(Errno) {
        if flags.contains(.noReplace) { throw .fileExists }
        if replaced.isDirectory { throw .isDirectory }
        guard bucket.options.allowsOverwriting else {
            bucket.warnOnce("objects are not replaced: mount with --allow-overwrite to allow it")
            throw .notPermitted
        }
    }
}
