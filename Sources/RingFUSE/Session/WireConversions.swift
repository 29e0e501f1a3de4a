import CRingFUSE
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
            flags: 0)
    }
}

extension fuse_attr_out {
    init(_ reply: AttributesReply) {
        self.init(
            attr_valid: reply.lifetime.seconds,
            attr_valid_nsec: reply.lifetime.nanoseconds,
            dummy: 0,
            attr: fuse_attr(reply.attributes))
    }
}

extension fuse_entry_out {
    init(_ entry: Entry) {
        self.init(
            nodeid: entry.node.rawValue,
            generation: entry.generation,
            entry_valid: entry.nameLifetime.seconds,
            attr_valid: entry.attributesLifetime.seconds,
            entry_valid_nsec: entry.nameLifetime.nanoseconds,
            attr_valid_nsec: entry.attributesLifetime.nanoseconds,
            attr: fuse_attr(entry.attributes))
    }
}

extension fuse_open_out {
    init(_ reply: OpenReply) {
        self.init(fh: reply.handle.rawValue, open_flags: reply.options.rawValue, backing_id: 0)
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
        mode = request.mode.map(FileMode.init(rawValue:))
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

extension FileType {
    /// The type as `readdir` spells it (`DT_*`): the upper bits of the mode, shifted down.
    var directoryType: UInt32 { rawValue >> 12 }
}
