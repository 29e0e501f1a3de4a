/// A task that waits.
@safe
struct Waiter<Value: Sendable>: Sendable {
    private let continuation: UnsafeContinuation<Value, Never>

    /// Suspends the task.
    ///
    /// - Parameter body: gets what resumes it, and has to see to it that somebody does, once.
    static func wait(_ body: (Waiter<Value>) -> Void) async -> Value {
        await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Value, Never>) in
            unsafe body(Waiter(continuation))
        }
    }

    private init(_ continuation: UnsafeContinuation<Value, Never>) {
        unsafe self.continuation = continuation
    }

    /// Lets it go on.
    func resume(returning value: Value) { unsafe continuation.resume(returning: value) }
}
