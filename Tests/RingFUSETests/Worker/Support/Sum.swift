import Synchronization

/// A number that several tasks change.
final class Sum: Sendable {
    private let number = Atomic(0)

    /// Adds to it.
    func add(_ amount: Int) { number.add(amount, ordering: .acquiringAndReleasing) }

    /// The sum of what was added.
    var count: Int { number.load(ordering: .acquiring) }
}
