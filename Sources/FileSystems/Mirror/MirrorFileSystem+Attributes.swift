internal import CRingFUSE
internal import Glibc
public import RingFUSE
public import SystemPackage

extension MirrorFileSystem {
    /// What `stat` tells (GETATTR).
    public func attributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply {
        if let handle { return try reply(of: files.descriptor(of: handle)) }
        return try reply(of: nodes.node(node).descriptor)
    }

    /// Changes attributes (SETATTR).
    ///
    /// In an order in which no change undoes another: a change of owner or size clears set-user-ID bits, which a mode
    /// may set, and both change the times. The time of change can't be set; the source's file system keeps it.
    public func setAttributes(
        _ changes: AttributeChanges,
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply {
        let node = try nodes.node(node)
        if changes.userID != nil || changes.groupID != nil {
            try checked(
                rfuse_change_owner(node.descriptor, changes.userID ?? .max, changes.groupID ?? .max)
            )
        }
        if changes.killsPrivileges { try clearPrivileges(of: node.descriptor, node.id) }
        if let size = changes.size {
            if let handle {
                try checked(rfuse_truncate(files.descriptor(of: handle), size))
            } else {
                try checked(rfuse_truncate_path(node.descriptor, size))
            }
        }
        // Of a symbolic link, `EOPNOTSUPP`: Linux keeps no mode of those.
        if let mode = changes.mode { try checked(rfuse_change_mode(node.descriptor, mode.permissions)) }
        if changes.accessTime != nil || changes.modificationTime != nil {
            let access = Self.seconds(changes.accessTime)
            let modification = Self.seconds(changes.modificationTime)
            try checked(
                rfuse_change_times(
                    node.descriptor,
                    access.seconds,
                    access.nanoseconds,
                    modification.seconds,
                    modification.nanoseconds
                )
            )
        }
        return try reply(of: node.descriptor)
    }

    /// Reads a symbolic link (READLINK).
    ///
    /// - Throws: `EINVAL` where it is none; `ENAMETOOLONG` where it may not have fitted.
    public func readSymbolicLink(
        _ node: NodeID,
        into target: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        let node = try nodes.node(node)
        try unsafe target.withFreeBytes { bytes throws(Errno) in
            let count = try checked(
                unsafe rfuse_read_link(
                    node.descriptor,
                    bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
                    bytes.count
                )
            )
            // Linux cuts the target silently; but no target is longer than a path may be (less its NUL), which is just
            // what a request has room for.
            guard count < bytes.count || count == Int(PATH_MAX) - 1 else { throw .fileNameTooLong }
            return count
        }
    }

    /// Whether the caller may (ACCESS); not sent, since the kernel checks permissions.
    ///
    /// - Throws: `EACCES`, also where only a supplementary group would give the right; `EROFS`.
    public func checkAccess(
        _ mode: AccessMode,
        to node: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        let node = try nodes.node(node)
        try caller.check(for: context) { () throws(Errno) in
            _ = try checked(rfuse_access(node.descriptor, CInt(mode.rawValue)))
        }
    }

    /// What `statfs` tells of the file system that a node of the source is on (STATFS).
    public func statistics(
        of node: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) -> FileSystemStatistics {
        var source = rfuse_statistics()
        try checked(unsafe rfuse_statistics(nodes.node(node).descriptor, &source))
        var statistics = FileSystemStatistics(
            blockSize: source.fragment_size,
            blocks: source.blocks,
            freeBlocks: source.free_blocks,
            nodes: source.nodes,
            freeNodes: source.free_nodes
        )
        statistics.availableBlocks = source.available_blocks
        statistics.longestName = source.longest_name
        statistics.preferredIOSize = source.block_size
        return statistics
    }

    /// Clears the set-user-ID and set-group-ID bits of a regular file.
    ///
    /// The source's file system does not clear them for root, whatever the caller is. It does drop
    /// `security.capability` itself, and clears the bits too where the server is not root.
    ///
    /// The kernel has to be told: of what a WRITE or an OPEN may change, it takes the mode to stay (`FUSE_STATX_MODIFY` in
    /// fs/fuse, since 5.16), and would run the program with its old bits for as long as attributes are believed.
    func clearPrivileges(of descriptor: CInt, _ node: NodeID) throws(Errno) {
        guard caller.isRoot else { return }
        let mode = NodeMode(rawValue: try status(of: descriptor).mode)
        guard mode.type == .regular else { return }
        // Set-group-ID without the group's execute bit means something else (mandatory locks, once).
        let cleared: UInt32 = mode.permissions & 0o010 != 0 ? 0o6000 : 0o4000
        guard mode.permissions & cleared != 0 else { return }
        try checked(rfuse_change_mode(descriptor, mode.permissions & ~cleared))
        // Refused only where the session ends or tens of thousands of notifications wait.
        try? notifier?.invalidate(node, from: -1)
    }

    /// The attributes of what a descriptor stands for.
    private func reply(of descriptor: CInt) throws(Errno) -> AttributesReply {
        AttributesReply(Attributes(try status(of: descriptor)), lifetime: options.attributesLifetime)
    }

    /// A time as `utimensat` takes it.
    private static func seconds(_ change: TimeChange?) -> (seconds: Int64, nanoseconds: Int) {
        switch change {
        case nil: (0, rfuse_time_omit)
        case .now: (0, rfuse_time_now)
        case .to(let time): (time.seconds, Int(time.nanoseconds))
        }
    }
}

extension OutputRawSpan {
    /// Lets `body` fill the free part.
    ///
    /// - Parameter body: returns how many bytes it has filled from the start of the free part on.
    mutating func withFreeBytes(
        _ body: (UnsafeMutableRawBufferPointer) throws(Errno) -> Int
    ) throws(Errno) {
        try unsafe withUnsafeMutableBytes { bytes, initialized throws(Errno) in
            let free = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[initialized...])
            let count = try unsafe body(free)
            precondition(count <= free.count, "the kernel wrote more than it was asked for")
            initialized += count
        }
    }
}
