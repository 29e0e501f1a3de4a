package import CRingFUSE
import FUSEProtocol

// Between the values that backends speak in and the structures of the ABI.

extension fuse_attr {
    init(_ attributes: Attributes) {
        self.init(
            ino: attributes.inode,
            size: attributes.size,
            blocks: attributes.blocks,
            atime: UInt64(bitPattern: attributes.accessTime.seconds),
            mtime: UInt64(bitPattern: attributes.modificationTime.seconds),
            ctime: UInt64(bitPattern: attributes.changeTime.seconds),
            atimensec: attributes.accessTime.nanoseconds,
            mtimensec: attributes.modificationTime.nanoseconds,
            ctimensec: attributes.changeTime.nanoseconds,
            mode: attributes.mode.rawValue,
            nlink: attributes.linkCount,
            uid: attributes.userID,
            gid: attributes.groupID,
            rdev: attributes.device,
            blksize: attributes.blockSize,
            flags: attributes.isSubmountRoot ? FUSE_ATTR_SUBMOUNT : 0)
    }
}

extension fuse_attr_out {
    package init(_ reply: AttributesReply) {
        self.init(
            attr_valid: reply.lifetime.seconds,
            attr_valid_nsec: reply.lifetime.nanoseconds,
            dummy: 0,
            attr: fuse_attr(reply.attributes))
    }
}

extension fuse_entry_out {
    package init(_ entry: Entry) {
        self.init(
            nodeid: entry.node.rawValue,
            // The kernel made the root's inode before it asked, with generation 0. Another one would make that
            // inode bad for good (`fuse_iget` before Linux 6.9).
            generation: entry.node == .root ? 0 : entry.generation,
            entry_valid: entry.nameLifetime.seconds,
            attr_valid: entry.attributesLifetime.seconds,
            entry_valid_nsec: entry.nameLifetime.nanoseconds,
            attr_valid_nsec: entry.attributesLifetime.nanoseconds,
            attr: fuse_attr(entry.attributes))
    }
}

extension fuse_open_out {
    init(_ reply: OpenReply) {
        let passthrough = reply.backingID == 0 ? 0 : FOPEN_PASSTHROUGH
        self.init(
            fh: reply.handle.rawValue, open_flags: reply.options.rawValue | passthrough, backing_id: reply.backingID)
    }
}

extension fuse_statfs_out {
    init(_ statistics: FileSystemStatistics) {
        self.init()
        st.blocks = statistics.blocks
        st.bfree = statistics.freeBlocks
        st.bavail = statistics.availableBlocks
        st.files = statistics.nodes
        st.ffree = statistics.freeNodes
        st.bsize = statistics.preferredIOSize
        st.frsize = statistics.blockSize
        st.namelen = statistics.longestName
    }
}

extension AttributeChanges {
    init(_ request: SetAttributesRequest) {
        self.init()
        mode = request.mode.map(NodeMode.init(rawValue:))
        userID = request.uid
        groupID = request.gid
        size = request.size
        accessTime = request.accessTime.map(TimeChange.init)
        modificationTime = request.modificationTime.map(TimeChange.init)
        if case .to(let time) = request.changeTime.map(TimeChange.init) { changeTime = time }
        killsPrivileges = request.killsSetID
    }
}

extension TimeChange {
    init(_ time: SetAttributesRequest.Time) {
        switch time {
        case .now: self = .now
        case .at(let seconds, let nanoseconds): self = .to(Timestamp(seconds: seconds, nanoseconds: nanoseconds))
        }
    }
}

extension NodeType {
    /// The type as `readdir` spells it (`DT_*`): the upper bits of the mode, shifted down.
    var directoryType: UInt32 { rawValue >> 12 }
}

extension fuse_statx_out {
    init(_ details: DetailedAttributesReply) {
        let attributes = details.reply.attributes
        self.init()
        attr_valid = details.reply.lifetime.seconds
        attr_valid_nsec = details.reply.lifetime.nanoseconds
        stat.mask = UInt32(FUSE_STATX_BASIC_STATS) | (details.birthTime == nil ? 0 : UInt32(FUSE_STATX_BTIME))
        stat.blksize = attributes.blockSize
        stat.nlink = attributes.linkCount
        stat.uid = attributes.userID
        stat.gid = attributes.groupID
        stat.mode = UInt16(truncatingIfNeeded: attributes.mode.rawValue)
        stat.ino = attributes.inode
        stat.size = attributes.size
        stat.blocks = attributes.blocks
        stat.atime = fuse_sx_time(attributes.accessTime)
        stat.mtime = fuse_sx_time(attributes.modificationTime)
        stat.ctime = fuse_sx_time(attributes.changeTime)
        if let birthTime = details.birthTime { stat.btime = fuse_sx_time(birthTime) }
        // `new_encode_dev`: minor 0-7, major 8-19, minor 8-19.
        stat.rdev_major = (attributes.device >> 8) & 0xfff
        stat.rdev_minor = (attributes.device & 0xff) | ((attributes.device >> 12) & 0xfff00)
    }
}

extension fuse_sx_time {
    init(_ time: Timestamp) {
        self.init(tv_sec: time.seconds, tv_nsec: time.nanoseconds, __reserved: 0)
    }
}
