/// What a ring can be asked to do: the verbs that the transport and asynchronous I/O use.
///
/// The protocol is the seam at which tests put a fake kernel. Conforming types are trivial handles: one that held a
/// reference would be retained and released on the hot path.
///
/// Each `queue…` prepares one submission; nothing reaches the kernel before the next ``submitAndWait(for:)`` or
/// ``submitAndPoll()``. Addresses are plain numbers: whoever queues keeps the memory valid until the completion.
/// All of it belongs to one thread.
@usableFromInline
package protocol SubmissionQueue: SendableMetatype {
    /// Submits all that is queued and waits for completions, in one system call.
    ///
    /// - Returns: 0 or more, or a negative errno.
    func submitAndWait(for count: UInt32) -> Int32

    /// Submits all that is queued and lets the kernel deliver what is ready, without waiting.
    func submitAndPoll() -> Int32

    /// Whether completions are there or could be had by ``submitAndPoll()``; no system call.
    var hasEvents: Bool { get }

    /// Whether anything is queued.
    var hasQueued: Bool { get }

    /// Takes completions.
    ///
    /// - Returns: how many were written to `target`.
    @unsafe func reap(into target: UnsafeMutableBufferPointer<Completion>) -> Int

    /// Queues a command on a registered file (`IORING_OP_URING_CMD`).
    @unsafe func queueCommand(
        file: UInt32,
        operation: UInt32,
        address: UInt,
        length: UInt32,
        command: UnsafeRawBufferPointer,
        userData: UInt64
    ) -> Int32

    /// Queues a read from a registered file.
    func queueFixedRead(file: UInt32, address: UInt, length: UInt32, userData: UInt64) -> Int32

    /// Queues a read.
    func queueRead(file: Int32, address: UInt, length: UInt32, offset: UInt64, userData: UInt64) -> Int32

    /// Queues a write.
    func queueWrite(file: Int32, address: UInt, length: UInt32, offset: UInt64, userData: UInt64) -> Int32

    /// Queues an fsync.
    func queueSynchronize(file: Int32, dataOnly: Bool, userData: UInt64) -> Int32

    /// Queues a fallocate.
    func queueAllocate(file: Int32, mode: Int32, offset: UInt64, length: UInt64, userData: UInt64) -> Int32

    /// Queues a close.
    func queueClose(file: Int32, userData: UInt64) -> Int32

    /// Queues an openat.
    func queueOpen(directory: Int32, path: UInt, flags: Int32, mode: UInt32, userData: UInt64) -> Int32

    /// Queues a statx.
    func queueStatx(
        directory: Int32,
        path: UInt,
        flags: Int32,
        mask: UInt32,
        result: UInt,
        userData: UInt64
    ) -> Int32

    /// Queues a renameat2.
    func queueRename(from: Int32, path: UInt, to: Int32, newPath: UInt, flags: UInt32, userData: UInt64) -> Int32

    /// Queues an unlinkat.
    func queueRemove(directory: Int32, path: UInt, flags: Int32, userData: UInt64) -> Int32

    /// Queues a mkdirat.
    func queueMakeDirectory(directory: Int32, path: UInt, mode: UInt32, userData: UInt64) -> Int32

    /// Queues a connect.
    func queueConnect(socket: Int32, address: UInt, length: UInt32, userData: UInt64) -> Int32

    /// Queues a send.
    func queueSend(socket: Int32, address: UInt, length: UInt32, flags: Int32, userData: UInt64) -> Int32

    /// Queues a sendmsg of two pieces.
    func queueSend(socket: Int32, pieces: TwoPieces, flags: Int32, userData: UInt64) -> Int32

    /// Queues a receive.
    func queueReceive(socket: Int32, address: UInt, length: UInt32, flags: Int32, userData: UInt64) -> Int32

    /// Queues a send, and a receive that begins when all has been sent, and ends with `-ECANCELED` where it was not.
    ///
    /// - Parameters:
    ///   - pieces: what is sent, and where to receive.
    ///   - ignored: user data of the send.
    func queueExchange(socket: Int32, pieces: TwoPieces, ignored: UInt64, userData: UInt64) -> Int32

    /// Queues a timeout, which completes with `-ETIME` after a time that begins now, not with the submission.
    func queueTimeout(seconds: Int64, nanoseconds: Int64, userData: UInt64) -> Int32

    /// Queues the cancellation of what was queued with `target` as its user data.
    func queueCancel(of target: UInt64, userData: UInt64) -> Int32
}

/// Two pieces of memory of one operation.
@frozen
@usableFromInline
package struct TwoPieces: Equatable, Sendable {
    @usableFromInline package var address: UInt
    @usableFromInline package var length: UInt32
    @usableFromInline package var secondAddress: UInt
    @usableFromInline package var secondLength: UInt32

    package init(address: UInt, length: UInt32, secondAddress: UInt, secondLength: UInt32) {
        self.address = address
        self.length = length
        self.secondAddress = secondAddress
        self.secondLength = secondLength
    }
}
