public import SystemPackage

/// What a metadata engine does for journals (``Journal``): it notes that there is one, and, in the transaction of each change that comes
/// out of one, that it was made, so that no crash has it made again over what came later.
///
/// All throw `EIO` where the engine's store fails, and `ESTALE` where this session has lost the volume, or has ended.
public protocol JournalEngine: Sendable {
    /// Notes in ``VolumeDescription/journals``, durably, that this session has a journal.
    ///
    /// - Parameters:
    ///   - identifier: the journal's.
    ///   - mark: where it is; the session is filled in. `nil` where there is nothing in it any more that the volume has not.
    func setJournal(_ identifier: String, _ mark: JournalMark?) async throws(Errno)

    /// The changes of a journal that were made and not forgotten.
    func changesMade(by journal: String) async throws(Errno) -> [JournalTag: UInt64]

    /// Forgets that changes were made: the journal knows it.
    ///
    /// - Parameter durably: whether that has to survive a crash of the machine.
    func forgetChanges(_ tags: [JournalTag], durably: Bool) async throws(Errno)

    /// Whether a session has the volume open for writing, as far as is known.
    func isOpen(session: Int64) async throws(Errno) -> Bool
}

/// Where a journal of a volume is.
public struct JournalMark: Sendable, Hashable, Codable {
    /// The name of the machine.
    public var host: String
    /// Its directory there.
    public var directory: String
    /// The session that has it, or had it last.
    public var session: Int64

    /// A mark of a session that is to be filled in.
    public init(host: String, directory: String, session: Int64 = 0) {
        self.host = host
        self.directory = directory
        self.session = session
    }
}
