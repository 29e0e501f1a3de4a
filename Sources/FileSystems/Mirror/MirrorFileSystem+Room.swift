internal import CRingFUSE
internal import RingFUSE
internal import SystemPackage

// Whose room in the source is taken. It matters to a root server alone, and only where the source is short of it.

extension MirrorFileSystem {
    /// Calls `body`, which may take some blocks for names or attributes, on the caller's behalf.
    ///
    /// - Parameter node: a file of the file system in question.
    /// - Throws: what `body` throws.
    func filling<Result>(
        _ node: MirrorNode,
        _ context: borrowing RequestContext,
        _ body: () throws(Errno) -> Result
    ) throws(Errno) -> Result {
        guard caller.isRoot, context.tellsUser, context.userID != 0,
            room.isScarce(for: 1 << 20, isElsewhere: room.isElsewhere(node.identity))
        else { return try body() }
        return try caller.fill(as: MirrorUser(context), body)
    }

    /// Who is to have room for content, where the source may be short of it; nil for the server itself.
    ///
    /// - Parameters:
    ///   - isFromCache: whether the kernel writes back what somebody has written or stored to a mapping before: it does
    ///     not tell who. Then it is whoever has opened the file, as it is with NFS.
    func payer(
        of file: OpenFile,
        _ traits: MirrorOpenFiles.Traits,
        bytes: UInt64,
        isFromCache: Bool,
        _ context: borrowing RequestContext
    ) -> MirrorUser? {
        let isKnown = !isFromCache && context.tellsUser
        guard caller.isRoot, !isKnown || context.userID != 0,
            room.isScarce(for: bytes, isElsewhere: traits.contains(.isElsewhere))
        else { return nil }
        return isKnown ? MirrorUser(context) : openers.opener(of: file.handle)
    }

    /// Asynchronous I/O that takes room on somebody's behalf: on threads, since a ring's are the worker's own.
    func engine(for payer: MirrorUser) -> ThreadPoolIO {
        let caller = caller
        return ThreadPoolIO(pool) { call in Self.result(of: call, as: payer, caller) }
    }

    /// The result of a system call that takes room, or -errno.
    static func result(of call: () -> Int, as payer: MirrorUser?, _ caller: MirrorCaller) -> Int {
        do throws(Errno) {
            return try caller.fill(as: payer) { () throws(Errno) in call() }
        } catch {
            return -Int(error.rawValue)
        }
    }
}

extension RequestContext {
    /// Whether the kernel tells who the caller is. On mounts that may be idmapped it does only of who makes a file
    /// (`FUSE_INVALID_UIDGID`, Linux 6.12).
    var tellsUser: Bool { userID != .max }
}
