import Synchronization

/// A value that tasks share.
final class Locked<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    /// Shares a value.
    init(_ value: Value) { self.value = Mutex(value) }

    /// Looks at it or changes it.
    func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        value.withLock { body(&$0) }
    }
}
