public import RingFUSE
internal import Synchronization
public import SystemPackage

extension MemoryFileSystem {
    /// Opens a file, and cuts it with `O_TRUNC`. The kernel may keep what it has cached: nobody else changes files.
    ///
    /// - Throws: `EISDIR`, `EINVAL`, `ESTALE`.
    public func open(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> OpenReply {
        let file = try file(node)
        if flags.contains(.truncate) { try cut(file, killsPrivileges: flags.contains(.killsPrivileges)) }
        tree.withLock { $0.addOpen(of: node) }
        return OpenReply(options: .keepCache)
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
                let file = try tree.make(name, in: directory, node, type: .regular, owner: owner, at: now)
                tree.addOpen(of: file.id)
                return (file, true)
            }
            guard !flags.contains(.exclusive) else { throw Errno.fileExists }
            guard child.type != .directory else { throw Errno.isDirectory }
            guard child.type == .regular else { throw Errno.fileExists }
            tree.addLookup(of: child.node)
            tree.addOpen(of: child.node)
            return (try tree.node(child.node), false)
        }
        if !isNew, flags.contains(.truncate) { try cut(file, killsPrivileges: flags.contains(.killsPrivileges)) }
        return CreateReply(entry: entry(for: file), file: OpenReply(options: .keepCache))
    }

    /// Cuts a file to nothing.
    private func cut(_ file: MemoryNode, killsPrivileges: Bool) throws(Errno) {
        var changes = AttributeChanges()
        changes.size = 0
        changes.killsPrivileges = killsPrivileges
        let now = Timestamp.now
        try file.state.withLock { (state) throws(Errno) in try state.apply(changes, at: now, budget: budget) }
    }

    /// The last descriptor is closed; a file without names and lookups goes with it.
    public func release(_ file: OpenFile, _ context: borrowing RequestContext) {
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
        node.state.withLock { state in
            state.content.read(at: offset, into: &buffer)
            state.attributes.accessTime = now
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

    /// Writes; with `O_APPEND` at the end as it is now, unless the page cache writes back: then the kernel knows better
    /// where the file ends.
    ///
    /// - Returns: the number of bytes written; fewer only where space ran out.
    /// - Throws: `ENOSPC`, `EFBIG`, `EISDIR`, `EINVAL`, `ESTALE`.
    public func write(
        _ file: OpenFile,
        at offset: UInt64,
        from data: RawSpan,
        _ options: WriteOptions,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Int {
        let node = try self.file(file.node)
        let isAppending = file.flags.contains(.append) && !options.contains(.fromCache) && !usesWritebackCache
        let now = Timestamp.now
        return try node.state.withLock { (state) throws(Errno) in
            // A short write from the page cache would be taken for a whole one, and its rest be lost unnoticed.
            let written = try state.content.write(
                data,
                at: isAppending ? state.content.size : offset,
                whole: options.contains(.fromCache)
            )
            guard written > 0 else { return 0 }
            state.modified(at: now)
            state.dropPrivileges(setID: options.contains(.killsPrivileges), budget: budget)
            return written
        }
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
    /// - Throws: `EOPNOTSUPP` for other modes; `EINVAL` for no bytes; `ENOSPC`, and nothing has changed; `EFBIG`,
    ///   `EISDIR`, `ESTALE`.
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
        try node.state.withLock { (state) throws(Errno) in
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
            state.dropPrivileges(setID: dropsPrivileges, budget: budget)
        }
    }

    /// Finds data or a hole; what has been allocated counts as data.
    ///
    /// - Throws: `ENXIO` where there is none before the end, `EISDIR`, `EINVAL`, `ESTALE`. `ENOSYS` with the kernel's
    ///   writeback cache: Linux (6.18) asks without writing back before, so that what is cached would be told as a hole,
    ///   and `cp` would lose it. All of the file is data then.
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
