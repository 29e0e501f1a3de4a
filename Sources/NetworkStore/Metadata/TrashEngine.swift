public import RingFUSE
public import SystemPackage

/// What a metadata engine does with files that are removed while its volume keeps them (``VolumeDescription/trashAge``). They get into
/// the trash in the transaction that removes their last name.
///
/// All throw `EIO` where the engine's store fails, and `ESTALE` where this session has lost the volume, or has ended.
public protocol TrashEngine: Sendable {
    /// Entries of the trash by the time when they were removed.
    ///
    /// - Parameters:
    ///   - time: gives later ones only; 0 for all. In nanoseconds since 1970.
    ///   - end: gives none that are later.
    ///   - limit: the most entries.
    func trash(after time: UInt64, until end: UInt64, limit: Int) async throws(Errno) -> [TrashEntry]

    /// The entry of a node; `nil` where it is not in the trash.
    func trashEntry(of node: NodeID) async throws(Errno) -> TrashEntry?

    /// How much there is in the trash.
    ///
    /// - Complexity: O(entries).
    func trashUsage() async throws(Errno) -> TrashUsage

    /// Where a directory is; `nil` for the root, and for what is removed, or no directory.
    ///
    /// - Complexity: O(names beside it).
    func place(of directory: NodeID) async throws(Errno) -> NamePlace?

    /// Gives a node of the trash a name again; all else of it is as it was.
    ///
    /// - Returns: the node as it is now.
    /// - Throws: `ENODATA` where it is not in the trash any more; `EEXIST`, `ENOENT` where the directory is removed, `EPERM` where it is
    ///   immutable, `ENOTDIR`, `EDQUOT`, `EXDEV` for a directory whose own quota is in use and was within another, `ESTALE`.
    func restore(_ entry: TrashEntry, to place: NamePlace) async throws(Errno) -> NodeRecord

    /// Removes nodes of the trash for good; those that are not there any more are left out.
    ///
    /// - Parameter inUse: nodes that somebody of this session has open: they are from now on without a name, as if there was no trash.
    /// - Returns: these.
    func discard(_ entries: [TrashEntry], inUse: Set<NodeID>) async throws(Errno) -> [NodeRecord]

    /// Sets for how long removed files are kept, durably, for this session from now on; others learn of it when they ask
    /// (``refreshVolume()``).
    ///
    /// - Parameter seconds: 0 for not at all.
    func setTrashAge(_ seconds: UInt64) async throws(Errno)

    /// Looks what was set since the volume was opened, and heeds it from then on.
    ///
    /// - Throws: `EROFS` where the volume is only read.
    func refreshVolume() async throws(Errno) -> VolumeDescription
}
