internal import CRingFUSE
internal import Glibc
internal import RingFUSE
internal import SystemPackage

/// Makes and fills files on behalf of those who asked for them.
///
/// As root, the thread takes the caller's file-system user and group for the one call that makes the file. So it
/// belongs to its owner from the start: it counts against the right quota, and no chown clears its set-user-ID bit or
/// overrides the group that a set-group-ID directory gives. Of root's powers the thread keeps three, which stand for
/// what the kernel has checked on the mount already: there it knows the caller's supplementary groups and capabilities,
/// and here nobody does. They let it make names where only a supplementary group gives the right to, keep a
/// set-group-ID bit that only such a group allows, and make device nodes.
///
/// What takes room in files that are there is done as the caller too where the source may be short of it
/// (``MirrorRoom``), but with all powers except the one over quotas (`CAP_SYS_RESOURCE`): what has a descriptor, or
/// has passed the kernel's checks, is not to be refused here for another reason.
///
/// A server that is not root makes and fills files as itself.
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
        return try impersonating(MirrorUser(context), RFUSE_MAKES, body)
    }

    /// Calls `body`, which takes room in the source, as somebody whose room that is.
    ///
    /// - Parameters:
    ///   - user: nil for the server itself.
    ///   - body: must not suspend; only its thread has changed.
    /// - Throws: what `body` throws; `EPERM` where the server may not be that user (user namespaces).
    func fill<Result>(
        as user: MirrorUser?,
        _ body: () throws(Errno) -> Result
    ) throws(Errno) -> Result {
        guard let user else { return try body() }
        return try impersonating(user, RFUSE_FILLS, body)
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
        try impersonating(MirrorUser(context), RFUSE_ASKS, body)
    }

    /// Calls `body` as somebody.
    private func impersonating<Result>(
        _ user: MirrorUser,
        _ deed: rfuse_deed,
        _ body: () throws(Errno) -> Result
    ) throws(Errno) -> Result {
        guard isRoot, user.userID != userID || user.groupID != groupID else { return try body() }
        var own = rfuse_identity()
        try checked(unsafe rfuse_become(user.userID, user.groupID, deed, &own))
        defer { unsafe rfuse_become_again(&own) }
        return try body()
    }
}

/// Somebody on whose behalf something is done.
struct MirrorUser: Sendable, Equatable {
    /// The file-system user and group.
    let userID: UInt32
    let groupID: UInt32

    /// Whoever makes a request.
    init(_ context: borrowing RequestContext) {
        userID = context.userID
        groupID = context.groupID
    }
}
