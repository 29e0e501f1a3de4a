internal import RingFUSE
internal import Synchronization
internal import SystemPackage

/// How much may still be written before the volume or a quota is full, so that a write is refused and not the close after it: what
/// is written and not committed has claims on the room that there is.
///
/// What the engine counts is asked for when the room that is known of has been claimed, and now and then; until then it can only
/// have become more, unless another mount has used it.
final class RoomLedger: Sendable {
    /// A claim on room by what is written and not committed.
    struct Claim: Sendable {
        /// Bytes; more than the commit will take, never less.
        private(set) var bytes: UInt64
        /// The quota that the file is in; 0 for none.
        private(set) var quota: NodeID

        /// A claim.
        init(bytes: UInt64 = 0, quota: NodeID = NodeID(0)) {
            self.bytes = bytes
            self.quota = quota
        }

        /// The quota that more is claimed from: the file may have got into another.
        func quota(of file: NodeID) -> NodeID { bytes > 0 ? quota : file }

        /// Adds what was claimed.
        mutating func add(_ more: UInt64, quota: NodeID) {
            bytes += more
            self.quota = quota
        }

        /// Takes all of it but so many bytes.
        mutating func take(leaving left: UInt64 = 0) -> Claim {
            let taken = Claim(bytes: bytes - min(bytes, left), quota: quota)
            bytes -= taken.bytes
            return taken
        }
    }

    /// What is known of a limit.
    private struct Account {
        /// Bytes that there may be; `nil` for any number.
        var limit: UInt64?
        /// Bytes that are free and unclaimed, as far as is known: that many there are at least.
        var left: Int64 = 0
        /// Bytes that are claimed.
        var claimed: Int64 = 0
        /// Bytes that have ever been claimed.
        var everClaimed: Int64 = 0

        /// Whether there is as much.
        func has(_ bytes: Int64) -> Bool { limit == nil || bytes <= left }
    }

    private struct State {
        /// By the numbers of quotas; ``RoomLedger/volume`` for the volume's.
        var accounts: [NodeID: Account] = [:]
        /// The accounts that what is in a quota counts in.
        var chains: [NodeID: [NodeID]] = [:]
        /// Quotas that something was claimed from lately.
        var used: Set<NodeID> = []
    }

    /// The volume's account, and that of what is in no quota.
    private static let volume = NodeID(0)

    private let volumeLimit: UInt64?
    private let state: Mutex<State>

    /// The ledger of a volume.
    ///
    /// - Parameter limit: bytes that it may have; `nil` for any number.
    init(limit: UInt64?) {
        volumeLimit = limit
        var state = State()
        if let limit { state.accounts[Self.volume] = Account(limit: limit) }
        state.chains[Self.volume] = limit == nil ? [] : [Self.volume]
        self.state = Mutex(state)
    }

    /// Whether anything limits what is in a quota.
    func isBounded(_ quota: NodeID) -> Bool { volumeLimit != nil || quota != Self.volume }

    // MARK: Claims

    /// Claims room.
    ///
    /// - Returns: whether there is as much, as far as is known.
    func claim(_ bytes: UInt64, in quota: NodeID) -> Bool {
        guard bytes > 0, isBounded(quota) else { return true }
        let bytes = Int64(clamping: bytes)
        return state.withLock { state in
            guard let chain = state.chains[quota],
                chain.allSatisfy({ state.accounts[$0]?.has(bytes) ?? false })
            else { return false }
            for id in chain {
                state.accounts[id]?.left -= bytes
                state.accounts[id]?.claimed += bytes
                state.accounts[id]?.everClaimed += bytes
            }
            state.used.insert(quota)
            return true
        }
    }

    /// What was claimed will not be written: others may have it.
    func giveBack(_ claim: Claim) { end(claim, isUnused: true) }

    /// What was claimed is committed: the engine counts it from now on.
    func use(_ claim: Claim) { end(claim, isUnused: false) }

    private func end(_ claim: Claim, isUnused: Bool) {
        guard claim.bytes > 0, isBounded(claim.quota) else { return }
        let bytes = Int64(clamping: claim.bytes)
        state.withLock { state in
            for id in state.chains[claim.quota] ?? [] {
                // A quota that was set since then knows nothing of it.
                let known = min(bytes, state.accounts[id]?.claimed ?? 0)
                state.accounts[id]?.claimed -= known
                if isUnused { state.accounts[id]?.left += known }
            }
        }
    }

    // MARK: What there is

    /// Bytes that can be claimed now, as far as is known.
    func left(in quota: NodeID) -> UInt64 {
        state.withLock { state in
            guard let chain = state.chains[quota] else { return 0 }
            return chain.reduce(UInt64.max) { least, id in
                guard let account = state.accounts[id], account.limit != nil else { return least }
                return min(least, UInt64(clamping: account.left))
            }
        }
    }

    /// Bytes that are claimed from a quota, or from all that the volume has.
    func claimed(in quota: NodeID) -> UInt64 {
        state.withLock { UInt64(clamping: $0.accounts[quota]?.claimed ?? 0) }
    }

    /// What whoever claims in vain is told: that the volume is full, or a quota.
    func refusal(of bytes: UInt64, in quota: NodeID) -> Errno {
        guard volumeLimit != nil else { return .diskQuotaExceeded }
        let isFull = state.withLock { !($0.accounts[Self.volume]?.has(Int64(clamping: bytes)) ?? true) }
        return isFull ? .noSpace : .diskQuotaExceeded
    }

    /// Asks the engine how much there is.
    ///
    /// - Throws: `EIO`, `ESTALE`.
    func refresh(_ quota: NodeID, _ engine: any MetadataEngine) async throws(Errno) {
        guard isBounded(quota) else { return }
        let before = state.withLock { $0.accounts }
        let usage = volumeLimit == nil ? nil : try await engine.usage().bytes
        let quotas = quota == Self.volume ? [] : try await engine.quotas(at: quota)
        state.withLock { state in
            var counted = quotas.map { ($0.id, $0.limits.bytes, $0.bytes) }
            if let usage { counted.append((Self.volume, volumeLimit, Int64(clamping: usage))) }
            state.chains[quota] = counted.map(\.0)
            for (id, limit, bytes) in counted {
                var account = state.accounts[id] ?? Account()
                account.limit = limit
                // What was committed since the question was asked may be in both; what was claimed since then is in neither.
                let former = before[id] ?? Account()
                let since = account.everClaimed - former.everClaimed
                account.left = Int64(clamping: limit ?? 0) - bytes - former.claimed - since
                state.accounts[id] = account
            }
        }
    }

    /// Quotas that have been asked for.
    var known: [NodeID] { state.withLock { Array($0.chains.keys) } }

    /// Quotas that something was claimed from since this was asked last; 0 for what is in none.
    func takeUsed() -> Set<NodeID> {
        state.withLock { state in
            defer { state.used = [] }
            return state.used
        }
    }
}
