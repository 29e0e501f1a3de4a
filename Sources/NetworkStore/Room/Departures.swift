internal import RingFUSE
internal import Synchronization

/// Nodes that have lost their last name and will be gone in a moment: when the kernel says that it has forgotten them, and the
/// engine has done so. Until then they count; so whoever wants to know how much room there is, or finds none, waits for them.
final class Departures: Sendable {
    private let nodes = Mutex<Set<NodeID>>([])
    /// How many they are, for those who only look whether there are any.
    private let count = Atomic(0)

    /// How long a node is waited for: some program may hold it by other means than having it open (`O_PATH`).
    private static let patience = Duration.seconds(1)

    /// A node without a name, which nobody has open, is about to go.
    func expect(_ node: NodeID) { change { $0.insert(node) } }

    /// A node is gone; or will not go, since somebody has it open or has given it a name.
    func end(_ node: NodeID) {
        guard count.load(ordering: .relaxed) > 0 else { return }
        change { $0.remove(node) }
    }

    private func change<Outcome>(_ body: (inout Set<NodeID>) -> Outcome) {
        nodes.withLock { nodes in
            _ = body(&nodes)
            count.store(nodes.count, ordering: .relaxed)
        }
    }

    /// Waits for those that are about to go now. One that does not is not waited for again.
    ///
    /// - Returns: whether there were any.
    @discardableResult
    func wait(_ io: borrowing AsyncIO) async -> Bool {
        let awaited = nodes.withLock { $0 }
        guard !awaited.isEmpty else { return false }
        let end = ContinuousClock.now + Self.patience
        while nodes.withLock({ !$0.isDisjoint(with: awaited) }) {
            guard ContinuousClock.now < end, !Task.isCancelled else {
                change { $0.subtract(awaited) }
                break
            }
            try? await io.sleep(for: .milliseconds(5))
        }
        return true
    }
}
