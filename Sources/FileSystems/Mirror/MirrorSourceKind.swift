internal import CRingFUSE

/// What a file system is made of, and so whom a call on it waits for.
enum MirrorSourceKind: Sendable {
    /// The machine's memory: nobody.
    case memory
    /// A disk, presumably: rarely anybody, and then not for long.
    case local
    /// Another machine, or a server in user space: maybe this very one.
    case remote

    /// The kind of the file system that a descriptor is on, by its type (`f_type`). It is asked; not on a worker.
    init(of descriptor: CInt) {
        let type = UInt32(truncatingIfNeeded: rfuse_file_system_type(descriptor))
        if Self.memoryTypes.contains(type) {
            self = .memory
        } else if Self.remoteTypes.contains(type) {
            self = .remote
        } else {
            self = .local
        }
    }

    /// tmpfs, ramfs.
    private static let memoryTypes: Set<UInt32> = [0x0102_1994, 0x8584_58f6]

    /// FUSE, NFS, SMB (three numbers), 9P, Ceph, AFS (two), Coda, OCFS2, GFS2, Lustre, autofs.
    private static let remoteTypes: Set<UInt32> = [
        0x6573_5546, 0x6969, 0xff53_4d42, 0xfe53_4d42, 0x517b, 0x0102_1997, 0x00c3_6400, 0x5346_414f, 0x6b41_4653,
        0x7375_7245, 0x7461_636f, 0x0116_1970, 0x0bd0_0bd0, 0x0187,
    ]
}
