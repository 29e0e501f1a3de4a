internal import RingFUSE

/// Which owners of a mount may hold locks, and through which open files: so that whoever closes a file that nobody has locked costs no
/// question. Where it is not known, they may.
struct LockClaims {
    /// What is known of an owner and a file.
    private struct Claim {
        /// Requests under way.
        var pending = 0
        /// Whether some of them were under way at the same time: which was done last is not known then.
        var isMixed = false
        /// Whether it may hold something.
        var holds = false
        /// The open files that it has asked through.
        var handles: Set<HandleID> = []
    }

    private var claims: [NodeID: [UInt64: Claim]] = [:]

    /// Whether an owner may hold locks on a file.
    func mayHold(_ owner: UInt64, on node: NodeID) -> Bool { claims[node]?[owner] != nil }

    /// Whether locks may be held that were asked for through an open file.
    func mayHold(_ handle: HandleID, on node: NodeID) -> Bool {
        claims[node]?.values.contains { $0.handles.contains(handle) } ?? false
    }

    /// A request of an owner's is under way.
    mutating func begin(_ owner: UInt64, _ handle: HandleID, on node: NodeID) {
        var claim = claims[node]?[owner] ?? Claim()
        claim.pending += 1
        claim.isMixed = claim.isMixed || claim.pending > 1
        claim.handles.insert(handle)
        claims[node, default: [:]][owner] = claim
    }

    /// A request is over.
    ///
    /// - Parameter holds: whether its owner holds locks on the file since; `true` where that is not known.
    mutating func end(_ owner: UInt64, on node: NodeID, holds: Bool) {
        guard var claim = claims[node]?[owner] else { return }
        claim.pending -= 1
        claim.holds = holds || (claim.isMixed && claim.holds)
        if claim.pending == 0 { claim.isMixed = false }
        set(claim.pending > 0 || claim.holds ? claim : nil, owner, node)
    }

    /// Locks have been released.
    mutating func drop(_ selection: LockSelection, on node: NodeID) {
        for (owner, claim) in claims[node] ?? [:] where claim.pending == 0 {
            switch selection {
            case .owner(owner): set(nil, owner, node)
            case .handle(let handle) where claim.handles.contains(handle): set(nil, owner, node)
            default: break
            }
        }
    }

    private mutating func set(_ claim: Claim?, _ owner: UInt64, _ node: NodeID) {
        claims[node]?[owner] = claim
        if claims[node]?.isEmpty == true { claims[node] = nil }
    }
}
