/// The outcome of the synchronous attempt at a request.
///
/// The attempt runs on the worker's own thread, ahead of everything else that waits there: it answers what is
/// already in memory and defers all that would block.
@frozen
public enum Immediate<Answer> {
    /// The request is answered.
    case answered(Answer)
    /// The asynchronous method is to answer it. Nothing has been changed or written.
    case deferred
}

extension Immediate: Sendable where Answer: Sendable {}
