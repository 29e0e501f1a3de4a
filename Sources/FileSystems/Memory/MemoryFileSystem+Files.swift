public import RingFUSE
internal import Synchronization
public import SystemPackage

extension MemoryFileSystem {
    /// Opens a file, and cuts it with `O_TRUNC`. The kernel may keep what it has cached: nobody else changes files.
    ///
    /// - Throws: `EPERM` to write what is immutable, or to write what is append-only without `O_APPEND`; `EISDIR`,
    ///   `EINVAL`, `ESTALE`.
    public func open(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> OpenReply {
        let file = try file(node)
        try check(flags, for: file)
        if flags.contains(.truncate) { try cut(file, flags, context) }
        tree.withLock { $0.addOpen(of: node) }
        return OpenReply(handle: newHandle(), options: .keepCache)
    }

    /// Makes a file and opens it, or opens the one that is there.
    ///
    /// - Throws: `EEXIST` with ``OpenFlags/exclusive``, `EISDIR`, and as ``makeNode(named:in:_:_:)``.
    public func create(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> CreateReply {
        let now = Timestamp.now
        let owner = owner(context)
        let (file, isNew) = try tree.withLock { (tree) throws(Errno) in
            guard let child = try tree.child(name, in: directory) else {
                let file = try tree.add(name, to: directory, node, type: .regular, owner: owner, opens: 1, at: now)
                return (file, true)
            }
            guard !flags.contains(.exclusive) else { throw Errno.fileExists }
            guard child.type != .directory else { throw Errno.isDirectory }
            guard child.type == .regular else { throw Errno.fileExists }
            let file = try tree.node(child.node)
            try check(flags, for: file)
            tree.addLookup(of: child.node)
            tree.addOpen(of: child.node)
            return (file, false)
        }
        if !isNew, flags.contains(.truncate) { try cut(file, flags, context) }
        return CreateReply(entry: entry(for: file), file: OpenReply(handle: newHandle(), options: .keepCache))
    }

    /// Makes a file without a name and opens it; ``link(_:to:in:_:)`` may name it unless it was made with `O_EXCL`.
    ///
    /// - Throws: `EPERM` where the directory has been removed or is immutable; `ENOSPC`, `ENOTDIR`, `ESTALE`.
    public func createUnnamed(
        in directory: NodeID,
        _ node: NewNode,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> CreateReply {
        let now = Timestamp.now
        let owner = owner(context)
        let file = try tree.withLock { (tree) throws(Errno) in
            let isLinkable = !flags.contains(.exclusive)
            return try tree.makeUnnamed(in: directory, node, isLinkable: isLinkable, owner: owner, at: now)
        }
        return CreateReply(entry: entry(for: file), file: OpenReply(handle: newHandle(), options: .keepCache))
    }

    /// Checks that a file's flags allow how it is to be opened.
    ///
    /// - Throws: `EPERM`.
    private func check(_ flags: OpenFlags, for file: MemoryNode) throws(Errno) {
        let writes = flags.allowsWriting || flags.contains(.truncate)
        guard writes else { return }
        let protection = file.flags
        guard !protection.contains(.immutable) else { throw .notPermitted }
        guard !protection.contains(.appendOnly) || (flags.contains(.append) && !flags.contains(.truncate))
        else { throw .notPermitted }
    }

    /// Cuts a file to nothing.
    private func cut(_ file: MemoryNode, _ flags: OpenFlags, _ context: borrowing RequestContext) throws(Errno) {
        var changes = AttributeChanges()
        changes.size = 0
        changes.killsPrivileges = flags.contains(.killsPrivileges)
        let now = Timestamp.now
        let loss = try file.state.withLock { (state) throws(Errno) in
            try state.apply(changes, at: now, budget: budget)
        }
        settle(loss, of: file, context)
    }

    /// The last descriptor is closed; a file without names and lookups goes with it.
    public func release(_ file: OpenFile, _ context: borrowing RequestContext) {
        locks?.released(file)
        _ = tree.withLock { $0.release(file.node) }
    }

    /// Reads.
    ///
    /// - Throws: `EISDIR`, `EINVAL`, `ESTALE`.
    public func read(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        let node = try self.file(file.node)
        let now = Timestamp.now
        let limit = buffer.freeCapacity
        let bulk =
            limit < FileContent.leastBulk
            ? nil : node.state.withLock { $0.content.beginReading(at: offset, limit: limit) }
        bulk?.copy(into: &buffer)
        node.state.withLock { state in
            if let bulk { state.content.end(bulk) } else { state.content.read(at: offset, into: &buffer) }
            if !file.flags.contains(.noAccessTime) { state.accessed(at: now) }
        }
    }

    /// Reads.
    public func readImmediately(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Void> {
        try read(file, at: offset, into: &buffer, context)
        return .answered(())
    }

    /// Writes; with `O_APPEND` at the end as it is now, unless the kernel's page cache writes back and so knows better.
    ///
    /// What comes from the page cache takes no privileges away: the kernel has done so when the program wrote. Nor does
    /// it set times where the kernel keeps them, and sends them when it will (`FUSE_WRITEBACK_CACHE`).
    ///
    /// - Returns: the number of bytes written; fewer only where space ran out, and not with `O_DIRECT`.
    /// - Throws: `ENOSPC`, `EFBIG`, `EISDIR`, `EINVAL`, `ESTALE`; `EPERM` for what has become immutable.
    public func write(
        _ file: OpenFile,
        at offset: UInt64,
        from data: RawSpan,
        _ options: WriteOptions,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Int {
        let node = try self.file(file.node)
        let isFromCache = options.contains(.fromCache)
        let isAppending = file.flags.contains(.append) && !isFromCache && !usesWritebackCache
        let now = Timestamp.now
        let bulk = isAppending ? nil : node.beginWriting(data.byteCount, at: offset, isFromCache: isFromCache)
        bulk?.copy(from: data)
        let (written, loss) = try node.state.withLock { (state) throws(Errno) -> (Int, PrivilegeLoss) in
            var written = data.byteCount
            if bulk.map({ state.content.end($0, writing: data) }) != true {
                guard isFromCache || !state.flags.contains(.immutable) else { throw .notPermitted }
                // A short write from the page cache would be taken for a whole one, and its rest be lost unnoticed. A
                // short direct one would become EIO (`fuse_get_res_by_io`).
                written = try state.content.write(
                    data,
                    at: isAppending ? state.content.size : offset,
                    whole: isFromCache || file.flags.contains(.direct)
                )
            }
            guard written > 0 else { return (0, .none) }
            if !isFromCache || !usesWritebackCache { state.modified(at: now) }
            guard !isFromCache else { return (written, .none) }
            return (written, state.dropPrivileges(setID: options.contains(.killsPrivileges), budget: budget))
        }
        settle(loss, of: node, context)
        return written
    }

    /// Writes.
    public func writeImmediately(
        _ file: OpenFile,
        at offset: UInt64,
        from data: RawSpan,
        _ options: WriteOptions,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Int> {
        .answered(try write(file, at: offset, from: data, options, context))
    }

    /// Allocates, punches or zeroes a range.
    ///
    /// The kernel passes no other modes on than these (6.18): not collapse, insert and unshare.
    /// - Throws: `EOPNOTSUPP` for other modes; `EINVAL` for no bytes; `EPERM` for what is immutable, and for anything
    ///   but allocating in what is append-only; `ENOSPC`, and nothing has changed; `EFBIG`, `EISDIR`, `ESTALE`.
    public func allocate(
        _ file: OpenFile,
        at offset: UInt64,
        length: UInt64,
        _ mode: AllocationMode,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        let node = try self.file(file.node)
        guard length > 0 else { throw .invalidArgument }
        let range = try FileContent.range(at: offset, length: length)
        // The request does not say whether privileges go; the kernel's file systems spare only the superuser's.
        let dropsPrivileges = context.userID != 0
        let now = Timestamp.now
        let loss = try node.state.withLock { (state) throws(Errno) in
            guard !state.flags.contains(.immutable), !state.flags.contains(.appendOnly) || mode.isSubset(of: .keepSize)
            else { throw .notPermitted }
            switch mode {
            case [], .keepSize, .zeroRange, [.zeroRange, .keepSize]:
                try state.content.allocate(
                    range,
                    zeroing: mode.contains(.zeroRange),
                    keepingSize: mode.contains(.keepSize)
                )
            case [.punchHole, .keepSize]:
                state.content.punchHole(range)
            default:
                throw .notSupported
            }
            state.modified(at: now)
            return state.dropPrivileges(setID: dropsPrivileges, budget: budget)
        }
        settle(loss, of: node, context)
    }

    /// Finds data or a hole; what has been allocated counts as data.
    ///
    /// - Throws: `ENXIO` where there is none before the end, `EISDIR`, `EINVAL`, `ESTALE`. `ENOSYS` with the kernel's
    ///   writeback cache: Linux (6.18) asks without writing back before, so that what is cached would be told as a
    ///   hole, and `cp` would lose it. All of the file is data then.
    public func seek(
        _ file: OpenFile,
        to target: SeekTarget,
        from offset: UInt64,
        _ context: borrowing RequestContext
    ) throws(Errno) -> UInt64 {
        if usesWritebackCache { throw .noFunction }
        let found = try self.file(file.node).state.withLock { $0.content.seek(data: target == .data, from: offset) }
        guard let found else { throw .noSuchAddressOrDevice }
        return found
    }
}
