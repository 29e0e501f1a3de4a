import FUSEProtocol
import Synchronization
public import SystemPackage

/// Tells the kernel, unasked, that what it caches has changed.
///
/// A notification can wait for a lock that the caller of a request holds, or for a page that a request is to fill, so
/// that sending one from whoever serves the request would deadlock. Here that cannot happen: methods only queue, one
/// thread of the notifier's own writes to /dev/fuse, in order, and nothing tells a request when that is done
/// (`docs/decisions/0013-notifications-are-queued.md`). What cannot be waited for cannot be waited for in vain.
///
/// What the kernel does not cache it need not be told of, and nobody hears of that: a method that returns says that the
/// notification is queued. Other refusals of the kernel's are logged, once for each kind, at the level debug.
public final class Notifier: Sendable {
    private let queue: NotificationQueue
    private let retrievals = Retrievals()
    private let terms = Mutex(NotificationTerms())

    /// A notifier of a connection that is gone: all it is told fails with `ENOTCONN`.
    package static let disconnected = {
        let notifier = Notifier(device: FileDescriptor(rawValue: -1))
        notifier.close()
        return notifier
    }()

    /// A notifier on a connection. Its thread starts with the first notification.
    ///
    /// - Parameter onEvent: gets what the kernel refused; called on the notifier's thread.
    package init(device: FileDescriptor, onEvent: @escaping @Sendable (WorkerEvent) -> Void = { _ in }) {
        queue = NotificationQueue(device: device, onEvent: onEvent)
    }

    /// Takes over what was agreed with the kernel, before any backend gets to know the notifier.
    func agree(_ agreed: NegotiatedSession, usesRing: Bool) {
        terms.withLock { $0 = NotificationTerms(agreed, usesRing: usesRing) }
    }

    // MARK: What has changed

    /// Drops what the kernel caches of a node: its attributes, and a range of its content
    /// (`FUSE_NOTIFY_INVAL_INODE`). What is dirty there is written back first.
    ///
    /// - Parameters:
    ///   - offset: first byte; negative leaves the content alone.
    ///   - length: bytes; 0 reaches to the end.
    /// - Throws: `EAGAIN` where too many notifications wait, `ENOTCONN` where the session has ended.
    public func invalidate(_ node: NodeID, from offset: Int64 = 0, length: Int64 = 0) throws(Errno) {
        try send(.invalidateInode) { (output: inout OutputRawSpan) throws(WireError) in
            try NotificationEncoder.invalidateInode(node.rawValue, offset: offset, length: length, to: &output)
        }
    }

    /// Drops all that the kernel caches of a node, as ``invalidate(_:from:length:)`` does, and waits until it is dropped.
    ///
    /// A request may only wait for that, for as long as it takes, where its caller holds nothing in the kernel that a notification could
    /// wait for: that is the case with those for locks (SETLK, SETLKW) and with no others. And in each queue one entry at least must be left to the
    /// requests that this notification, and those queued before it, may wait for
    /// (`docs/decisions/0041-locks-across-hosts.md`).
    ///
    /// - Throws: `EAGAIN`, `ENOTCONN`, also when the session ends meanwhile; what else the kernel refuses it with.
    package func dropContent(of node: NodeID) async throws(Errno) {
        let failure: Errno? = await withCheckedContinuation { continuation in
            do throws(Errno) {
                try dropContent(of: node, in: 0..<0) { continuation.resume(returning: $0) }
            } catch {
                continuation.resume(returning: error)
            }
        }
        if let failure { throw failure }
    }

    /// Drops what the kernel caches of a node, and tells when it is dropped.
    ///
    /// - Parameters:
    ///   - range: what of its content, in bytes; all where it is empty.
    ///   - onOutcome: called once, on the notifier's thread: with `nil` once it is dropped, or with why it is not.
    /// - Throws: `EAGAIN`, `ENOTCONN`; then `onOutcome` is not called.
    package func dropContent(
        of node: NodeID,
        in range: Range<UInt64>,
        onOutcome: @escaping @Sendable (Errno?) -> Void
    ) throws(Errno) {
        // ENOENT: it caches nothing, which is what was wanted.
        let told = { @Sendable (failure: Errno?) in onOutcome(failure == .noSuchFileOrDirectory ? nil : failure) }
        try send(.invalidateInode, onOutcome: told) { (output: inout OutputRawSpan) throws(WireError) in
            try NotificationEncoder.invalidateInode(
                node.rawValue, offset: Int64(range.lowerBound), length: Int64(range.count), to: &output)
        }
    }

    /// Tells the kernel that a file has at least so many bytes.
    ///
    /// There is no notification for it, and the kernel disbelieves the answer to a GETATTR that was under way while somebody else wrote
    /// to the file: a read then ends where the file ended before (`fuse_change_attributes`, `attr_version`; fs/fuse/inode.c). What is stored in
    /// the page cache, though, belongs to the file: `fuse_notify_store` (fs/fuse/dev.c) first raises the size, then copies. So a byte is
    /// stored that cannot be copied, which leaves the page as it is.
    ///
    /// - Parameter onOutcome: called once, on the notifier's thread, when the kernel has been told, or refuses to be.
    /// - Throws: `EAGAIN`, `ENOTCONN`; `EINVAL` for no size, and for one beyond 2^63 - 1. Then `onOutcome` is not called.
    package func extend(
        _ node: NodeID,
        to size: UInt64,
        onOutcome: @escaping @Sendable (Errno?) -> Void = { _ in }
    ) throws(Errno) {
        guard size > 0, size <= UInt64(Int64.max) else { throw .invalidArgument }
        try send(.store, missing: 1, onOutcome: onOutcome) { (output: inout OutputRawSpan) throws(WireError) in
            try NotificationEncoder.storeHead(node: node.rawValue, offset: size - 1, dataByteCount: 1, to: &output)
        }
    }

    /// Drops a name that the kernel caches (`FUSE_NOTIFY_INVAL_ENTRY`).
    ///
    /// - Parameter expiresOnly: only have it asked for again, and keep what is mounted below or open
    ///   (`FUSE_HAS_EXPIRE_ONLY`, kernel 6.2).
    /// - Throws: `EAGAIN`, `ENOTCONN`, `EINVAL` for what is no name; `EOPNOTSUPP` with `expiresOnly` where the kernel
    ///   does not know that: it would drop the name altogether.
    public func invalidate(_ name: StoredName, in directory: NodeID, expiresOnly: Bool = false) throws(Errno) {
        if expiresOnly { try require { $0.canExpireNames } }
        try send(.invalidateEntry, capacity: Self.fixedSize + name.bytes.count) {
            (output: inout OutputRawSpan) throws(WireError) in
            try NotificationEncoder.invalidateEntry(
                parent: directory.rawValue, name: name.bytes.span, expiresOnly: expiresOnly, to: &output)
        }
    }

    /// Tells that a name has been removed by others (`FUSE_NOTIFY_DELETE`): drops it, and the node with it, so that who
    /// watches the file hears of it (`IN_DELETE_SELF`). Who watches the directory alone does not: the kernel does not
    /// tell them.
    ///
    /// Nothing happens where the name means another node meanwhile, is mounted on, or is a directory that is not empty.
    ///
    /// - Throws: `EAGAIN`, `ENOTCONN`, `EINVAL` for what is no name.
    public func deleted(_ name: StoredName, of node: NodeID, in directory: NodeID) throws(Errno) {
        try send(.delete, capacity: Self.fixedSize + name.bytes.count) {
            (output: inout OutputRawSpan) throws(WireError) in
            try NotificationEncoder.delete(
                parent: directory.rawValue, child: node.rawValue, name: name.bytes.span, to: &output)
        }
    }

    /// Has the kernel ask again for every name that it caches, as it meets them (`FUSE_NOTIFY_INC_EPOCH`, ABI 7.44,
    /// kernel 6.16).
    ///
    /// - Throws: `EAGAIN`, `ENOTCONN`, `EOPNOTSUPP` where the kernel does not know that.
    public func increaseEpoch() throws(Errno) {
        try require { $0.hasEpochs }
        try send(.incrementEpoch) { (output: inout OutputRawSpan) throws(WireError) in
            try NotificationEncoder.incrementEpoch(to: &output)
        }
    }

    /// Has the kernel let go of nodes that nobody uses, with their names; it forgets them as it does
    /// (`FUSE_NOTIFY_PRUNE`, ABI 7.45, kernel 6.18). Nodes in use stay.
    ///
    /// - Throws: `EAGAIN`, `ENOTCONN`, `EINVAL` for more than 65,535 nodes, `EOPNOTSUPP` where the kernel does not know
    ///   that.
    public func prune(_ nodes: [NodeID]) throws(Errno) {
        try require { $0.canPrune }
        if nodes.isEmpty { return }
        let numbers = nodes.map(\.rawValue)
        let room = Self.fixedSize + numbers.count * MemoryLayout<UInt64>.size
        try send(.prune, capacity: room) { (output: inout OutputRawSpan) throws(WireError) in
            try NotificationEncoder.prune(numbers.span, to: &output)
        }
    }

    /// Wakes the callers of `poll` that wait for a file (`FUSE_NOTIFY_POLL`).
    ///
    /// A handle is good until its file is closed, and as often as events come; a wake-up for one that is not wakes
    /// nobody.
    ///
    /// - Throws: `EAGAIN`, `ENOTCONN`.
    public func wake(_ handle: PollHandle) throws(Errno) {
        try send(.poll) { (output: inout OutputRawSpan) throws(WireError) in
            try NotificationEncoder.wakePoll(kernelHandle: handle.rawValue, to: &output)
        }
    }

    // MARK: The page cache

    /// Puts content of a node into the kernel's cache (`FUSE_NOTIFY_STORE`), where reads find it until it is dropped.
    ///
    /// It is to be what the backend has there, and within the size that it tells. Pages that are stored in part, other
    /// than at the end of the file, are read from the backend all the same.
    ///
    /// - Parameters:
    ///   - data: copied; at most ``largestStore`` bytes.
    ///   - offset: bytes from the start of the file.
    /// - Throws: `EAGAIN` where too much waits already, `ENOTCONN`; `EINVAL` for more data than that, and for what
    ///   would end beyond 2^63 - 1.
    public func store(_ data: RawSpan, in node: NodeID, at offset: UInt64) throws(Errno) {
        guard data.byteCount <= Self.largestStore, offset <= UInt64(Int64.max) - UInt64(data.byteCount)
        else { throw .invalidArgument }
        if data.byteCount == 0 { return }
        try send(.store, capacity: Self.fixedSize + data.byteCount) { (output: inout OutputRawSpan) throws(WireError) in
            try NotificationEncoder.storeHead(
                node: node.rawValue, offset: offset, dataByteCount: UInt32(data.byteCount), to: &output)
            try output.append(contentsOf: data)
        }
    }

    /// Puts content of a node into the kernel's cache.
    ///
    /// - Throws: as the other one.
    public func store(_ data: [UInt8], in node: NodeID, at offset: UInt64) throws(Errno) {
        try store(RawSpan(_elements: data.span), in: node, at: offset)
    }

    /// Bytes that can be stored in one call.
    public static let largestStore = 16 << 20

    /// Asks for what the kernel caches of a node's content (`FUSE_NOTIFY_RETRIEVE`), what is dirty included.
    ///
    /// The answer waits for all notifications that were queued before, and those may wait for requests. So a request
    /// must not wait for it, and cannot: where its task calls this, or one that inherits from it, that is `EDEADLK`.
    /// Call it from a task of the backend's own, such as one that ``FileSystem/connected(_:)`` made, or a detached one
    /// that no request waits for.
    ///
    /// - Parameters:
    ///   - offset: bytes from the start of the file.
    ///   - length: bytes at the most; no more than about ``Connection/maxWrite`` come.
    /// - Returns: what is cached from `offset` on without a gap; nothing where its first page is not.
    /// - Throws: `EDEADLK`; `ENOENT` where the kernel does not know the node; `EAGAIN` where too many wait; `ENOTCONN`,
    ///   also when the session ends meanwhile; `ECANCELED` when the task is cancelled; `EINVAL` for a negative length
    ///   or an offset beyond 2^63 - 1.
    public func retrieve(_ node: NodeID, at offset: UInt64, length: Int) async throws(Errno) -> [UInt8] {
        guard !RequestMark.isServing else { throw .deadlock }
        guard length >= 0, offset <= UInt64(Int64.max) else { throw .invalidArgument }
        let size = UInt32(clamping: min(length, terms.withLock { $0.largestRetrieval }))
        let number = try retrievals.begin()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard retrievals.wait(for: number, continuation) else { return }
                do throws(Errno) {
                    try send(.retrieve, onOutcome: Self.refusal(of: number, retrievals)) {
                        (output: inout OutputRawSpan) throws(WireError) in
                        try NotificationEncoder.retrieve(
                            unique: number, node: node.rawValue, offset: offset, byteCount: size, to: &output)
                    }
                } catch {
                    retrievals.finish(number, .failure(error))
                }
            }
        } onCancel: {
            retrievals.finish(number, .failure(.canceled))
        }
        return try result.get()
    }

    /// Takes the answer to a retrieval, which comes as a request: on the ring, where there is one.
    func retrieved(_ number: UInt64, _ data: RawSpan) {
        retrievals.finish(number) { .success(unsafe data.withUnsafeBytes { unsafe Array($0) }) }
    }

    /// The answer to a retrieval can't be read.
    func retrievalFailed(_ number: UInt64) { retrievals.finish(number, .failure(.ioError)) }

    // MARK: Requests

    /// Has the kernel send all requests again that it has handed out and that are not answered (`FUSE_NOTIFY_RESEND`,
    /// ABI 7.40, kernel 6.9): for a server that took a connection over from another.
    ///
    /// Each comes as a new request. What still serves the old ones goes on, and its answers are dropped.
    ///
    /// - Throws: `EAGAIN`, `ENOTCONN`; `EOPNOTSUPP` where the kernel does not know that, and on the ring, where it
    ///   looks for requests only among those that were read from /dev/fuse.
    public func resendUnanswered() throws(Errno) {
        try require { $0.canResend }
        try send(.resend) { (output: inout OutputRawSpan) throws(WireError) in
            try NotificationEncoder.resend(to: &output)
        }
    }

    // MARK: Life

    /// Ends the notifier: what still waits is dropped, retrievals fail with `ENOTCONN`, and the write that is under way
    /// is waited for, so that the device can be closed afterwards. The connection has ended, which fails that write if
    /// it waits for anything.
    ///
    /// - Parameter waits: whether to wait for that write.
    package func close(waits: Bool = true) {
        queue.close(waits: waits)
        retrievals.end()
    }

    /// Notifications that were queued so far.
    var count: UInt64 { queue.total }

    private func require(_ condition: (NotificationTerms) -> Bool) throws(Errno) {
        guard condition(terms.withLock { $0 }) else { throw .notSupportedOnSocket }
    }

    /// The fixed parts of any message, and a NUL: 49 bytes at the most. A message takes no more memory than it must:
    /// thousands may wait.
    private static let fixedSize = 64

    private func send(
        _ kind: NotificationKind,
        capacity: Int = fixedSize,
        missing: Int = 0,
        onOutcome: @escaping @Sendable (Errno?) -> Void = { _ in },
        _ encode: (inout OutputRawSpan) throws(WireError) -> Void
    ) throws(Errno) {
        var isEncoded = false
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            var output = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(buffer), initializedCount: 0)
            isEncoded = (try? encode(&output)) != nil
            count = isEncoded ? output.byteCount : 0
        }
        guard isEncoded else { throw .invalidArgument }
        try queue.add(NotificationQueue.Message(kind: kind, bytes: bytes, missing: missing, onOutcome: onOutcome))
    }

    /// What is done where the kernel refuses a retrieval; the answer to others comes later.
    private static func refusal(of number: UInt64, _ retrievals: Retrievals) -> @Sendable (Errno?) -> Void {
        { failure in if let failure { retrievals.finish(number, .failure(failure)) } }
    }
}

/// Which notifications the kernel knows.
struct NotificationTerms: Sendable {
    /// The minor version of the ABI.
    var minor: UInt32 = 0
    /// What was agreed on.
    var flags: InitFlags = []
    /// Whether requests come over io_uring.
    var usesRing = false

    /// Bytes of the largest retrieval. The answer must fit into an entry's payload with what comes before it: on the
    /// ring the kernel drops one that does not, and would leave us waiting.
    var largestRetrieval = 0

    /// Before it is agreed: nothing that not all kernels know.
    init() {}

    /// What follows from what was agreed.
    init(_ agreed: NegotiatedSession, usesRing: Bool) {
        minor = agreed.minor
        flags = agreed.flags
        self.usesRing = usesRing
        largestRetrieval = agreed.payloadCapacity - RetrieveReply.headSize
    }

    /// A name may only expire.
    var canExpireNames: Bool { flags.contains(.expireOnly) }
    /// Names have epochs. There is no flag for it, nor for the next; both are ignored by no kernel, but refused.
    var hasEpochs: Bool { minor >= 44 }
    /// Nodes can be pruned.
    var canPrune: Bool { minor >= 45 }
    /// Requests can be sent again: `fuse_resend` (fs/fuse/dev.c) does not look into the queues of a ring.
    var canResend: Bool { flags.contains(.resend) && !usesRing }
}
