internal import RingFUSE
internal import SystemPackage

/// What was written to a file up to some moment, on its way into the volume.
///
/// All but the constants is guarded by the lock of its file.
final class Upload: @unchecked Sendable {
    /// How far it is.
    enum Progress {
        /// Objects are being written, or wait for it.
        case storing
        /// All objects are in the store; the change waits for those before it, and for the engine.
        case stored(ContentChange)
        /// The change is being committed.
        case committing(ContentChange)
        /// It did not work. It is tried again.
        case failed(Errno)
    }

    /// The bytes. Nobody writes to these blocks any more.
    let content: DirtyMap
    /// The size that the file has at least; `nil` where there is no content.
    let size: UInt64?
    /// When it was written; `nil` likewise.
    let time: Timestamp?
    /// Attributes that were set after it was written.
    var held: HeldAttributes?
    /// The room that it takes once it is committed.
    let claim: RoomLedger.Claim
    /// Its number in the journal, from which it is replayed after a crash; `nil` where it is not there. Then nobody changes ``held`` any
    /// more.
    var sequence: UInt64?
    /// How far it is.
    var progress = Progress.storing
    /// How often it did not work.
    var failures = 0
    /// Whether somebody waits who needs it to survive a crash of the machine.
    var isUrgent = false
    /// What this attempt comes to; a later attempt has another one.
    var attempt = Completion<Errno?>()

    /// Everything that was written, and what was set after that.
    init(_ content: DirtyMap, size: UInt64?, time: Timestamp?, held: HeldAttributes?, claim: RoomLedger.Claim) {
        self.content = content
        self.claim = claim
        self.size = size
        self.time = time
        self.held = held
    }
}
