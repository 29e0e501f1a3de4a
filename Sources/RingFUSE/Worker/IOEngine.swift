package import SystemPackage

/// Carries out the asynchronous operations of one worker's requests: on its ring (``RingIO``) or on threads.
///
/// Confined to the worker's thread.
package class IOEngine: @unchecked Sendable {
    package init() {}

    /// Carries an operation out, suspending the task.
    ///
    /// Memory that the operation names must stay valid until it returns, which is after the kernel has let go of it.
    ///
    /// - Returns: its result, not negative.
    /// - Throws: the operation's errno; `ECANCELED` where the task was cancelled before it was done.
    package func perform(_ operation: IOOperation) async throws(Errno) -> Int {
        throw .noFunction
    }

    /// Cancels an operation on behalf of another thread; see ``Mailbox/Message/cancelOperation(slot:generation:)``.
    package func cancel(slot: Int, generation: UInt32) {}
}
