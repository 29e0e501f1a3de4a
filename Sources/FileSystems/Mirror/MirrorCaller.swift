internal import CRingFUSE
internal import Glibc
internal import RingFUSE
internal import SystemPackage

/// Makes files on behalf of those who asked for them.
///
/// As root, the thread takes the caller's file-system user and group for the one call that makes the file. So it
/// belongs to its owner from the start: it counts against the right quota, and no chown clears its set-user-ID bit or
/// overrides the group that a set-group-ID directory gives. Taking another user costs the thread some of root's powers.
/// It takes three of them back, which stand for what the kernel has checked on the mount already: there it knows the
/// caller's supplementary groups and capabilities, and here nobody does. They let it make names where only a
/// supplementary group gives the right to, keep a set-group-ID bit that only such a group allows, and make device
/// nodes.
///
/// A server that is not root makes files as itself.
struct MirrorCaller: Sendable {
    /// The server's own user and group.
    private let userID = geteuid()
    private let groupID = getegid()

    /// Whether the server is root.
    var isRoot: Bool { userID == 0 }

    /// Calls `body`, which makes a file, as the caller and with the caller's umask.
    ///
    /// - Parameters:
    ///   - umask: the caller's. In a directory with a default ACL the source's file system does not apply it; in
    ///     others it does, once more where the kernel has done so already.
    ///   - body: must not suspend; only its thread has changed.
    /// - Throws: what `body` throws; `EPERM` where the server may not be that user (user namespaces).
    func make<Result>(
        for context: borrowing RequestContext,
        umask: UInt32 = 0,
        _ body: () throws(Errno) -> Result
    ) throws(Errno) -> Result {
        // The thread's own, so that what the rest of the process makes meanwhile is not left open to all. Where a
        // sandbox forbids that (unshare), files may come with fewer permissions than asked for.
        let own = rfuse_set_thread_umask(umask & 0o777)
        defer { if own >= 0 { _ = rfuse_set_thread_umask(CUnsignedInt(own)) } }
        return try impersonating(context, keepsPowers: true, body)
    }

    /// Whether the caller is in a group, be it a supplementary one; false where that is not to be found out.
    ///
    /// The groups come from `/proc`: requests do not carry them. The caller waits for its answer meanwhile.
    func isIn(_ group: UInt32, _ context: borrowing RequestContext) -> Bool {
        if context.groupID == group { return true }
        return context.processID != 0 && rfuse_process_has_group(context.processID, group) == 1
    }

    /// Calls `body` with the caller's permissions, as far as user and group give any.
    func check(for context: borrowing RequestContext, _ body: () throws(Errno) -> Void) throws(Errno) {
        try impersonating(context, keepsPowers: false, body)
    }

    /// Calls `body` as the caller.
    private func impersonating<Result>(
        _ context: borrowing RequestContext,
        keepsPowers: Bool,
        _ body: () throws(Errno) -> Result
    ) throws(Errno) -> Result {
        guard isRoot, context.userID != userID || context.groupID != groupID else { return try body() }
        try checked(rfuse_become(context.userID, context.groupID, keepsPowers ? 1 : 0))
        defer { rfuse_become_again(userID, groupID) }
        return try body()
    }
}
