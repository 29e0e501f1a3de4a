import CRingFUSE

extension Opcode {
    /// Size in bytes of the fixed structure that comes first in a request, 0 when there is none.
    ///
    /// Over /dev/fuse names and data follow it at once; over the ring it is in the entry's header and they are in the
    /// payload. Since 7.12 no structure but these two has changed its size: INIT grew in 7.36, SETXATTR's depends on
    /// what was agreed on.
    ///
    /// - Parameters:
    ///   - minor: the minor version agreed on (for INIT itself: the kernel's).
    ///   - hasExtendedSetXattr: whether `FUSE_SETXATTR_EXT` was agreed on.
    package func argumentSize(minor: UInt32, hasExtendedSetXattr: Bool) -> Int {
        switch self {
        case .setExtendedAttribute:
            hasExtendedSetXattr ? MemoryLayout<fuse_setxattr_in>.size : Int(FUSE_COMPAT_SETXATTR_IN_SIZE)
        case .initialize:
            minor >= 36 ? MemoryLayout<fuse_init_in>.size : InitRequest.compatibleSize
        case .lookUp, .readLink, .symbolicLink, .unlink,
            .removeDirectory, .statFS, .removeExtendedAttribute, .destroy, .notifyReply:
            0
        case .forget:
            MemoryLayout<fuse_forget_in>.size
        case .getAttributes:
            MemoryLayout<fuse_getattr_in>.size
        case .setAttributes:
            MemoryLayout<fuse_setattr_in>.size
        case .makeNode:
            MemoryLayout<fuse_mknod_in>.size
        case .makeDirectory:
            MemoryLayout<fuse_mkdir_in>.size
        case .rename:
            MemoryLayout<fuse_rename_in>.size
        case .link:
            MemoryLayout<fuse_link_in>.size
        case .open, .openDirectory:
            MemoryLayout<fuse_open_in>.size
        case .read, .readDirectory, .readDirectoryPlus:
            MemoryLayout<fuse_read_in>.size
        case .write:
            MemoryLayout<fuse_write_in>.size
        case .release, .releaseDirectory:
            MemoryLayout<fuse_release_in>.size
        case .sync, .syncDirectory:
            MemoryLayout<fuse_fsync_in>.size
        case .getExtendedAttribute, .listExtendedAttributes:
            MemoryLayout<fuse_getxattr_in>.size
        case .flush:
            MemoryLayout<fuse_flush_in>.size
        case .getLock, .setLock, .setLockWaiting:
            MemoryLayout<fuse_lk_in>.size
        case .access:
            MemoryLayout<fuse_access_in>.size
        case .create, .temporaryFile:
            MemoryLayout<fuse_create_in>.size
        case .interrupt:
            MemoryLayout<fuse_interrupt_in>.size
        case .blockMap:
            MemoryLayout<fuse_bmap_in>.size
        case .ioctl:
            MemoryLayout<fuse_ioctl_in>.size
        case .poll:
            MemoryLayout<fuse_poll_in>.size
        case .batchForget:
            MemoryLayout<fuse_batch_forget_in>.size
        case .fallocate:
            MemoryLayout<fuse_fallocate_in>.size
        case .rename2:
            MemoryLayout<fuse_rename2_in>.size
        case .seek:
            MemoryLayout<fuse_lseek_in>.size
        case .copyFileRange, .copyFileRange64:
            MemoryLayout<fuse_copy_file_range_in>.size
        case .setUpMapping:
            MemoryLayout<fuse_setupmapping_in>.size
        case .removeMapping:
            MemoryLayout<fuse_removemapping_in>.size
        case .syncFS:
            MemoryLayout<fuse_syncfs_in>.size
        case .statx:
            MemoryLayout<fuse_statx_in>.size
        case .cuseInitialize:
            MemoryLayout<cuse_init_in>.size
        }
    }
}
