package import SystemPackage

/// Carries out the asynchronous operations of one worker's requests.
///
/// Confined to the worker's thread, but for `cancel`, which any thread may call. Subclasses carry operations out: on the ring, or on threads.
package class IOEngine: @unchecked Sendable {
    package init() {}

    /// Carries an operation out.
    ///
    /// - Returns: its result, not negative.
    /// - Throws: the operation's errno; `ECANCELED` where the task was cancelled before it was done.
    package func perform(_ operation: IOOperation) async throws(Errno) -> Int {
        throw .noFunction
    }
}
