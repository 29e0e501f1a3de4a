internal import RingFUSE
internal import Synchronization

/// Who has opened files for writing, other than root.
///
/// Any thread may call anything.
final class MirrorOpeners: Sendable {
    private let users = Mutex<[HandleID: MirrorUser]>([:])

    /// Notes who has opened a file.
    func opened(_ handle: HandleID, _ flags: OpenFlags, _ context: borrowing RequestContext) {
        guard context.userID != 0, context.tellsUser, flags.allowsWriting else { return }
        let user = MirrorUser(context)
        users.withLock { $0[handle] = user }
    }

    /// Who has opened a file; nil for root.
    func opener(of handle: HandleID) -> MirrorUser? { users.withLock { $0[handle] } }

    /// Forgets who has opened a file.
    func closed(_ handle: HandleID) {
        users.withLock { users in
            if !users.isEmpty { users[handle] = nil }
        }
    }

    /// Forgets all of them.
    func removeAll() { users.withLock { $0.removeAll() } }
}
