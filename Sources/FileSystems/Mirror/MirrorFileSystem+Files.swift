internal import CRingFUSE
public import RingFUSE
public import SystemPackage

extension MirrorFileSystem {
    /// Opens a file (OPEN).
    ///
    /// - Throws: `EISDIR`; `ENXIO` for what is no regular file: on the mount the kernel opens those itself, and here a
    ///   FIFO would block the worker.
    public func open(
        _ node: NodeID,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> OpenReply {
        try opened(node, try open(nodes.node(node), flags, context))
    }

    /// The answer to an open, which the kernel may read and write by itself from then on.
    private func opened(_ node: NodeID, _ handle: HandleID) throws(Errno) -> OpenReply {
        let keepsCache = openCounts.open(node)
        let (descriptor, traits) = try files.found(handle)
        // With the writeback cache only what can be opened in no other way appends: pages must not go there.
        if usesWritebackCache, traits.contains(.appends) { return OpenReply(handle: handle, options: .directIO) }
        guard let file = passthrough.open(node, descriptor) else {
            return OpenReply(handle: handle, options: keepsCache ? .keepCache : [])
        }
        return OpenReply(handle: handle, passingThrough: file)
    }

    /// Makes a file and opens it (CREATE).
    ///
    /// Where the name exists after all, because another has been quicker, it is opened as OPEN would.
    public func create(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> CreateReply {
        let parent = try nodes.node(directory)
        defer { withExtendedLifetime(parent) {} }
        let sourceFlags = sourceFlags(flags)
        let descriptor: CInt
        do throws(Errno) {
            descriptor = try unsafe name.withComponent { name throws(Errno) in
                try caller.make(for: context, umask: node.umask) { () throws(Errno) in
                    CInt(
                        try checked(
                            unsafe rfuse_create(parent.descriptor, name, sourceFlags, node.mode.permissions)
                        )
                    )
                }
            }
        } catch {
            guard error == .fileExists, !flags.contains(.exclusive) else { throw error }
            return try openExisting(name, in: parent, flags, context)
        }
        return try reply(created: descriptor, flags)
    }

    /// Makes a file without a name and opens it (TMPFILE).
    ///
    /// - Throws: `EOPNOTSUPP` where the source's file system has no such files.
    public func createUnnamed(
        in directory: NodeID,
        _ node: NewNode,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> CreateReply {
        let parent = try nodes.node(directory)
        defer { withExtendedLifetime(parent) {} }
        // With O_EXCL the file can never get a name; the kernel heeds that itself, and so may the source.
        let sourceFlags = sourceFlags(flags) | flags.cValue & OpenFlags.exclusive.cValue
        let descriptor = try caller.make(for: context, umask: node.umask) { () throws(Errno) in
            CInt(try checked(rfuse_create_unnamed(parent.descriptor, sourceFlags, node.mode.permissions)))
        }
        return try reply(created: descriptor, flags)
    }

    /// Reads (READ).
    ///
    /// An error after a part was read is thrown all the same: fewer bytes than asked for would mean the end of the
    /// file, and the kernel would show zeros.
    public func read(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        let descriptor = FileDescriptor(rawValue: try files.descriptor(of: file.handle))
        try Self.check(offset)
        var position = offset
        while buffer.freeCapacity > 0 {
            let count = try await context.io.read(descriptor, into: &buffer, at: position)
            position += UInt64(count)
            // With O_DIRECT, a read that stops between blocks has reached the end; going on there is `EINVAL`.
            if count == 0 || (options.passesDirectIO && position % 512 != 0) { return }
        }
    }

    /// Writes (WRITE).
    ///
    /// A file opened with `O_APPEND` appends in the source too, so that others who write to it there lose nothing; but
    /// not with the kernel's writeback cache, where what is written comes late and in any order.
    ///
    /// - Returns: the number of bytes written; fewer than given where an error came after some, and not with `O_DIRECT`.
    public func write(
        _ file: OpenFile,
        at offset: UInt64,
        from data: RawSpan,
        _ options: WriteOptions,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        try await write(data, to: writeTarget(file, options, context), at: offset, context)
    }

    /// Where a write goes.
    struct WriteTarget: Sendable {
        /// The descriptor to write to.
        let descriptor: CInt
        /// Whether it was opened for this write.
        let isOwn: Bool
        /// Whether an error after some bytes is told instead of these. Of a direct write that was cut short the kernel
        /// makes `EIO` (`fuse_get_res_by_io`), and the program would never hear the reason.
        let tellsError: Bool

        /// Closes a descriptor that was opened for this write.
        func close() { if isOwn { _ = rfuse_close(descriptor) } }
    }

    /// Whether a write needs other calls before it.
    func needsPreparation(_ file: OpenFile, _ options: WriteOptions) throws(Errno) -> Bool {
        if options.contains(.killsPrivileges) { return true }
        return try mustNotAppend(files.found(file.handle).traits, file, options)
    }

    /// Does what a write needs before it, and tells where it goes.
    func writeTarget(
        _ file: OpenFile,
        _ options: WriteOptions,
        _ context: borrowing RequestContext
    ) throws(Errno) -> WriteTarget {
        let (descriptor, traits) = try files.found(file.handle)
        if options.contains(.killsPrivileges) { try clearPrivileges(of: descriptor, file.node, context) }
        let tellsError = file.flags.contains(.direct)
        guard mustNotAppend(traits, file, options) else {
            return WriteTarget(descriptor: descriptor, isOwn: false, tellsError: tellsError)
        }
        let positioned = CInt(try checked(rfuse_reopen(descriptor, OpenFlags.writeOnly.cValue)))
        return WriteTarget(descriptor: positioned, isOwn: true, tellsError: tellsError)
    }

    /// Whether a write to an appending descriptor is to go to its offset.
    ///
    /// Pages of a shared mapping go where they belong, and so does what is written after `fcntl` has ended O_APPEND;
    /// but Linux appends all that is written to an appending descriptor, whatever the offset.
    private func mustNotAppend(
        _ traits: MirrorOpenFiles.Traits,
        _ file: OpenFile,
        _ options: WriteOptions
    ) -> Bool {
        traits.contains(.appends) && (options.contains(.fromCache) || !file.flags.contains(.append))
    }

    /// Lets the source's file system tell what closing tells: some report failed writes only then (FLUSH). Ends the
    /// locks that the closing process has on the file, as POSIX demands; the kernel leaves that to the server.
    public func flush(_ file: OpenFile, _ context: borrowing RequestContext) async throws(Errno) {
        if options.locks == .source, let owner = file.lockOwner { locks.release(file.node, owner: owner) }
        let duplicate = try checked(rfuse_duplicate(files.descriptor(of: file.handle)))
        try await context.io.close(FileDescriptor(rawValue: CInt(duplicate)))
    }

    /// Closes an open file (RELEASE).
    public func release(_ file: OpenFile, _ context: borrowing RequestContext) async throws(Errno) {
        passthrough.close(file.node)
        if options.locks == .source { locks.release(file.node, handle: file.handle) }
        openCounts.close(file.node)
        // It may take a while where it is the end of a large removed file.
        try await context.io.close(FileDescriptor(rawValue: files.remove(file.handle)))
    }

    /// Makes a file durable (FSYNC).
    public func synchronize(
        _ file: OpenFile,
        dataOnly: Bool,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        let descriptor = FileDescriptor(rawValue: try files.descriptor(of: file.handle))
        try await context.io.synchronize(descriptor, dataOnly: dataOnly)
    }

    /// Allocates, punches or zeroes a range (FALLOCATE).
    public func allocate(
        _ file: OpenFile,
        at offset: UInt64,
        length: UInt64,
        _ mode: AllocationMode,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        try clearPrivileges(of: file, context)
        try await allocateOnly(file, at: offset, length: length, mode, context)
    }

    /// Clears set-user-ID and set-group-ID bits before a change of the content that does not say whether to.
    ///
    /// The kernel says so before `fallocate`, but with a request of its own that may come late; not before copying.
    func clearPrivileges(of file: OpenFile, _ context: borrowing RequestContext) throws(Errno) {
        if context.userID != 0 { try clearPrivileges(of: files.descriptor(of: file.handle), file.node, context) }
    }

    /// Allocates, punches or zeroes, and nothing else.
    func allocateOnly(
        _ file: OpenFile,
        at offset: UInt64,
        length: UInt64,
        _ mode: AllocationMode,
        _ context: borrowing RequestContext
    ) async throws(Errno) {
        let descriptor = FileDescriptor(rawValue: try files.descriptor(of: file.handle))
        try await context.io.allocate(descriptor, at: offset, length: length, mode: mode)
    }

    /// Finds data or a hole (LSEEK).
    ///
    /// - Throws: `ENXIO` where there is none from `offset` on. `ENOSYS` with the kernel's writeback cache: Linux (6.18)
    ///   asks without writing back before, so that what is cached would be told as a hole, and `cp` would lose it. All
    ///   of the file is data then.
    public func seek(
        _ file: OpenFile,
        to target: SeekTarget,
        from offset: UInt64,
        _ context: borrowing RequestContext
    ) throws(Errno) -> UInt64 {
        if usesWritebackCache { throw .noFunction }
        // Moves the descriptor's position, which nothing uses.
        return UInt64(try checked(rfuse_seek(files.descriptor(of: file.handle), offset, CInt(target.rawValue))))
    }

    /// Copies between files, sharing blocks where the source's file system can (COPY_FILE_RANGE).
    ///
    /// - Returns: the number of bytes copied: 128 MiB at the most, after which the caller comes again, so that it
    ///   can be interrupted.
    public func copy(
        from source: OpenFile,
        at sourceOffset: UInt64,
        to target: OpenFile,
        at targetOffset: UInt64,
        length: UInt64,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> UInt64 {
        try clearPrivileges(of: target, context)
        return try await copyOnly(from: source, at: sourceOffset, to: target, at: targetOffset, length: length)
    }

    /// Copies, and does nothing else.
    func copyOnly(
        from source: OpenFile,
        at sourceOffset: UInt64,
        to target: OpenFile,
        at targetOffset: UInt64,
        length: UInt64
    ) async throws(Errno) -> UInt64 {
        let from = try files.descriptor(of: source.handle)
        let to = try files.descriptor(of: target.handle)
        let count = Int(min(length, 128 << 20))
        return UInt64(try await pool.run { rfuse_copy(from, sourceOffset, to, targetOffset, count) })
    }

    /// Writes to where a write goes, and closes that where need be.
    func write(
        _ data: RawSpan,
        to target: WriteTarget,
        at offset: UInt64,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        defer { target.close() }
        try Self.check(offset)
        return try await writeAll(data, to: target, at: offset, context)
    }

    /// Writes all of the data, in several steps where the system wants it so.
    private func writeAll(
        _ data: RawSpan,
        to target: WriteTarget,
        at offset: UInt64,
        _ context: borrowing RequestContext
    ) async throws(Errno) -> Int {
        var written = 0
        while written < data.byteCount {
            do throws(Errno) {
                let count = try await context.io.write(
                    FileDescriptor(rawValue: target.descriptor),
                    from: data.extracting(written...),
                    at: offset + UInt64(written)
                )
                if count == 0 { break }
                written += count
            } catch {
                // What was written counts; the program meets the error when it goes on.
                guard written > 0, !target.tellsError else { throw error }
                break
            }
        }
        return written
    }

    /// Refuses offsets that Linux does not have; one of them would stand for the descriptor's position.
    private static func check(_ offset: UInt64) throws(Errno) {
        guard offset <= UInt64(Int64.max) else { throw .invalidArgument }
    }

    /// Opens a node's file and keeps it.
    private func open(
        _ node: MirrorNode,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> HandleID {
        guard node.type == .regular else {
            throw node.type == .directory ? .isDirectory : .noSuchAddressOrDevice
        }
        if flags.contains(.killsPrivileges) { try clearPrivileges(of: node.descriptor, node.id, context) }
        do throws(Errno) {
            return try files.insert(try reopen(node, flags), traits(flags))
        } catch {
            // A file that may only be appended to (chattr +a).
            guard error == .notPermitted, usesWritebackCache, flags.contains(.append) else { throw error }
            let descriptor = try checked(rfuse_reopen(node.descriptor, flags.cValue & sourceFlagMask))
            return try files.insert(CInt(descriptor), traits(flags).union(.appends))
        }
    }

    /// Opens a node's file, to read as well where the kernel's writeback cache wants that and it can be had.
    private func reopen(_ node: MirrorNode, _ flags: OpenFlags) throws(Errno) -> CInt {
        let result = rfuse_reopen(node.descriptor, sourceFlags(flags))
        guard result < 0, usesWritebackCache, !flags.allowsReading else { return CInt(try checked(result)) }
        // A file that the server may write but not read: pages written in part will fail, others not.
        return CInt(try checked(rfuse_reopen(node.descriptor, sourceFlags(flags, readsPages: false))))
    }

    /// The reply for a file that was made and is open.
    ///
    /// - Parameter descriptor: taken over, whether or not this throws.
    private func reply(created descriptor: CInt, _ flags: OpenFlags) throws(Errno) -> CreateReply {
        let handle = try files.insert(descriptor, traits(flags))
        do throws(Errno) {
            // Of the file that was made, not of the name, which may mean something else by now.
            let entry = try entry(takingOver: CInt(try checked(rfuse_path_descriptor(descriptor))))
            return CreateReply(entry: entry, file: try opened(entry.node, handle))
        } catch {
            _ = rfuse_close(try files.remove(handle))
            throw error
        }
    }

    /// Opens a name that exists although CREATE was asked for.
    private func openExisting(
        _ name: Name,
        in parent: MirrorNode,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> CreateReply {
        let entry = try entry(takingOver: openComponent(name, in: parent))
        do throws(Errno) {
            let handle = try open(nodes.node(entry.node), flags, context)
            return CreateReply(entry: entry, file: try opened(entry.node, handle))
        } catch {
            nodes.forget(entry.node, lookups: 1)
            throw error
        }
    }

    /// The flags with which a file of the source is opened.
    ///
    /// - Parameter readsPages: with the writeback cache, whether pages that a program writes in part can be read first,
    ///   which takes a descriptor that can be read even where the program only writes.
    private func sourceFlags(_ flags: OpenFlags, readsPages: Bool = true) -> CInt {
        let kept = flags.cValue & sourceFlagMask
        guard usesWritebackCache else { return kept }
        let access = readsPages && !flags.allowsReading ? OpenFlags.readWrite.cValue : kept & rfuse_access_mask
        return kept & ~(rfuse_access_mask | OpenFlags.append.cValue) | access
    }

    /// The flags that are passed on at all.
    private var sourceFlagMask: CInt { rfuse_reopening_flags | (options.passesDirectIO ? rfuse_direct_flag : 0) }

    /// What is known of a file of the source from how it is opened.
    private func traits(_ flags: OpenFlags) -> MirrorOpenFiles.Traits {
        var traits: MirrorOpenFiles.Traits = []
        if flags.contains(.append) && !usesWritebackCache { traits.insert(.appends) }
        // `RWF_NOWAIT` has direct I/O begin without waiting, but the call returns only when it is done.
        if flags.contains(.direct) && options.passesDirectIO { traits.formUnion(.waits) }
        // What is written is on the device before the call returns.
        if flags.cValue & rfuse_sync_mask != 0 { traits.insert(.writesWait) }
        return traits
    }
}

extension OpenFlags {
    /// The flags as `open(2)` takes them.
    fileprivate var cValue: CInt { CInt(bitPattern: rawValue) }
}
