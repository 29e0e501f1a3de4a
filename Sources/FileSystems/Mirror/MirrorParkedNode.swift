internal import CRingFUSE
internal import RingFUSE
internal import SystemPackage

/// A file of the source that the kernel knows and for which no descriptor is kept.
///
/// What its file system calls it (`name_to_handle_at`) leads to it again. Unlike an inode number it is never given to
/// another file, so that a file made in the place of a removed one is not mistaken for it.
struct MirrorParkedNode: Sendable {
    /// What two names of the file have in common, and another file in its place too.
    let identity: MirrorNode.Identity
    /// The file's type.
    let type: NodeType?
    /// The file system's name for it, and that name's kind.
    private let handle: ContiguousArray<UInt8>
    private let handleType: Int32

    /// The file that a descriptor stands for; `nil` where its file system has no such names.
    init?(_ descriptor: CInt, _ status: rfuse_status) {
        var handle = rfuse_handle()
        guard unsafe rfuse_get_handle(descriptor, &handle) >= 0 else { return nil }
        identity = MirrorNode.Identity(status)
        type = NodeMode(rawValue: status.mode).type
        handleType = handle.type
        let size = Int(handle.size)
        self.handle = unsafe withUnsafeBytes(of: &handle.bytes) { unsafe ContiguousArray($0.prefix(size)) }
    }

    /// Whether both are the same file.
    func isSame(as other: MirrorParkedNode) -> Bool {
        handleType == other.handleType && handle == other.handle
    }

    /// A descriptor that stands for the file (`O_PATH`); the caller closes it.
    ///
    /// - Parameter mount: a descriptor of a directory on the same mount.
    /// - Throws: `ESTALE` where the file is gone; `EPERM` without `CAP_DAC_READ_SEARCH`; `EMFILE`.
    func open(on mount: CInt) throws(Errno) -> CInt {
        var raw = rfuse_handle()
        raw.size = UInt32(handle.count)
        raw.type = handleType
        unsafe withUnsafeMutableBytes(of: &raw.bytes) { unsafe $0.copyBytes(from: handle) }
        return CInt(try checked(unsafe rfuse_open_handle(mount, &raw)))
    }
}
