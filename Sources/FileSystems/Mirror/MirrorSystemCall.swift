internal import CRingFUSE
internal import RingFUSE
internal import SystemPackage

/// Turns the negated errno of a system call into a thrown one.
///
/// - Returns: the result, not negative.
@discardableResult
func checked(_ result: Int) throws(Errno) -> Int {
    guard result >= 0 else { throw Errno(rawValue: CInt(-result)) }
    return result
}

/// What the kernel tells of the file that a descriptor stands for.
func status(of descriptor: CInt) throws(Errno) -> rfuse_status {
    var status = rfuse_status()
    try checked(unsafe rfuse_status(descriptor, &status))
    return status
}

extension Attributes {
    /// Attributes as the source tells them, but for the inode number.
    init(_ status: rfuse_status, inode: UInt64) {
        self.init(
            node: NodeID(inode),
            mode: NodeMode(rawValue: status.mode),
            size: status.size,
            linkCount: status.links,
            userID: status.user,
            groupID: status.group
        )
        blocks = status.blocks
        accessTime = Timestamp(seconds: status.access_seconds, nanoseconds: status.access_nanoseconds)
        modificationTime = Timestamp(seconds: status.modification_seconds, nanoseconds: status.modification_nanoseconds)
        changeTime = Timestamp(seconds: status.change_seconds, nanoseconds: status.change_nanoseconds)
        device = status.special_device
        blockSize = status.block_size
    }
}

extension Name {
    /// Calls `body` with the name as a C string that is one component of a path and goes down, never up or across.
    ///
    /// The kernel sends nothing else; the check is what keeps a request from leaving the source.
    /// - Throws: `EINVAL` for an empty name, `.`, `..`, and one with a slash or a NUL in it.
    func withComponent<Result>(
        _ body: (UnsafePointer<CChar>) throws(Errno) -> Result
    ) throws(Errno) -> Result {
        guard count > 0, !isDotOrDotDot else { throw .invalidArgument }
        for index in 0..<count where bytes[index] == UInt8(ascii: "/") || bytes[index] == 0 { throw .invalidArgument }
        return try unsafe withCString(body)
    }
}
