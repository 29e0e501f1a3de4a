import DequeModule
import FUSEProtocol
public import SystemPackage

/// Tells the kernel, unasked, that what it caches has changed.
///
/// A notification can wait for a lock that the caller of a request holds, so sending one from the thread that serves
/// the request deadlocks (fs/fuse/dev.c takes the inode's lock in `fuse_reverse_inval_inode`). Here that cannot happen:
/// methods only queue, and one thread of the notifier's own writes to /dev/fuse, in order.
public final class Notifier: Sendable {
    /// What is queued, encoded.
    private struct Queue {
        var messages = Deque<[UInt8]>()
        var isRunning = false
        var isClosed = false
        var total: UInt64 = 0
    }

    /// Messages that may wait: a bound, so that a backend that notifies faster than the kernel takes it cannot fill memory.
    private static let limit = 65_536

    private let device: FileDescriptor
    private let queue = Monitor(Queue())

    /// A notifier of a connection that is gone: all it is told fails with `ENOTCONN`.
    package static let disconnected = {
        let notifier = Notifier(device: FileDescriptor(rawValue: -1))
        notifier.close()
        return notifier
    }()

    /// A notifier on a connection. Its thread starts with the first notification.
    init(device: FileDescriptor) { self.device = device }

    /// Drops what the kernel caches of a node: its attributes, and a range of its content
    /// (`FUSE_NOTIFY_INVAL_INODE`).
    ///
    /// - Parameters:
    ///   - offset: first byte; negative leaves the content alone.
    ///   - length: bytes; 0 reaches to the end.
    /// - Throws: `EAGAIN` where too many notifications wait, `ENOTCONN` where the session has ended.
    public func invalidate(_ node: NodeID, from offset: Int64 = 0, length: Int64 = 0) throws(Errno) {
        try send { (output: inout OutputRawSpan) throws(WireError) in
            try NotificationEncoder.invalidateInode(node.rawValue, offset: offset, length: length, to: &output)
        }
    }

    /// Drops a name that the kernel caches (`FUSE_NOTIFY_INVAL_ENTRY`).
    ///
    /// - Parameter expiresOnly: only have it asked for again, and keep what is mounted below or open (kernel 6.2).
    /// - Throws: `EAGAIN`, `ENOTCONN`, `EINVAL` for what is no name.
    public func invalidate(_ name: StoredName, in directory: NodeID, expiresOnly: Bool = false) throws(Errno) {
        try send { (output: inout OutputRawSpan) throws(WireError) in
            try NotificationEncoder.invalidateEntry(
                parent: directory.rawValue, name: name.bytes.span, expiresOnly: expiresOnly, to: &output)
        }
    }

    /// Tells that a name has been removed, so that watchers of the directory hear of it (`FUSE_NOTIFY_DELETE`).
    ///
    /// - Throws: `EAGAIN`, `ENOTCONN`, `EINVAL` for what is no name.
    public func deleted(_ name: StoredName, of node: NodeID, in directory: NodeID) throws(Errno) {
        try send { (output: inout OutputRawSpan) throws(WireError) in
            try NotificationEncoder.delete(
                parent: directory.rawValue, child: node.rawValue, name: name.bytes.span, to: &output)
        }
    }

    /// Wakes the callers of `poll` that wait for a file (`FUSE_NOTIFY_POLL`).
    ///
    /// - Throws: `EAGAIN`, `ENOTCONN`.
    public func wake(_ handle: PollHandle) throws(Errno) {
        try send { (output: inout OutputRawSpan) throws(WireError) in
            try NotificationEncoder.wakePoll(kernelHandle: handle.rawValue, to: &output)
        }
    }

    /// Ends the notifier: what still waits is dropped, and the write that is under way is waited for, so that the
    /// device can be closed afterwards. The connection has ended, which fails that write if it waits for anything.
    ///
    /// - Parameter waits: whether to wait for that write.
    func close(waits: Bool = true) {
        queue.change { $0.isClosed = true }
        guard waits else { return }
        queue.wait { queue in queue.isRunning ? nil : () }
    }

    /// Notifications that were queued so far.
    var count: UInt64 { queue.change { $0.total } }

    // MARK: The queue

    private func send(_ encode: (inout OutputRawSpan) throws(WireError) -> Void) throws(Errno) {
        let message = try Self.encoded(encode)
        let failure: Errno? = queue.change { queue in
            if queue.isClosed { return .socketNotConnected }
            if queue.messages.count >= Self.limit { return .resourceTemporarilyUnavailable }
            queue.messages.append(message)
            queue.total += 1
            return nil
        }
        if let failure { throw failure }
        try startThread()
    }

    /// A name has at most 255 bytes (FUSE_NAME_MAX is 1024), the fixed parts at most 48.
    private static func encoded(
        _ encode: (inout OutputRawSpan) throws(WireError) -> Void
    ) throws(Errno) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 2048)
        let count: Int? = unsafe bytes.withUnsafeMutableBytes { buffer in
            var output = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
            guard (try? encode(&output)) != nil else { return nil }
            return output.byteCount
        }
        guard let count else { throw .invalidArgument }
        bytes.removeSubrange(count...)
        return bytes
    }

    private func startThread() throws(Errno) {
        let mustStart = queue.change { queue in
            defer { queue.isRunning = true }
            return !queue.isRunning
        }
        guard mustStart else { return }
        do throws(Errno) {
            try DedicatedThread(name: "ringfuse-notify") { _ in self.run() }.detach()
        } catch {
            queue.change { $0.isRunning = false }
            throw error
        }
    }

    private func run() {
        while true {
            let message: [UInt8]? = queue.wait { queue in
                if queue.isClosed { return .some(nil) }
                return queue.messages.popFirst()
            }
            guard let message else { break }
            write(message)
        }
        queue.change { $0.isRunning = false }
    }

    /// The kernel answers ENOENT for what it does not cache, which is what was wanted, and ENOSYS for kinds it does not have.
    private func write(_ message: [UInt8]) {
        _ = unsafe message.withUnsafeBytes { try? unsafe device.write($0) }
    }
}
