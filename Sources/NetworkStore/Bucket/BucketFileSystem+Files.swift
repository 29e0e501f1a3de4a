public import RingFUSE
internal import Synchronization
public import SystemPackage

extension BucketFileSystem {
    /// Opens a file: to read, or with `O_TRUNC` to write it anew.
    ///
    /// - Throws: `EBUSY` for what is being written, and to write what is open; `EPERM` to change an object in place, and to
    ///   replace one where that is not allowed; `ESTALE` for what has been replaced, whose name the kernel then looks up
    ///   again; `EISDIR`, `EACCES`, `EIO`.
    public func open(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> OpenReply {
        let node = try self.node(node)
        guard !node.isDirectory else { throw .isDirectory }
        guard node.state.withLock({ !$0.isReplaced }) else { throw .staleNFSFileHandle }
        guard !flags.allowsWriting else { return try await replace(node, flags, context.io) }
        try await waitForWriter(of: node, context.io) { node.upload?.complete != nil }
        if !node.isFresh(for: bucket.options.lifetime), try await !isCurrent(node, context.io) {
            throw .staleNFSFileHandle
        }
        let source = try node.source()
        tree.open(node)
        let isCached = node.state.withLock { state in
            defer { state.cachedTag = source.object.tag }
            return state.cachedTag == source.object.tag
        }
        return OpenReply(options: isCached ? .keepCache : [])
    }

    /// Begins to write a file anew that is there.
    private func replace(
        _ node: BucketNode,
        _ flags: OpenFlags,
        _ io: borrowing AsyncIO
    ) async throws(Errno) -> OpenReply {
        try await waitForWriter(of: node, io)
        guard flags.contains(.truncate) else {
            bucket.warnOnce("objects cannot be changed in place: write them anew (O_TRUNC), with --allow-overwrite")
            throw .notPermitted
        }
        guard bucket.options.allowsOverwriting else {
            bucket.warnOnce("objects are not replaced: mount with --allow-overwrite to allow it")
            throw .notPermitted
        }
        guard tree.opens(of: node) == 0 else { throw .resourceBusy }
        let isMine = node.state.withLock { state in
            guard state.upload == nil, !state.isReplaced else { return false }
            state.upload = BucketUpload(state.key, in: bucket)
            state.cachedTag = nil
            return true
        }
        guard isMine else { throw .resourceBusy }
        tree.open(node)
        return Self.reply
    }

    /// What the kernel is told of a file that is being written: each write comes as it is made, in order.
    private static let reply = OpenReply(handle: writable, options: .directIO)

    /// Makes a file and opens it, or opens the one that is there.
    ///
    /// - Throws: `EEXIST`, `EISDIR`, `EILSEQ`, `ENAMETOOLONG`; and as ``open(_:_:_:)``.
    public func create(
        named name: Name,
        in directory: NodeID,
        _ new: NewNode,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> CreateReply {
        let directory = try self.directory(directory)
        let name = try newName(name, in: directory)
        if let node = try await find(name, in: directory, context.io) {
            defer { tree.settle(node) }
            guard !flags.contains(.exclusive) else { throw .fileExists }
            guard !node.isDirectory else { throw .isDirectory }
            let file = try await open(node.id, flags, context)
            return CreateReply(entry: entry(node), file: file)
        }
        let upload = BucketUpload(directory.key.file(name), in: bucket)
        guard let node = tree.make(name, in: directory, isDirectory: false, upload: upload) else { throw .fileExists }
        tree.open(node)
        return CreateReply(entry: entry(node), file: Self.reply)
    }

    /// Reads what is in memory.
    public func readImmediately(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Void> {
        let node = try self.node(file.node)
        guard read(try node.source(), of: node, at: offset, into: &buffer) else { return .deferred }
        return .answered(())
    }

    /// Reads.
    ///
    /// - Throws: `ESTALE` where the object is another one now, or gone; `EBUSY` while it is being written; `EACCES`, `EIO`,
    ///   `EINTR`.
    public func read(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        let node = try self.node(file.node)
        let source = try node.source()
        let end = min(source.object.size, offset + UInt64(buffer.freeCapacity))
        while !read(source, of: node, at: offset, into: &buffer) {
            do throws(BucketFailure) {
                try await bucket.reader.fetch(offset..<end, of: source, context.io)
            } catch {
                throw bucket.errno(error)
            }
            if Task.isCancelled { throw .interrupted }
        }
    }

    /// Reads what is in memory, or nothing.
    ///
    /// - Returns: whether all of it was there.
    private func read(
        _ source: BucketSource,
        of node: BucketNode,
        at offset: UInt64,
        into buffer: inout OutputRawSpan
    ) -> Bool {
        let size = source.object.size
        guard offset < size else { return true }
        let range = offset..<min(size, offset + UInt64(buffer.freeCapacity))
        guard !range.isEmpty else { return true }
        fetchAhead(of: range, source, node)
        guard bucket.cache.append(range, of: source.number, Bucket.blockSize, to: &buffer) else {
            buffer.removeAll()
            return false
        }
        return true
    }

    /// Fetches what comes next where a file is read from its beginning to its end.
    private func fetchAhead(of range: Range<UInt64>, _ source: BucketSource, _ node: BucketNode) {
        let ahead = node.state.withLock {
            $0.readahead.note(range, size: source.object.size, limit: bucket.readahead)
        }
        guard let ahead else { return }
        // Each piece with a request of its own, all at the same time.
        var position = ahead.lowerBound
        while position < ahead.upperBound {
            let end = min(ahead.upperBound, (position / Self.piece + 1) * Self.piece)
            let piece = position..<end
            bucket.background.start { io in
                // Whoever reads it will find out.
                try? await self.bucket.reader.fetch(piece, of: source, io)
            }
            position = end
        }
    }

    /// Bytes that are fetched ahead with one request.
    private static let piece = UInt64(Bucket.fetchSize)

    /// Writes at the end.
    ///
    /// - Throws: `EINVAL` elsewhere; `EFBIG`, `ENOMEM`, `EINTR`; and what storing has failed with.
    public func write(
        _ file: OpenFile,
        at offset: UInt64,
        from data: RawSpan,
        _ options: WriteOptions,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        guard let upload = try node(file.node).upload else { throw .badFileDescriptor }
        // The kernel's idea of the end is that of its last answer.
        let place = file.flags.contains(.append) ? upload.size : offset
        try await upload.write(data, at: place, context.io)
        return data.byteCount
    }

    /// A descriptor is closed: what was written through it is stored. A file without bytes waits for its last descriptor,
    /// as shells open files for others to write to.
    ///
    /// - Throws: `EEXIST` where somebody else has made the object meanwhile; `EACCES`, `ENOSPC`, `EIO`: it is lost.
    public func flush(_ file: OpenFile, _ context: borrowing RequestContext) async throws(Errno) {
        guard file.handle == Self.writable, let upload = tree.node(file.node)?.upload, upload.size > 0 else { return }
        try await store(upload, file.node)
    }

    /// Stores what was written.
    ///
    /// - Throws: as ``flush(_:_:)``.
    public func synchronize(
        _ file: OpenFile,
        dataOnly: Bool,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        guard file.handle == Self.writable, let upload = tree.node(file.node)?.upload else { return }
        try await store(upload, file.node)
    }

    private func store(_ upload: BucketUpload, _ node: NodeID) async throws(Errno) {
        try await upload.store()
        tree.node(node)?.state.withLock { state in
            state.object = upload.stored ?? state.object
            state.checked = .now
        }
    }

    /// The last descriptor is closed.
    public func release(_ file: OpenFile, _ context: borrowing RequestContext) async {
        guard let node = tree.node(file.node) else { return }
        defer { tree.close(node) }
        guard file.handle == Self.writable, let upload = node.upload else { return }
        await upload.finish()
        let isThere = node.state.withLock { state in
            state.object = upload.stored ?? state.object
            state.checked = .now
            state.upload = nil
            return state.object != nil
        }
        if !isThere { tree.remove(node) }
        tree.settle(node)
    }
}
