internal import SystemPackage

/// An operation that waits for the writer. Until it is added to the queue it belongs to its task, then to the writer's
/// thread, until that resumes the task.
@safe
class PendingWrite<Rows: RowStore>: @unchecked Sendable {
    /// Whether it has to be there after a crash of the machine.
    let isDurable: Bool
    /// Who waits.
    fileprivate var continuation: UnsafeContinuation<Void, Never>?

    fileprivate init(isDurable: Bool) {
        self.isDurable = isDurable
        unsafe continuation = nil
    }

    /// Does it. May be called again, after a rollback.
    ///
    /// - Returns: why it could not be done.
    func perform(_ transaction: Transaction<Rows>) -> Errno? { preconditionFailure("each kind has its own") }

    /// Notes that it has failed.
    func fail(_ error: Errno) { preconditionFailure("each kind has its own") }

    /// Resumes who waits.
    func resume() { unsafe continuation.take()?.resume() }
}

/// An operation with a result.
final class Write<Rows: RowStore, Outcome: Sendable>: PendingWrite<Rows>, @unchecked Sendable {
    private let body: @Sendable (Transaction<Rows>) throws(Errno) -> Outcome
    private var result: Result<Outcome, Errno> = .failure(.ioError)

    /// An operation.
    init(isDurable: Bool, _ body: @escaping @Sendable (Transaction<Rows>) throws(Errno) -> Outcome) {
        self.body = body
        super.init(isDurable: isDurable)
    }

    override func perform(_ transaction: Transaction<Rows>) -> Errno? {
        do throws(Errno) {
            result = .success(try body(transaction))
            return nil
        } catch {
            result = .failure(error)
            return error
        }
    }

    override func fail(_ error: Errno) { result = .failure(error) }

    /// What came of it, once it is done.
    ///
    /// - Throws: why it could not be done.
    func outcome() throws(Errno) -> Outcome { try result.get() }

    /// Has a writer do it, and waits for that.
    ///
    /// - Parameter add: hands it over to a thread that will resume the task.
    func run(_ add: (PendingWrite<Rows>) -> Void) async throws(Errno) -> Outcome {
        await unsafe withUnsafeContinuation { continuation in
            unsafe self.continuation = unsafe continuation
            add(self)
        }
        return try outcome()
    }
}
