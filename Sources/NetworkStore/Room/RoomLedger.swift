internal import RingFUSE
internal import Synchronization
internal import SystemPackage

/// How much may still be written before the volume is full, so that a write is refused and not the close after it: what is
/// written and not committed has claims on the room that there is.
///
/// What the engine counts is asked for when the room that is known of has been claimed, and not before: until then it can only
/// have become more, unless another mount has used it.
final class RoomLedger: Sendable {
    /// A claim on room by what is written and not committed.
    struct Claim: Sendable {
        /// Bytes; more than the commit will take, never less.
        var bytes: UInt64 = 0

        /// Adds to it.
        mutating func add(_ more: UInt64) { bytes += more }

        /// Takes all of it.
        mutating func take() -> Claim {
            defer { self = Claim() }
            return self
        }
    }

    /// What is known of a limit.
    private struct Account {
        /// Bytes that there may be.
        let limit: UInt64
        /// Bytes that are free and unclaimed, as far as is known: that many there are at least.
        var left: Int64 = 0
        /// Bytes that are claimed.
        var claimed: Int64 = 0
        /// Bytes that have ever been claimed.
        var everClaimed: Int64 = 0
    }

    /// Whether anything is limited.
    let isBounded: Bool
    private let volume: Mutex<Account>

    /// The ledger of a volume.
    ///
    /// - Parameter limit: bytes that it may have; `nil` for any number.
    init(limit: UInt64?) {
        isBounded = limit != nil
        volume = Mutex(Account(limit: limit ?? .max))
    }

    /// Claims room.
    ///
    /// - Returns: whether there is as much, as far as is known.
    func claim(_ bytes: UInt64) -> Bool {
        guard bytes > 0, isBounded else { return true }
        return volume.withLock { account in
            let bytes = Int64(clamping: bytes)
            guard bytes <= account.left else { return false }
            account.left -= bytes
            account.claimed += bytes
            account.everClaimed += bytes
            return true
        }
    }

    /// What was claimed will not be written: others may have it.
    func giveBack(_ claim: Claim) { end(claim, isUnused: true) }

    /// What was claimed is committed: the engine counts it from now on.
    func use(_ claim: Claim) { end(claim, isUnused: false) }

    private func end(_ claim: Claim, isUnused: Bool) {
        guard claim.bytes > 0, isBounded else { return }
        volume.withLock { account in
            account.claimed -= Int64(clamping: claim.bytes)
            if isUnused { account.left += Int64(clamping: claim.bytes) }
        }
    }

    /// Bytes that can be claimed now, as far as is known.
    var left: UInt64 { isBounded ? volume.withLock { UInt64(clamping: $0.left) } : .max }

    /// Asks the engine how much there is.
    ///
    /// - Throws: `EIO`, `ESTALE`.
    func refresh(_ engine: any MetadataEngine) async throws(Errno) {
        guard isBounded else { return }
        let before = volume.withLock { $0 }
        let usage = try await engine.usage()
        volume.withLock { account in
            // What was committed since then may be in both; what was claimed since then is in neither.
            let since = account.everClaimed - before.everClaimed
            account.left = Int64(clamping: account.limit) - Int64(clamping: usage.bytes) - before.claimed - since
        }
    }
}
