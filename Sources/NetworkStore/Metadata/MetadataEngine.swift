public import RingFUSE
public import SystemPackage

/// What a volume knows of its files: names, attributes, and in which objects their bytes are.
///
/// Each method is one transaction: all of it happens, or nothing. Transactions become visible in the order in which they
/// return, and after a crash of the machine what is left is a prefix of that order, which contains everything that
/// returned before the last ``synchronize()`` did (and every ``commit(_:durably:)`` that was asked to be durable).
///
/// The rules of POSIX that need names and attributes at once are the engine's: link counts, times, what a new node gets
/// from its directory, access control lists, set-ID bits, flags of `chattr`, as ``MemoryFileSystem`` has them. Permissions
/// are the kernel's to check.
///
/// Methods may be called by many tasks at a time, on any thread; they suspend while they wait. Those whose names end in
/// `Immediately` do not: they answer what is at hand without waiting for a disk or a server, or defer.
///
/// All throw `EIO` where the engine's store fails, and `ESTALE` where this session has lost the volume, or has
/// ended.
public protocol MetadataEngine: TrashEngine, JournalEngine, CompactionEngine, EndingEngine {
    /// Which volume it is; read when it was opened.
    var volume: VolumeDescription { get }

    /// From now on, keeps small content (``Extent/Place/inline(_:)``) encrypted with the key of the volume, as
    /// ``VolumeKey/sealed(_:_:)`` makes it. Called before there is any.
    func encryptInline(with key: VolumeKey)

    // MARK: Reading

    /// A node by its number.
    ///
    /// - Throws: `ESTALE` where there is none.
    func node(_ id: NodeID) async throws(Errno) -> NodeRecord

    /// A node by its number, or nothing that would have to be waited for.
    ///
    /// - Throws: as ``node(_:)``.
    func nodeImmediately(_ id: NodeID) throws(Errno) -> Immediate<NodeRecord>

    /// The node that a name leads to; `nil` where there is no such name. `.` and `..` are names here.
    ///
    /// - Throws: `ENOTDIR`, `ENAMETOOLONG`, `ESTALE`; `ENOENT` for the `..` of a removed directory.
    func lookUp(_ name: Name, in directory: NodeID) async throws(Errno) -> NodeRecord?

    /// The node that a name leads to, or nothing that would have to be waited for.
    ///
    /// - Throws: as ``lookUp(_:in:)``.
    func lookUpImmediately(_ name: Name, in directory: NodeID) throws(Errno) -> Immediate<NodeRecord?>

    /// Where a symbolic link leads to.
    ///
    /// - Throws: `EINVAL` where it is none, `ESTALE`.
    func target(of link: NodeID) async throws(Errno) -> StoredName

    /// Names of a directory in the order of their cookies, without `.` and `..`.
    ///
    /// A cookie belongs to a name from when it is made until it is removed, and no later name of the directory gets a
    /// lower one, so that a listing neither leaves out nor repeats what stays.
    /// - Parameters:
    ///   - cookie: gives those with higher cookies only; 0 for all.
    ///   - limit: the most names.
    /// - Throws: `ENOTDIR`, `ESTALE`.
    func names(in directory: NodeID, after cookie: UInt64, limit: Int) async throws(Errno) -> [NameRecord]

    /// Where the bytes of a file are: the extents that overlap a range, by their offsets. What no extent covers reads as
    /// zeros.
    ///
    /// - Throws: `ESTALE`.
    func extents(of file: NodeID, in range: Range<UInt64>) async throws(Errno) -> [Extent]

    /// How an object is laid out.
    ///
    /// - Throws: `ESTALE` where no extent refers to it any more.
    func object(_ number: ObjectNumber) async throws(Errno) -> ObjectRecord

    /// An extended attribute, an access control list among them.
    ///
    /// - Throws: `ENODATA`, `ESTALE`.
    func extendedAttribute(_ name: StoredName, of node: NodeID) async throws(Errno) -> ContiguousArray<UInt8>

    /// The names of a node's extended attributes, in no order.
    ///
    /// - Throws: `ESTALE`.
    func extendedAttributeNames(of node: NodeID) async throws(Errno) -> [StoredName]

    /// How much there is in the volume.
    func usage() async throws(Errno) -> VolumeUsage

    // MARK: Names

    /// Makes a node with a name.
    ///
    /// - Throws: `EEXIST`, `ENOSPC`, `EDQUOT`, `ENOENT` where the directory has been removed, `EPERM` where it is
    ///   immutable, `EMLINK`, `ENOTDIR`, `ENAMETOOLONG`, `ESTALE`; `EINVAL` for a mode that names no type, and for a
    ///   symbolic link that leads nowhere.
    func make(_ name: Name, in directory: NodeID, _ node: NodeTemplate) async throws(Errno) -> NodeRecord

    /// Makes a file without a name, to be disposed of like any other without.
    ///
    /// - Parameter isLinkable: whether it may get a name later.
    /// - Throws: `EPERM` where the directory has been removed or is immutable; `ENOSPC`, `EDQUOT`, `ENOTDIR`, `ESTALE`.
    func makeUnnamed(
        in directory: NodeID,
        _ node: NodeTemplate,
        isLinkable: Bool
    ) async throws(Errno) -> NodeRecord

    /// Removes a name that is no directory. A node that has lost its last name stays until ``dispose(of:)``.
    ///
    /// - Returns: the node as it is now.
    /// - Throws: `ENOENT`, `EISDIR`, `ENOTDIR`, `EPERM` where it or the directory is immutable or append-only,
    ///   `ENAMETOOLONG`, `ESTALE`.
    func removeFile(_ name: Name, in directory: NodeID) async throws(Errno) -> NodeRecord

    /// Removes an empty directory. The node stays until ``dispose(of:)``.
    ///
    /// - Returns: the node as it is now.
    /// - Throws: `ENOENT`, `ENOTDIR`, `ENOTEMPTY`, `EPERM`, `ENAMETOOLONG`, `ESTALE`.
    func removeDirectory(_ name: Name, in directory: NodeID) async throws(Errno) -> NodeRecord

    /// Renames, replaces, exchanges.
    ///
    /// - Parameter caller: owns the whiteout, where there is to be one.
    /// - Returns: the nodes whose attributes have changed.
    /// - Throws: `EINVAL` for flags that exclude each other and where a directory would get into itself; `EXDEV` for a
    ///   directory, a file with other names, or an exchange, from one quota to another; `ENOENT`, `EEXIST`, `ENOTEMPTY`, `EISDIR`, `ENOTDIR`, `ENAMETOOLONG`, `EPERM`, `ENOSPC`, `EDQUOT`, `ESTALE`.
    func rename(
        _ name: Name,
        in directory: NodeID,
        to newName: Name,
        in newDirectory: NodeID,
        _ flags: RenameFlags,
        _ caller: Caller
    ) async throws(Errno) -> RenameOutcome

    /// Gives a node another name.
    ///
    /// - Returns: the node as it is now.
    /// - Throws: `EPERM` for directories and what is immutable or append-only, `ENOENT` where the node has lost its last
    ///   name and may not get another, `EMLINK` beyond 65,000, `EXDEV` from one quota to another, and as ``make(_:in:_:)``.
    func link(_ node: NodeID, to name: Name, in directory: NodeID) async throws(Errno) -> NodeRecord

    /// Nobody of this session needs a node that has no name any more: it goes, and what it has of objects becomes
    /// garbage. Does nothing to a node that has a name, or is gone.
    ///
    /// Nodes without names that a session leaves behind are disposed of when it is known to be over.
    func dispose(of node: NodeID) async throws(Errno)

    // MARK: Attributes

    /// Changes attributes: owner, mode, times, and the size, which cuts extents.
    ///
    /// - Returns: the node as it is now.
    /// - Throws: `EFBIG`, `EPERM` for what is immutable or append-only, `ENOSPC`, `EDQUOT`, `EISDIR` and `EINVAL` for the
    ///   size of what is no file, `ESTALE`.
    func change(
        _ changes: AttributeChanges,
        of node: NodeID,
        _ caller: Caller
    ) async throws(Errno) -> NodeRecord

    /// Notes that a node was read, where the rules of `relatime` want it. It need not be durable.
    func noteAccess(to node: NodeID, at time: Timestamp) async throws(Errno)

    /// Sets the flags of `chattr` that a mask names; the others stay.
    ///
    /// - Returns: the node as it is now.
    /// - Throws: `EOPNOTSUPP` for flags that are not kept, `ESTALE`.
    func setFlags(_ flags: UInt32, among mask: UInt32, of node: NodeID) async throws(Errno) -> NodeRecord

    /// Sets an extended attribute, or an access control list, which changes the mode too.
    ///
    /// - Returns: the node as it is now.
    /// - Throws: `EEXIST`, `ENODATA` by the condition; `EPERM` for what is immutable or append-only, and for `user.` on
    ///   what is no file, directory or socket; `EOPNOTSUPP`, `EINVAL`, `ERANGE` for the name; `EINVAL`, `EACCES`,
    ///   `EOPNOTSUPP` for lists; `E2BIG`; `ENOSPC` where the names get too long; `ESTALE`.
    func setExtendedAttribute(
        _ name: StoredName,
        of node: NodeID,
        to value: ContiguousArray<UInt8>,
        _ condition: ExtendedAttributeCondition,
        _ caller: Caller
    ) async throws(Errno) -> NodeRecord

    /// Removes an extended attribute. An access control list that is not there counts as removed.
    ///
    /// - Returns: the node as it is now.
    /// - Throws: `ENODATA`, `EPERM`, `ESTALE`; for the name as ``setExtendedAttribute(_:of:to:_:_:)``.
    func removeExtendedAttribute(_ name: StoredName, of node: NodeID) async throws(Errno) -> NodeRecord

    // MARK: Content

    /// Takes numbers for new objects. They are noted as pending for this session until they are committed or given back:
    /// what is found in the store under a pending number of a session that is over is nobody's.
    ///
    /// - Returns: as many numbers, in a row.
    func reserveObjects(_ count: Int) async throws(Errno) -> Range<ObjectNumber>

    /// Changes the content of a file: what objects hold, or the transaction itself, and the size and times with it; and
    /// attributes that were set meanwhile.
    ///
    /// Data beyond the end makes the file as large as it reaches; zeros do not. Objects that no extent refers to then are
    /// garbage; where this throws, they stay pending.
    ///
    /// - Parameter durably: whether it has to be there after a crash of the machine, once this returns.
    /// - Returns: the node as it is now.
    /// - Throws: `EFBIG`, `ENOSPC`, `EDQUOT`, `ESTALE` (the file is gone), `EISDIR` and `EINVAL` for what is no file,
    ///   `EINVAL` for an object that is neither among those of the change nor in use, or for one among them that is not
    ///   pending for this session; `EAGAIN` where the file has another version than ``ContentChange/movedVersion``.
    func commit(_ change: ContentChange, durably: Bool) async throws(Errno) -> NodeRecord

    /// Changes the content of several files at once, so that an object that holds bytes of all of them is in use from the
    /// start: between two commits it could become garbage.
    ///
    /// - Parameters:
    ///   - changes: each for another file or not; an object among those of one may be used by those after it.
    ///   - durably: as for one.
    /// - Returns: for each the node as it is now; `nil` for files that are gone, or have another version than
    ///   ``ContentChange/movedVersion``, whose change was not made.
    /// - Throws: as for one, but for these two; then nothing has changed.
    func commit(_ changes: [ContentChange], durably: Bool) async throws(Errno) -> [NodeRecord?]

    /// Has a range of a file share its bytes with another range, of the same file or another.
    ///
    /// - Parameter range: cut to the size of the source; where nothing is left, nothing changes.
    /// - Returns: the target as it is now.
    /// - Throws: `EFBIG`, `ENOSPC`, `EDQUOT`, `EPERM` for an immutable target, `ESTALE`; `EINVAL` for ranges of one file
    ///   that overlap, `EISDIR` and `EINVAL` for what is no file.
    func share(
        _ range: Range<UInt64>,
        of source: NodeID,
        with target: NodeID,
        at offset: UInt64,
        _ caller: Caller
    ) async throws(Errno) -> NodeRecord

    /// Makes all that has returned before durable.
    func synchronize() async throws(Errno)

    // MARK: Quotas

    /// A quota and those around it, from the inside out; empty where there is none of that number.
    func quotas(at quota: NodeID) async throws(Errno) -> [QuotaRecord]

    /// All quotas.
    func quotas() async throws(Errno) -> [QuotaRecord]

    /// Sets the limits of a directory's quota, or makes it; what is made in the directory belongs to it from then on. What was there
    /// before is not counted yet: see ``QuotaWalk``.
    ///
    /// - Throws: `ENOTDIR`, `ENOENT` where the directory has been removed, `ESTALE`.
    func setQuota(of directory: NodeID, _ limits: QuotaRecord.Limits) async throws(Errno) -> QuotaRecord

    /// Has nodes belong to a quota that were there before it was set; those with names elsewhere only where they belonged to none, or
    /// to one around it. Limits are not looked at: who is over them can only remove.
    ///
    /// - Parameters:
    ///   - names: their names; those that are gone are left out.
    ///   - directory: where they are; nothing is done where it is not in the quota.
    func adopt(_ names: [StoredName], of directory: NodeID, into quota: NodeID) async throws(Errno)

    /// Notes that all which was there before a quota was set is counted.
    func completeQuota(of directory: NodeID) async throws(Errno)

    /// Takes the limits of a directory's quota away, has nodes belong to the one around it, and removes it after the last.
    ///
    /// - Parameter limit: the most nodes.
    /// - Returns: whether there is no such quota any more.
    func clearQuota(of directory: NodeID, limit: Int) async throws(Errno) -> Bool

    // MARK: Collecting

    /// Objects that extents refer to, in the order of their numbers.
    ///
    /// - Parameters:
    ///   - number: gives those with higher numbers only; 0 for all.
    ///   - limit: the most objects.
    func objects(after number: ObjectNumber, limit: Int) async throws(Errno) -> [ObjectRecord]

    /// Extents of all files in the order of their places, to look through a volume.
    ///
    /// - Parameters:
    ///   - position: gives those behind it only.
    ///   - limit: the most extents; those within the metadata have up to 32 KiB each.
    ///   - time: content within the metadata is only told of files that have not changed since, in seconds since 1970.
    func scanExtents(
        after position: ExtentPosition,
        limit: Int,
        unchangedSince time: Int64
    ) async throws(Errno) -> [ScannedExtent]

    /// Objects that no extent refers to: garbage, and what is pending for sessions that are over.
    ///
    /// - Parameter limit: the most numbers.
    func garbage(limit: Int) async throws(Errno) -> [ObjectNumber]

    /// Objects are gone from the store, or never came to be: forgets their numbers, where they are garbage or pending for
    /// this session. Others stay.
    func forget(_ objects: [ObjectNumber]) async throws(Errno)

    // MARK: Others

    /// Whether other sessions may change the volume while this one has it.
    var isShared: Bool { get }

    /// Whether this session has lost the volume, or has ended, as far as it has heard: then nothing that it does is ever committed, and
    /// all of it gives `ESTALE`.
    var isLost: Bool { get }

    /// Has somebody told, on any thread, of what other sessions change from now on. Once for each session.
    func watch(_ observer: @escaping @Sendable (ForeignChanges) -> Void)

    // MARK: Looking after it

    // MARK: The volume

    /// Has another wrapping of the same key open the volume, durably (``VolumeDescription/wrappedKey``). Sessions that run have
    /// the key already.
    ///
    /// - Throws: `EAGAIN` where `old` is not what opens it any more.
    func replaceWrappedKey(_ old: String, with new: String) async throws(Errno)

    /// Looks through the whole volume for what does not fit together, at one state of it.
    ///
    /// - Returns: what it has found, up to a thousand; nothing in a volume that is sound.
    func check() async throws(Errno) -> [Inconsistency]

    /// Writes all there is, as it is at one moment, as lines of JSON. Others may change the volume meanwhile.
    ///
    /// - Parameters:
    ///   - file: where to; stays its owner's.
    ///   - progress: told now and then how many rows there are.
    func dump(to file: FileDescriptor, progress: @escaping @Sendable (UInt64) -> Void) async throws(VolumeError)

    /// Ends the session, having disposed of what it leaves, and closes the store.
    func close() async
}
