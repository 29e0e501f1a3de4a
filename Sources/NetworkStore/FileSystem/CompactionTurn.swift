internal import RingFUSE
internal import SystemPackage

/// What a mount does now and then to have bytes where they lie well (``Compactor``). Of several mounts of a volume one does it.
struct CompactionTurn {
    /// Extents that are looked at in one turn, and bytes that are moved, at the most.
    private static let limit = (extents: 20_000, bytes: UInt64(32 << 20))

    /// How long the volume is left alone where there was nothing to move: what is too little for an object would be read again each
    /// time.
    static let rest = Duration.seconds(600)

    private var compactor: Compactor
    /// Not before this.
    private var next: ContinuousClock.Instant?

    /// The turns of a mount.
    init(_ volume: Volume, _ policy: Compactor.Policy = Compactor.Policy()) {
        compactor = Compactor(volume, policy)
    }

    /// Moves some of what lies badly, if it is time, and this mount that does it.
    ///
    /// - Returns: what has come of it; `nil` where it did nothing.
    @discardableResult
    mutating func run(
        _ fileSystem: NetworkStoreFileSystem,
        at now: ContinuousClock.Instant = .now,
        _ io: borrowing AsyncIO
    ) async -> Compactor.Progress? {
        if let next, now < next { return nil }
        let volume = fileSystem.volume
        do throws(VolumeFailure) {
            // Each time: one that was paused may be without a session by now, and hears of it here.
            let isClaimed = try await VolumeFailure.ofEngine { () async throws(Errno) in
                try await volume.engine.claimCompaction()
            }
            guard isClaimed else {
                next = now + volume.engine.compactionClaimRest
                return nil
            }
            let progress = try await compactor.run(extents: Self.limit.extents, bytes: Self.limit.bytes, io) {
                fileSystem.noteMove(of: $0)
            }
            volume.counters.movedBytes.count(Int(clamping: progress.bytes))
            if progress.isComplete && progress.bytes == 0 { next = now + Self.rest }
            return progress
        } catch {
            // Goes on the next time, by the next mount where this one ends.
            if volume.isOpen { fileSystem.warn("the volume was not compacted: \(error)") }
            return nil
        }
    }
}
