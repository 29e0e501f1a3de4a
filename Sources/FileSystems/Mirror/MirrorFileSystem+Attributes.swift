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
        let node = try nodes.node(node)
        defer { withExtendedLifetime(node) {} }
        return try reply(of: node.descriptor)
    }

    /// What `statx` tells (STATX): attributes with the time of birth, where the source's file system keeps it.
    public func detailedAttributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> DetailedAttributesReply {
        let status: rfuse_status
        if let handle {
            status = try FileSystems.status(of: files.descriptor(of: handle))
        } else {
            let node = try nodes.node(node)
            defer { withExtendedLifetime(node) {} }
            status = try FileSystems.status(of: node.descriptor)
        }
        let birth = Timestamp(seconds: status.birth_seconds, nanoseconds: status.birth_nanoseconds)
        let reply = AttributesReply(attributes(status), lifetime: options.attributesLifetime)
        return DetailedAttributesReply(reply, birthTime: status.has_birth == 0 ? nil : birth)
    }

    /// Changes attributes (SETATTR).
    ///
    /// In an order in which no change undoes another: a change of owner or size clears set-user-ID bits, which a mode
    /// may set, and both change the times. The time of change can't be set; the source's file system keeps it.
    ///
    /// A request that names no change is `chown` to nobody, or what the kernel sends before `fallocate` by somebody who
    /// may not keep set-user-ID bits: both clear them and change the time of change.
    public func setAttributes(
        _ changes: AttributeChanges,
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply {
        let node = try nodes.node(node)
        defer { withExtendedLifetime(node) {} }
        return try filling(node, context) { () throws(Errno) in
            try setAttributes(changes, of: node, handle, context)
        }
    }

    /// Changes attributes.
    private func setAttributes(
        _ changes: AttributeChanges,
        of node: MirrorNode,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply {
        let others = changes.mode != nil || changes.size != nil
        let setsTimes = changes.accessTime != nil || changes.modificationTime != nil
        let changesOwner = changes.userID != nil || changes.groupID != nil || !(others || setsTimes)
        // By the group that the file has before it gets another.
        let privileges =
            try changes.killsPrivileges || changesOwner ? self.privileges(of: node.descriptor, context) : nil
        if changesOwner {
            try checked(
                rfuse_change_owner(node.descriptor, changes.userID ?? .max, changes.groupID ?? .max)
            )
        }
        if let privileges { try clear(privileges, of: node.descriptor) }
        if let size = changes.size {
            if let handle {
                try checked(rfuse_truncate(files.descriptor(of: handle), size))
            } else {
                try checked(rfuse_truncate_path(node.descriptor, size))
            }
        }
        // Of a symbolic link, `EOPNOTSUPP`: Linux keeps no mode of those.
        if let mode = changes.mode { try checked(rfuse_change_mode(node.descriptor, mode.permissions)) }
        if setsTimes { try setTimes(changes, of: node.descriptor) }
        return try reply(of: node.descriptor)
    }

    /// Sets the times that are to change.
    private func setTimes(_ changes: AttributeChanges, of descriptor: CInt) throws(Errno) {
        let access = Self.seconds(changes.accessTime)
        let modification = Self.seconds(changes.modificationTime)
        try checked(
            rfuse_change_times(
                descriptor,
                access.seconds,
                access.nanoseconds,
                modification.seconds,
                modification.nanoseconds
            )
        )
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
        defer { withExtendedLifetime(node) {} }
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
        defer { withExtendedLifetime(node) {} }
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
        let node = try nodes.node(node)
        defer { withExtendedLifetime(node) {} }
        try checked(unsafe rfuse_statistics(node.descriptor, &source))
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

    /// Clears the set-user-ID and set-group-ID bits of a regular file that somebody changes who may not keep them.
    ///
    /// The source's file system does not clear them for root, whatever the caller is. It does drop
    /// `security.capability` itself, and clears the bits too where the server is not root.
    ///
    /// The kernel has to be told: of what a WRITE or an OPEN may change, it takes the mode to stay (`FUSE_STATX_MODIFY`
    /// in fs/fuse, since 5.16), and would run the program with its old bits for as long as attributes are believed.
    func clearPrivileges(of descriptor: CInt, _ node: NodeID, _ context: borrowing RequestContext) throws(Errno) {
        guard let privileges = try privileges(of: descriptor, context) else { return }
        try clear(privileges, of: descriptor)
        // Refused only where the session ends or tens of thousands of notifications wait.
        try? notifier?.invalidate(node, from: -1)
    }

    /// The bits to clear; `nil` for none.
    private func privileges(of descriptor: CInt, _ context: borrowing RequestContext) throws(Errno) -> UInt32? {
        guard caller.isRoot else { return nil }
        let status = try status(of: descriptor)
        let mode = NodeMode(rawValue: status.mode)
        guard mode.type == .regular, mode.permissions & 0o6000 != 0 else { return nil }
        var bits = mode.permissions & 0o6000
        // Set-group-ID without the group's execute bit meant mandatory locks; the group's members keep it.
        if bits & 0o2000 != 0, mode.permissions & 0o010 == 0 {
            if context.userID == 0 || caller.isIn(status.group, context) { bits &= ~0o2000 }
        }
        return bits == 0 ? nil : bits
    }

    /// Clears bits of the mode as it is now.
    private func clear(_ bits: UInt32, of descriptor: CInt) throws(Errno) {
        let mode = try status(of: descriptor).mode
        guard mode & bits != 0 else { return }
        try checked(rfuse_change_mode(descriptor, mode & 0o7777 & ~bits))
    }

    /// The attributes of what a descriptor stands for.
    private func reply(of descriptor: CInt) throws(Errno) -> AttributesReply {
        AttributesReply(attributes(try status(of: descriptor)), lifetime: options.attributesLifetime)
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
