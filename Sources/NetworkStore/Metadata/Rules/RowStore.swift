internal import RingFUSE
internal import SystemPackage

/// The rows that a ``Transaction`` works on: what an engine can do with each kind of them, within a transaction of its own that
/// is open. What POSIX makes of them is the transaction's.
///
/// Nothing here suspends. All throw `EIO` and `ENOSPC` for what the engine's store refuses.
protocol RowStore: AnyObject {
    // MARK: The volume

    /// What the volume was formatted as, and set to since.
    ///
    /// - Parameter isChanged: whether it is going to be stored again: nobody else may then do so in between.
    func volumeDescription(isChanged: Bool) throws(Errno) -> VolumeDescription

    /// Writes that.
    func store(_ volume: VolumeDescription) throws(Errno)

    // MARK: Numbers

    /// The number of a new node, never used before.
    func takeNode(_ state: inout VolumeState) throws(Errno) -> NodeID

    /// Numbers of new objects, in a row, never used before.
    ///
    /// - Throws: `EINVAL` where there are not as many.
    func takeObjects(_ count: Int, _ state: inout VolumeState) throws(Errno) -> Range<ObjectNumber>

    // MARK: Nodes

    /// A node.
    ///
    /// - Throws: `ESTALE`.
    func node(_ id: NodeID) throws(Errno) -> NodeRow

    /// Writes a node that is there.
    func store(_ node: NodeRow) throws(Errno)

    /// Adds a node.
    func insert(_ node: NodeRow, target: StoredName?) throws(Errno)

    /// Removes a node.
    func deleteNode(_ id: NodeID) throws(Errno)

    /// Writes when a node was read, and nothing else of it.
    func storeAccessTime(_ time: Timestamp, of id: NodeID) throws(Errno)

    /// The directory that one is in; 0 where it is in none, `nil` where there is no such node.
    ///
    /// Asked on the way up from a directory, so that no other may be moved meanwhile.
    func parent(of id: NodeID) throws(Errno) -> NodeID?

    // MARK: Nodes without names

    /// Whether a node that has no name may get one.
    func isLinkable(_ id: NodeID) throws(Errno) -> Bool

    /// Notes that a node has no name.
    func insertUnlinked(_ id: NodeID, session: Int64, isLinkable: Bool) throws(Errno)

    /// Takes that note back.
    func deleteUnlinked(_ id: NodeID) throws(Errno)

    // MARK: Quotas

    /// A quota and those around it, from the inside out; empty for none.
    func quotas(at id: NodeID) throws(Errno) -> [QuotaRecord]

    /// The quotas that are directly within one.
    func quotas(in id: NodeID) throws(Errno) -> [QuotaRecord]

    /// Nodes that are in a quota and in none within it.
    ///
    /// - Parameter limit: the most that are read.
    /// - Returns: them, and whether there are no others.
    func members(of id: NodeID, limit: Int) throws(Errno) -> (nodes: [NodeID], areAll: Bool)

    /// Adds a quota.
    func insert(_ quota: QuotaRecord) throws(Errno)

    /// Writes a quota that is there, and that was read.
    func store(_ quota: QuotaRecord) throws(Errno)

    /// Removes a quota that was read.
    func deleteQuota(_ id: NodeID) throws(Errno)

    // MARK: Names

    /// What a name in a directory leads to; `nil` for nothing.
    func child(_ name: StoredName, in directory: NodeID) throws(Errno) -> NodeID?

    /// Whether there is no name in a directory.
    func isEmpty(_ directory: NodeID) throws(Errno) -> Bool

    /// Adds a name; the directory's own row is the caller's to change. That there is none has been looked at, but for the trash
    /// (``NodeID/trash``), where each name has a node's number in it.
    func insertName(_ name: StoredName, in directory: NodeID, cookie: UInt64, _ node: NodeID) throws(Errno)

    /// Has a name lead to another node, in the same place of the listing.
    func replaceName(_ name: StoredName, in directory: NodeID, with node: NodeID) throws(Errno)

    /// Removes a name.
    func deleteName(_ name: StoredName, in directory: NodeID) throws(Errno)

    // MARK: Extended attributes

    /// The value of an attribute; `nil` for none.
    func attribute(_ name: StoredName, of node: NodeID) throws(Errno) -> ContiguousArray<UInt8>?

    /// Bytes of the names of a node's attributes, each with one more.
    func attributeNamesSize(of node: NodeID) throws(Errno) -> Int

    /// Sets an attribute, whether it is there or not.
    func setAttribute(_ name: StoredName, of node: NodeID, to value: ContiguousArray<UInt8>) throws(Errno)

    /// Removes an attribute.
    func deleteAttribute(_ name: StoredName, of node: NodeID) throws(Errno)

    /// Removes all attributes of a node.
    func deleteAttributes(of node: NodeID) throws(Errno)

    // MARK: Content

    /// The extents of a file that overlap a range, by their offsets.
    func extents(of file: NodeID, in range: Range<UInt64>) throws(Errno) -> [Extent]

    /// Adds an extent where none begins.
    func insertExtent(_ extent: Extent, of file: NodeID) throws(Errno)

    /// Removes the extent that begins at an offset.
    func deleteExtent(at offset: UInt64, of file: NodeID) throws(Errno)

    // MARK: Objects

    /// How long an object is, and how many extents refer to it; `nil` where there is none.
    func use(of object: ObjectNumber) throws(Errno) -> (length: UInt64, extents: Int)?

    /// Adds an object that no extent refers to.
    ///
    /// - Parameter freed: since when, in seconds since 1970.
    func insertObject(_ object: ObjectRecord, freed: Int64) throws(Errno)

    /// Changes what an object is counted for.
    ///
    /// - Parameter freed: since when no extent has referred to it; 0 where some do.
    func changeUse(of object: ObjectNumber, extents: Int, bytes: Int64, freed: Int64) throws(Errno)

    /// Removes an object that no extent refers to.
    func deleteObject(_ number: ObjectNumber) throws(Errno)

    /// Notes a number as pending.
    func insertPending(_ number: ObjectNumber, session: Int64) throws(Errno)

    /// Removes a number that is pending for a session.
    ///
    /// - Returns: whether it was.
    func deletePending(_ number: ObjectNumber, session: Int64) throws(Errno) -> Bool
}

/// What counts for a whole volume.
struct VolumeState: Equatable, Sendable {
    /// Whose turn it is: rises with each session.
    var epoch: Int64
    /// The number of the next node.
    var nextNode: UInt64
    /// The number of the next object.
    var nextObject: UInt64
    /// Nodes, the root included. Signed, like those below, for an engine that only counts what its session has changed.
    var nodes: Int64
    /// Bytes of all extents.
    var bytes: Int64
    /// Bytes of objects that nobody refers to.
    var garbageBytes: Int64

    /// How much there is, where it has counted all.
    var usage: VolumeUsage {
        VolumeUsage(
            bytes: UInt64(clamping: bytes), nodes: UInt64(clamping: nodes), garbageBytes: UInt64(clamping: garbageBytes)
        )
    }
}
