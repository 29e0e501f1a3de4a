internal import Synchronization

/// What a file system in memory may still take: bytes and nodes.
///
/// Atomics rather than a lock: every file's writes charge it, each under its own lock.
final class SpaceBudget: Sendable {
    /// Bytes at the most.
    let byteLimit: Int
    /// Nodes at the most; names beyond a node's first count as nodes, for they take memory too.
    let nodeLimit: Int
    /// Bytes taken.
    private let bytes = Atomic<Int>(0)
    /// Nodes taken.
    private let nodes = Atomic<Int>(0)

    /// A budget of which nothing is taken.
    init(byteLimit: Int, nodeLimit: Int) {
        precondition(byteLimit >= 0 && nodeLimit >= 1, "a file system needs its root")
        self.byteLimit = byteLimit
        self.nodeLimit = nodeLimit
    }

    /// Bytes taken.
    var usedBytes: Int { bytes.load(ordering: .relaxed) }

    /// Nodes taken.
    var usedNodes: Int { nodes.load(ordering: .relaxed) }

    /// Takes bytes; false, and nothing taken, where there are not as many.
    func takeBytes(_ count: Int) -> Bool { take(count, upTo: byteLimit, of: bytes) }

    /// Takes as many units as there are, `count` at the most.
    ///
    /// - Returns: how many.
    func takeUnits(_ count: Int, of size: Int) -> Int {
        var taken = bytes.load(ordering: .relaxed)
        while true {
            let units = min(count, max(0, byteLimit - taken) / size)
            let (exchanged, original) = bytes.weakCompareExchange(
                expected: taken,
                desired: taken + units * size,
                ordering: .relaxed
            )
            if exchanged { return units }
            taken = original
        }
    }

    /// Gives bytes back.
    func returnBytes(_ count: Int) {
        // Most files that go have nothing of a kind, and other CPUs want the counter, too.
        guard count != 0 else { return }
        let left = bytes.subtract(count, ordering: .relaxed).newValue
        assert(left >= 0, "more bytes given back than taken")
    }

    /// Takes a node; false where there is none.
    func takeNode() -> Bool { take(1, upTo: nodeLimit, of: nodes) }

    /// Gives a node back.
    func returnNode() {
        let left = nodes.subtract(1, ordering: .relaxed).newValue
        assert(left >= 0, "more nodes given back than taken")
    }

    /// Adds to a counter unless it would exceed its limit.
    private func take(_ count: Int, upTo limit: Int, of counter: borrowing Atomic<Int>) -> Bool {
        guard count != 0 else { return true }
        var taken = counter.load(ordering: .relaxed)
        while true {
            guard count <= limit - taken else { return false }
            let (exchanged, original) = counter.weakCompareExchange(
                expected: taken,
                desired: taken + count,
                ordering: .relaxed
            )
            if exchanged { return true }
            taken = original
        }
    }
}
