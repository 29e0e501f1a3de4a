internal import Synchronization

/// Carries something into a thread, and does not keep it there.
final class Handover<Value: Sendable>: Sendable {
    private let value: Mutex<Value?>

    /// Something to be handed over.
    init(_ value: Value) { self.value = Mutex(value) }

    /// Gives it away, once.
    func take() -> Value {
        let taken = value.withLock { $0.take() }
        guard let taken else { preconditionFailure("taken twice") }
        return taken
    }
}
