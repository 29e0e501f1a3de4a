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
        try opened(node, try open(nodes.node(node), flags, context), context)
    }

    /// The answer to an open, which the kernel may read and write by itself from then on.
    private func opened(
        _ node: NodeID,
        _ handle: HandleID,
        _ context: borrowing RequestContext
    ) throws(Errno) -> OpenReply {
        let keepsCache = openCounts.open(node)
        let (descriptor, traits) = try files.found(handle)
        // With the writeback cache only what can be opened in no other way appends: pages must not go there.
        if usesWritebackCache, traits.contains(.appends) { return OpenReply(handle: handle, options: .directIO) }
        guard let file = passthrough.open(node, descriptor, MirrorUser(context)) else {
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
        return try reply(created: descriptor, in: parent, flags, context)
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
        return try reply(created: descriptor, in: parent, flags, context)
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
        let handle: HandleID
        do throws(Errno) {
            handle = try files.insert(try reopen(node, flags), traits(flags, of: node))
        } catch {
            // A file that may only be appended to (chattr +a).
            guard error == .notPermitted, usesWritebackCache, flags.contains(.append) else { throw error }
            let descriptor = try checked(rfuse_reopen(node.descriptor, flags.cValue & sourceFlagMask))
            handle = try files.insert(CInt(descriptor), traits(flags, of: node).union(.appends))
        }
        openers.opened(handle, flags, context)
        return handle
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
    /// - Parameters:
    ///   - descriptor: taken over, whether or not this throws.
    ///   - parent: its directory.
    private func reply(
        created descriptor: CInt,
        in parent: MirrorNode,
        _ flags: OpenFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) -> CreateReply {
        let handle = try files.insert(descriptor, traits(flags, of: parent))
        openers.opened(handle, flags, context)
        do throws(Errno) {
            // Of the file that was made, not of the name, which may mean something else by now.
            let entry = try entry(takingOver: CInt(try checked(rfuse_path_descriptor(descriptor))))
            return CreateReply(entry: entry, file: try opened(entry.node, handle, context))
        } catch {
            openers.closed(handle)
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
            return CreateReply(entry: entry, file: try opened(entry.node, handle, context))
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
    ///
    /// - Parameter node: it, or its directory.
    private func traits(_ flags: OpenFlags, of node: MirrorNode) -> MirrorOpenFiles.Traits {
        var traits: MirrorOpenFiles.Traits = room.isElsewhere(node.identity) ? .isElsewhere : []
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
    var cValue: CInt { CInt(bitPattern: rawValue) }
}
