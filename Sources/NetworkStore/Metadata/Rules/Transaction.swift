internal import FileSystems
internal import RingFUSE
internal import SystemPackage

/// What an operation that changes something works on: rows of an engine, within a transaction that is open.
///
/// Belongs to whoever has the connection that writes. An operation that throws before it has changed a row leaves nothing; what
/// one that throws later has changed, the engine takes back. So checks come first, for speed; nothing breaks where one does not.
final class Transaction<Rows: RowStore> {
    /// The rows.
    let rows: Rows
    /// Limits, and what else was decided when the volume was formatted; and what was set since, as it was last looked at
    /// (``refreshVolume()``).
    var volume: VolumeDescription
    /// The number of this session, by which it is known in rows: its epoch.
    let session: Int64
    /// What counts for the whole volume, as it is at this point of the transaction.
    var state: VolumeState
    /// Objects without extents that may get some all the same: made, or left without, by this operation. Others were
    /// garbage before it, and may be gone from the store already.
    var revivable: Set<ObjectNumber> = []

    /// Whether the session has ended: nothing may be changed after that.
    var hasEnded = false

    /// Work on rows; the transaction is opened and ended by who owns them.
    init(_ rows: Rows, _ volume: VolumeDescription, session: Int64, _ state: VolumeState) {
        self.rows = rows
        self.volume = volume
        self.session = session
        self.state = state
    }

    // MARK: Nodes

    /// A node.
    ///
    /// - Throws: `ESTALE`.
    func node(_ id: NodeID) throws(Errno) -> NodeRow { try rows.node(id) }

    /// A directory.
    ///
    /// - Throws: `ENOTDIR`, `ESTALE`.
    func directory(_ id: NodeID) throws(Errno) -> NodeRow {
        let node = try node(id)
        try node.checkIsDirectory()
        return node
    }

    /// Writes a node that is there.
    func store(_ node: NodeRow) throws(Errno) { try rows.store(node) }

    /// Reads a node, changes it and writes it.
    @discardableResult
    func update(_ id: NodeID, _ change: (inout NodeRow) -> Void) throws(Errno) -> NodeRow {
        var node = try node(id)
        change(&node)
        try store(node)
        return node
    }

    /// Checks that there may be another node.
    ///
    /// - Throws: `ENOSPC`.
    func checkRoomForNode() throws(Errno) {
        if let limit = volume.nodeLimit, state.nodes >= Int64(clamping: limit) { throw .noSpace }
    }

    /// Adds a node, which counts from then on.
    ///
    /// - Throws: `EDQUOT`, and nothing has changed.
    func insert(_ node: NodeRow, target: StoredName? = nil) throws(Errno) {
        try count(in: node.quota, nodes: 1)
        try rows.insert(node, target: target)
        state.nodes += 1
    }

    /// Notes that a node has no name, so that it is disposed of in any case.
    func insertUnlinked(_ id: NodeID, isLinkable: Bool = false) throws(Errno) {
        try rows.insertUnlinked(id, session: session, isLinkable: isLinkable)
    }

    // MARK: Names

    /// What a name in a directory leads to.
    ///
    /// - Throws: `ENAMETOOLONG`.
    func child(_ name: StoredName, in directory: NodeID) throws(Errno) -> NodeID? {
        guard name.bytes.count <= NodeRow.longestName else { throw .fileNameTooLong }
        return try rows.child(name, in: directory)
    }
}
