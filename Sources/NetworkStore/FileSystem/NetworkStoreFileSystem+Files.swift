internal import FileSystems
public import RingFUSE
internal import Synchronization
public import SystemPackage

extension NetworkStoreFileSystem {
    /// Opens a file, and cuts it with `O_TRUNC`.
    ///
    /// - Throws: `EPERM` to write what is immutable, or to write what is append-only without `O_APPEND`; `EISDIR`,
    ///   `EINVAL`, `ESTALE`, `EIO`.
    public func open(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> OpenReply {
        let record = try await volume.engine.node(node)
        try Self.check(flags, for: record)
        let file = try open(record)
        var keepsCache = true
        do throws(Errno) {
            // What was changed between the question and the answer: from now on changes are told to the file.
            let tellsSize = !flags.contains(.truncate)
            keepsCache = refresh(file, try await volume.engine.node(node), tellsSize: tellsSize)
            if !keepsCache, tellsSize { tellSize(of: file) }
            if flags.contains(.truncate) {
                try await cut(file, flags, context)
            }
        } catch {
            close(node)
            throw error
        }
        return reply(flags, keepsCache: keepsCache)
    }

    /// Tells a file that is opened what the engine has now.
    ///
    /// - Parameter tellsSize: whether the kernel is told of the size next, where what it has is not right. It is noted together
    ///   with the version: a lock that is given between the two would go by neither.
    /// - Returns: whether what the kernel caches of its content is right.
    private func refresh(_ file: StoredFile, _ record: NodeRecord, tellsSize: Bool) -> Bool {
        file.state.withLock { state in
            guard isShared else {
                state.take(record)
                return true
            }
            state.refresh(record)
            defer { state.pages.version = state.record.version }
            if state.pages.version == state.record.version { return true }
            // By the kernel, once it has the answer.
            state.pages.expectDrop()
            if tellsSize { state.pages.untold += 1 }
            return false
        }
    }

    /// What the kernel is told of an open file.
    private func reply(_ flags: OpenFlags, keepsCache: Bool = true) -> OpenReply {
        OpenReply(
            handle: newHandle(flags),
            options: keepsCache ? [.keepCache, .parallelDirectWrites] : .parallelDirectWrites)
    }

    /// Has a file's content here.
    private func open(_ record: NodeRecord) throws(Errno) -> StoredFile {
        let (size, isShared) = (volume.blockSize, isShared)
        let opened = nodes.open(record.id) { pages in
            StoredFile(record, blockSize: size, isShared: isShared, pages: pages)
        }
        guard let opened else { throw .ioError }
        volume.departures.end(record.id)
        return opened
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
    ) async throws(Errno) -> CreateReply {
        var node = node
        node.mode = NodeMode(.regular, permissions: node.mode.permissions)
        do throws(Errno) {
            let record = try await make(name, in: directory, NodeTemplate(node, by: caller(context)), context.io)
            let file = try open(record)
            // Nobody has written to it.
            file.state.withLock { state in
                guard state.commits == 0 else { return }
                state.extents = ExtentMap()
                state.pages.version = state.record.version
            }
            return CreateReply(entry: entry(record), file: reply(flags))
        } catch {
            guard error == .fileExists, !flags.contains(.exclusive) else { throw error }
        }
        guard let record = try await volume.engine.lookUp(name, in: directory) else { throw .noSuchFileOrDirectory }
        guard record.type != .directory else { throw .isDirectory }
        guard record.type == .regular else { throw .fileExists }
        let opened = try await open(record.id, flags, context)
        return CreateReply(entry: entry(record), file: opened)
    }

    /// Makes a file without a name and opens it; ``link(_:to:in:_:)`` may name it unless it was made with `O_EXCL`.
    ///
    /// - Throws: `EPERM` where the directory has been removed or is immutable; `ENOSPC`, `EDQUOT`, `ENOTDIR`, `ESTALE`.
    public func createUnnamed(
        in directory: NodeID,
        _ node: NewNode,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> CreateReply {
        var node = node
        node.mode = NodeMode(.regular, permissions: node.mode.permissions)
        let record = try await volume.engine.makeUnnamed(
            in: directory, NodeTemplate(node, by: caller(context)), isLinkable: !flags.contains(.exclusive))
        _ = try open(record)
        let entry = entry(record)
        _ = nodes.unlink(record.id)
        return CreateReply(entry: entry, file: reply(flags))
    }

    /// Checks that a file's flags allow how it is to be opened.
    ///
    /// - Throws: `EPERM`, `EISDIR`, `EINVAL`.
    private static func check(_ flags: OpenFlags, for record: NodeRecord) throws(Errno) {
        guard record.type != .directory else { throw .isDirectory }
        guard record.type == .regular else { throw .invalidArgument }
        guard flags.allowsWriting || flags.contains(.truncate) else { return }
        guard !record.isImmutable else { throw .notPermitted }
        guard !record.isAppendOnly || (flags.contains(.append) && !flags.contains(.truncate))
        else { throw .notPermitted }
    }

    /// Cuts a file to nothing.
    private func cut(
        _ file: StoredFile,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        var changes = AttributeChanges()
        changes.size = 0
        changes.killsPrivileges = flags.contains(.killsPrivileges)
        let mode = file.attributes.mode
        let attributes = try await change(changes, of: file, caller(context, for: changes))
        invalidateMode(of: file.id, ifChangedFrom: mode, to: attributes.mode)
    }

    /// Has the kernel ask for a mode again that has lost bits: of what a WRITE or an OPEN may change, it takes the mode to
    /// stay (`FUSE_STATX_MODIFY`, since 5.16).
    func invalidateMode(of node: NodeID, ifChangedFrom old: NodeMode, to new: NodeMode) {
        // Refused only where the session ends or tens of thousands of notifications wait.
        if old != new { try? notifier?.invalidate(node, from: -1) }
    }

    /// A descriptor that may have written is closed: what was written is committed, and durable by then where
    /// ``CloseGuarantee`` says so. Its process loses its locks on the file, whatever becomes of that.
    ///
    /// - Throws: `EIO`, `ENOSPC`, `EDQUOT`: what was written stays and is tried again.
    public func flush(_ file: OpenFile, _ context: borrowing RequestContext) async throws(Errno) {
        do throws(Errno) {
            try await commitClosed(file)
        } catch {
            await closeLocks(file)
            throw error
        }
        await closeLocks(file)
    }

    /// Commits what a descriptor may have written that is closed, or any other of a process that has locked the file.
    private func commitClosed(_ openFile: OpenFile) async throws(Errno) {
        guard openFile.mayBeWritten || locks?.mayHold(openFile) ?? false else { return }
        let file = try self.file(openFile)
        // What has no name is nobody's after a crash, unless it is kept.
        if file.state.withLock({ $0.record.attributes.linkCount == 0 && !$0.record.isInTrash }) { return }
        // Who has locked the file next, on another mount, must find what was written.
        if locks?.mayHold(openFile) ?? false {
            try await volume.flush(file, durably: closing == .durable)
        } else {
            try await volume.acknowledge(file, durably: closing == .durable)
        }
    }

    /// The last descriptor is closed; a file without names and lookups goes with it.
    public func release(_ file: OpenFile, _ context: borrowing RequestContext) async {
        await releaseLocks(file)
        close(file.node)
    }

    /// Takes an open file back.
    private func close(_ node: NodeID) {
        let file = nodes.file(node)
        let (isLast, isGone, isUnlinked) = nodes.release(node)
        if isLast, isUnlinked { volume.departures.expect(node) }
        if isGone {
            if let file { discard(file) }
            dispose(of: node)
        } else if isLast, let file {
            // Mappings write after the last close.
            guard file.isClean else {
                return volume.start { io in
                    if self.volume.journal == nil {
                        _ = try? await self.volume.flush(file, durably: true)
                    } else {
                        await self.volume.drain(file, io) { !self.nodes.isOpen(node) }
                    }
                    self.nodes.dropContentIfClean(of: node)
                }
            }
            nodes.dropContentIfClean(of: node)
        }
    }

    /// Forgets what was written to a file that nobody can read any more.
    private func discard(_ file: StoredFile) {
        file.state.withLock { state in
            state.forgetDirty(from: 0, volume)
            state.held = nil
        }
    }

    /// Makes a file durable, its attributes and its name too.
    ///
    /// - Throws: `EIO`, `ENOSPC`, `EDQUOT`: what was written stays and is tried again.
    public func synchronize(
        _ file: OpenFile,
        dataOnly: Bool,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        if try await !volume.acknowledge(try self.file(file), durably: true) { try await volume.engine.synchronize() }
    }

    /// Reads what is in memory.
    public func readImmediately(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Void> {
        let stored = try self.file(file)
        guard volume.readImmediately(stored, at: offset, into: &buffer) else { return .deferred }
        if !file.flags.contains(.noAccessTime) { noteAccess(to: stored) }
        return .answered(())
    }

    /// Reads.
    ///
    /// - Throws: `EIO` where the store cannot give the bytes, or gives others; `EINTR`, `ESTALE`.
    public func read(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        let stored = try self.file(file)
        try await volume.read(stored, at: offset, into: &buffer, context.io)
        if !file.flags.contains(.noAccessTime) { noteAccess(to: stored) }
    }

    /// Notes that a file was read, where the rules of `relatime` want it.
    private func noteAccess(to file: StoredFile) {
        let now = Timestamp.now
        let isNoted = file.state.withLock { state in
            state.noteAccess(at: now)
        }
        guard isNoted else { return }
        volume.start { _ in try? await self.volume.engine.noteAccess(to: file.id, at: now) }
    }

    /// Writes what memory has room for.
    public func writeImmediately(
        _ file: OpenFile,
        at offset: UInt64,
        from data: RawSpan,
        _ options: WriteOptions,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Int> {
        let stored = try self.file(file)
        let (record, mode) = stored.state.withLock { ($0.record, $0.mode) }
        guard !Self.losesPrivileges(mode, options), !volume.isGivenUp else { return .deferred }
        let place = try Self.place(record, file, offset, options)
        let outcome = try volume.writeImmediately(
            stored, at: place, from: data, at: .now, cachedAt: keepsPages(options) ? offset : nil)
        return outcome == .done ? .answered(data.byteCount) : .deferred
    }

    /// Writes; with `O_APPEND` at the end as it is now.
    ///
    /// - Returns: fewer bytes than there are where the volume has room for no more.
    /// - Throws: `EFBIG`; `ENOSPC`, `EDQUOT` where there is no room; `EPERM` for what has become immutable; `EIO`, `ESTALE`.
    public func write(
        _ file: OpenFile,
        at offset: UInt64,
        from data: RawSpan,
        _ options: WriteOptions,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        let stored = try self.file(file)
        let (record, mode) = stored.state.withLock { ($0.record, $0.mode) }
        let place = try Self.place(record, file, offset, options)
        let isElsewhere = place == nil && keepsPages(options) && isElsewhere(offset, in: stored)
        let isFromCache = options.contains(.fromCache)
        let count: Int
        do throws(Errno) {
            if Self.losesPrivileges(mode, options) { try await dropPrivileges(of: stored, context) }
            // Of a page that is written back the kernel wants all.
            count = try await volume.write(stored, at: place, from: data, at: .now, isWhole: isFromCache, context.io)
        } catch {
            // Programs were told that it is written, or have stored it through a mapping.
            if isFromCache, volume.isGivenUp { await volume.saveLate(data, at: offset, of: stored) { warn($0) } }
            throw error
        }
        if keepsPages(options) {
            await dropStalePages(of: stored, after: offset..<offset + UInt64(data.byteCount), isElsewhere: isElsewhere)
        }
        return count
    }

    /// Where to write: `nil` for the end.
    ///
    /// - Throws: `EPERM`.
    private static func place(
        _ record: NodeRecord,
        _ file: OpenFile,
        _ offset: UInt64,
        _ options: WriteOptions
    ) throws(Errno) -> UInt64? {
        let isFromCache = options.contains(.fromCache)
        guard isFromCache || !record.isImmutable else { throw .notPermitted }
        return file.flags.contains(.append) && !isFromCache ? nil : offset
    }

    /// Whether a write takes set-ID bits away.
    private static func losesPrivileges(_ mode: NodeMode, _ options: WriteOptions) -> Bool {
        options.contains(.killsPrivileges) && mode.rawValue & 0o6000 != 0
    }

    /// Takes set-ID bits and capabilities away.
    func dropPrivileges(of file: StoredFile, _ context: borrowing RequestContext) async throws(Errno) {
        var change = ContentChange(of: file.id)
        change.killsPrivileges = true
        change.caller = caller(context, withGroups: true)
        let old = file.attributes.mode
        try await commitHeldAttributes(of: file.id)
        let record = try await volume.engine.commit(change, durably: false)
        file.state.withLock { $0.take(record) }
        invalidateMode(of: file.id, ifChangedFrom: old, to: record.attributes.mode)
    }
}

extension NodeRecord {
    /// Whether nothing of it may change (`chattr +i`).
    var isImmutable: Bool { flags & 0x10 != 0 }
    /// Whether its content may only grow (`chattr +a`).
    var isAppendOnly: Bool { flags & 0x20 != 0 }
    /// Whether the time of the last read stays (`chattr +A`).
    var keepsAccessTime: Bool { flags & 0x80 != 0 }

    /// Whether a read changes the time of the last read: as Linux does unless told otherwise (`relatime`), where the node
    /// has changed since, or a day has passed.
    ///
    /// - Parameter known: the attributes as they are, what is not committed included.
    func wantsAccess(at time: Timestamp, _ known: Attributes) -> Bool {
        guard !keepsAccessTime else { return false }
        let former = known.accessTime
        let age = time.seconds.subtractingReportingOverflow(former.seconds).partialValue
        return former <= known.modificationTime || former <= known.changeTime || age >= 24 * 60 * 60
    }
}
