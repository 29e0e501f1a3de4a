internal import CRingFUSE
internal import Glibc
internal import RingFUSE
internal import SystemPackage

/// Makes files on behalf of those who asked for them.
///
/// As root, the thread takes the caller's file-system user and group for the one call that makes the file. So it
/// belongs to its owner from the start: it counts against the right quota, and no chown clears its set-user-ID bit or
/// overrides the group that a set-group-ID directory gives. Taking another user costs the thread root's power
/// over permission bits, which it takes back: the kernel has checked them on the mount already, where it knows the
/// caller's supplementary groups, and here nobody does. The other powers (device nodes, set-group-ID for groups one is
/// not in) stay lost for the while.
///
/// A server that is not root makes files as itself.
struct MirrorCaller: Sendable {
    /// The server's own user and group.
    private let userID = geteuid()
    private let groupID = getegid()

    /// Whether the server is root.
    var isRoot: Bool { userID == 0 }

    /// Calls `body`, which makes a file, as the caller and without a umask.
    ///
    /// - Parameter body: must not suspend; only its thread has changed.
    /// - Throws: what `body` throws; `EPERM` where the server may not be that user (user namespaces).
    func make<Result>(
        for context: borrowing RequestContext,
        _ body: () throws(Errno) -> Result
    ) throws(Errno) -> Result {
        // The kernel has applied the caller's umask; ours has no business here. It is the thread's own, so that
        // what the rest of the process makes meanwhile is not left open to all. Where a sandbox forbids that
        // (unshare), files may come with fewer permissions than asked for.
        let umask = rfuse_set_thread_umask(0)
        defer { if umask >= 0 { _ = rfuse_set_thread_umask(CUnsignedInt(umask)) } }
        return try impersonating(context, overridesPermissions: true, body)
    }

    /// Calls `body` with the caller's permissions, as far as user and group give any.
    func check(for context: borrowing RequestContext, _ body: () throws(Errno) -> Void) throws(Errno) {
        try impersonating(context, overridesPermissions: false, body)
    }

    /// Calls `body` as the caller.
    private func impersonating<Result>(
        _ context: borrowing RequestContext,
        overridesPermissions: Bool,
        _ body: () throws(Errno) -> Result
    ) throws(Errno) -> Result {
        guard isRoot, context.userID != userID || context.groupID != groupID else { return try body() }
        try checked(rfuse_become(context.userID, context.groupID, overridesPermissions ? 1 : 0))
        defer { rfuse_become_again(userID, groupID) }
        return try body()
    }
}
