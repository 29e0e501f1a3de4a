public import SystemPackage

/// What a metadata engine does for those who move bytes (``Compactor``): of several mounts each would move the same, so one of them has a
/// claim to it. Without it nothing breaks, and the work is done twice.
public protocol CompactionEngine: Sendable {
    /// Sees to it that this session has the claim, where no other has it that lives. It is the session's until that ends, however it
    /// does; with the session it is lost.
    ///
    /// - Returns: whether this session has it.
    /// - Throws: `EIO`; `ESTALE` where this session has lost the volume, or has ended; `EROFS` where the volume is only read.
    func claimCompaction() async throws(Errno) -> Bool

    /// How long it is not worth asking again once another has it: all who have not would ask.
    var compactionClaimRest: Duration { get }
}

extension CompactionEngine {
    /// Nobody else changes the volume.
    public func claimCompaction() async throws(Errno) -> Bool { true }

    /// Nobody else changes the volume.
    public var compactionClaimRest: Duration { .zero }
}
