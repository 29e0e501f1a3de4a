import DequeModule
import FUSEProtocol
import SystemPackage

/// What waits to be written to /dev/fuse unasked, and the one thread that writes it, in order.
final class NotificationQueue: Sendable {
    /// One notification.
    struct Message: Sendable {
        /// What it says.
        let kind: NotificationKind
        /// All of its bytes.
        let bytes: [UInt8]
        /// Bytes behind them that the kernel is to find missing.
        var missing = 0
        /// Called once: with `nil` where the kernel has done it, on the queue's thread; with why where it refuses it, or
        /// where it was dropped because the session ends.
        let onOutcome: @Sendable (Errno?) -> Void
    }

    private struct State {
        var messages = Deque<Message>()
        var byteCount = 0
        var total: UInt64 = 0
        var isRunning = false
        var isClosed = false
    }

    /// Messages, and bytes of them, that may wait: bounds, so that a backend that notifies faster than the kernel takes
    /// it cannot fill memory. An empty queue takes a message of any size.
    private static let messageLimit = 65_536
    private static let byteLimit = 64 << 20

    private let device: FileDescriptor
    private let onEvent: @Sendable (WorkerEvent) -> Void
    private let state = Monitor(State())

    /// A queue without a thread yet.
    init(device: FileDescriptor, onEvent: @escaping @Sendable (WorkerEvent) -> Void) {
        self.device = device
        self.onEvent = onEvent
    }

    /// Queues a message; the first one starts the thread.
    ///
    /// - Throws: `ENOTCONN` after ``close()``; `EAGAIN` where too much waits, or there can be no thread. Then the
    ///   message is not queued.
    func add(_ message: Message) throws(Errno) {
        let failure: Errno? = state.change { state in
            if state.isClosed { return .socketNotConnected }
            let isFull =
                state.messages.count >= Self.messageLimit
                || !state.messages.isEmpty && state.byteCount + message.bytes.count > Self.byteLimit
            if isFull { return .resourceTemporarilyUnavailable }
            if !state.isRunning {
                // Under the lock: without a thread nothing may be in the queue, not even for a moment.
                do throws(Errno) {
                    try DedicatedThread(name: "ringfuse-notify") { _ in self.run() }.detach()
                } catch {
                    return error
                }
                state.isRunning = true
            }
            state.messages.append(message)
            state.byteCount += message.bytes.count
            state.total += 1
            return nil
        }
        if let failure { throw failure }
    }

    /// Messages that were queued so far.
    var total: UInt64 { state.change { $0.total } }

    /// Drops what waits.
    ///
    /// - Parameter waits: whether to wait for the write that is under way.
    func close(waits: Bool) {
        let dropped = state.change { state in
            defer {
                state.isClosed = true
                state.messages.removeAll()
                state.byteCount = 0
            }
            return state.messages
        }
        for message in dropped { message.onOutcome(.socketNotConnected) }
        guard waits else { return }
        state.wait { state in state.isRunning ? nil : () }
    }

    /// The life of the thread.
    private func run() {
        // Kinds that were told of.
        var refused: Set<NotificationKind> = []
        var cut: CutMessage? = nil
        while true {
            let message: Message? = state.wait { state in
                if state.isClosed { return .some(nil) }
                guard let message = state.messages.popFirst() else { return nil }
                state.byteCount -= message.bytes.count
                return message
            }
            guard let message else { break }
            let failure = message.missing == 0 ? write(message.bytes) : Self.write(message, to: device, by: &cut)
            message.onOutcome(failure)
            guard let failure else { continue }
            // ENOENT: not cached, which is what was wanted. ENOTDIR, ENOTEMPTY, EBUSY: the name is in use or means
            // something else, and stays. The others end with the connection.
            let expected: [Errno] = [
                .noSuchFileOrDirectory, .notDirectory, .directoryNotEmpty, .resourceBusy,
                .operationNotSupportedByDevice, .socketNotConnected, .connectionAbort,
            ]
            if !expected.contains(failure), refused.insert(message.kind).inserted {
                onEvent(.notificationRefused(kind: message.kind.rawValue, errno: failure.rawValue))
            }
        }
        state.change { $0.isRunning = false }
    }

    /// Writes a message of which bytes are missing; `EFAULT` is what is to come of it.
    private static func write(_ message: Message, to device: FileDescriptor, by cut: inout CutMessage?) -> Errno? {
        do throws(Errno) {
            if cut == nil { cut = try CutMessage.make() }
        } catch {
            return error
        }
        let failure = cut?.write(message.bytes, followedBy: message.missing, to: device)
        return failure == .badAddress ? nil : failure ?? .ioError
    }

    private func write(_ bytes: [UInt8]) -> Errno? {
        do {
            _ = try unsafe bytes.withUnsafeBytes { unsafe try device.write($0) }
            return nil
        } catch {
            return error as? Errno ?? .ioError
        }
    }
}
