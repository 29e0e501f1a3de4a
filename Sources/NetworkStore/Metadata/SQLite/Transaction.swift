internal import FileSystems
internal import RingFUSE
internal import SystemPackage

/// What an operation that changes something works on: rows of the writer's connection, within a transaction that is open.
///
/// Belongs to the writer's thread. An operation that throws before it has changed a row leaves nothing; one that throws
/// later has its transaction rolled back, with all that shared it, which are then run again one by one. So checks come
/// first, for speed; nothing breaks where one does not.
final class Transaction {
    /// What counts for the whole volume.
    struct State: Equatable {
        /// Whose turn it is: rises with each session.
        var epoch: Int64
        /// The number of the next node.
        var nextNode: UInt64
        /// The number of the next object.
        var nextObject: UInt64
        /// Nodes, the root included.
        var nodes: UInt64
        /// Bytes of all extents.
        var bytes: UInt64
        /// Bytes of objects that nobody refers to.
        var garbageBytes: UInt64
    }

    /// The connection.
    let database: Database
    /// Limits, and what else was decided when the volume was formatted.
    let volume: VolumeDescription
    /// The epoch of this session.
    let session: Int64
    /// What counts for the whole volume, as it is at this point of the transaction.
    var state: State
    /// Objects without extents that may get some all the same: made, or left without, by this operation. Others were
    /// garbage before it, and may be gone from the store already.
    var revivable: Set<ObjectNumber> = []

    /// Whether the session has ended: nothing may be changed after that.
    var hasEnded = false

    /// Work on rows; the transaction is opened and ended by the writer.
    init(_ database: Database, _ volume: VolumeDescription, session: Int64, _ state: State) {
        self.database = database
        self.volume = volume
        self.session = session
        self.state = state
    }

    // MARK: State

    /// Reads the state of the volume.
    static func state(_ database: Database) throws(Errno) -> State {
        let row = try database.statement(.state)
        defer { row.reset() }
        guard try row.step() else { throw .ioError }
        return State(
            epoch: row.int64(0), nextNode: row.uint64(1), nextObject: row.uint64(2), nodes: row.uint64(3),
            bytes: row.uint64(4), garbageBytes: row.uint64(5))
    }

    /// Writes the state of the volume.
    func storeState() throws(Errno) {
        let statement = try database.statement(.storeState)
        statement.bind(1, state.epoch)
        statement.bind(2, state.nextNode)
        statement.bind(3, state.nextObject)
        statement.bind(4, state.nodes)
        statement.bind(5, state.bytes)
        statement.bind(6, state.garbageBytes)
        try statement.run()
    }

    // MARK: Nodes

    /// A node.
    ///
    /// - Throws: `ESTALE`.
    func node(_ id: NodeID) throws(Errno) -> NodeRow { try database.node(id) }

    /// A directory.
    ///
    /// - Throws: `ENOTDIR`, `ESTALE`.
    func directory(_ id: NodeID) throws(Errno) -> NodeRow {
        let node = try node(id)
        try node.checkIsDirectory()
        return node
    }

    /// Writes a node that is there.
    func store(_ node: NodeRow) throws(Errno) {
        let statement = try database.statement(.updateNode)
        node.bind(to: statement)
        try statement.run()
    }

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
        if let limit = volume.nodeLimit, state.nodes >= limit { throw .noSpace }
    }

    /// Adds a node, which counts from then on.
    func insert(_ node: NodeRow, target: StoredName? = nil) throws(Errno) {
        let statement = try database.statement(.insertNode)
        node.bind(to: statement)
        if let target { statement.bind(22, target.bytes) } else { statement.bindNothing(22) }
        try statement.run()
        state.nodes += 1
    }

    /// Notes that a node has no name, so that it is disposed of in any case.
    func insertUnlinked(_ id: NodeID, isLinkable: Bool = false) throws(Errno) {
        let statement = try database.statement(.insertUnlinked)
        statement.bind(1, id)
        statement.bind(2, session)
        statement.bind(3, Int64(isLinkable ? 1 : 0))
        try statement.run()
    }

    /// Runs a statement that has one parameter, a node.
    func run(_ sql: SQL, _ id: NodeID) throws(Errno) {
        let statement = try database.statement(sql)
        statement.bind(1, id)
        try statement.run()
    }

    /// Whether a node without names may get one.
    func isLinkable(_ id: NodeID) throws(Errno) -> Bool {
        let row = try database.statement(.linkable)
        defer { row.reset() }
        row.bind(1, id)
        return try row.step() && row.int64(0) != 0
    }

    /// The directory that one is in; 0 where it is in none, `nil` where there is no such node.
    func parent(of id: NodeID) throws(Errno) -> NodeID? {
        let row = try database.statement(.parent)
        defer { row.reset() }
        row.bind(1, id)
        return try row.step() ? NodeID(row.uint64(0)) : nil
    }

    // MARK: Names

    /// What a name in a directory leads to.
    ///
    /// - Throws: `ENAMETOOLONG`.
    func child(_ name: StoredName, in directory: NodeID) throws(Errno) -> NodeID? {
        guard name.bytes.count <= NodeRow.longestName else { throw .fileNameTooLong }
        let row = try database.statement(.child)
        defer { row.reset() }
        row.bind(1, directory)
        row.bind(2, name.bytes)
        return try row.step() ? NodeID(row.uint64(0)) : nil
    }

    /// Whether there is no name in a directory.
    func isEmpty(_ directory: NodeID) throws(Errno) -> Bool {
        let row = try database.statement(.anyName)
        defer { row.reset() }
        row.bind(1, directory)
        return try !row.step()
    }

    /// Adds a name; the directory's own row is the caller's to change.
    func insertName(_ name: StoredName, in directory: NodeID, cookie: UInt64, _ node: NodeID) throws(Errno) {
        let statement = try database.statement(.insertName)
        statement.bind(1, directory)
        statement.bind(2, name.bytes)
        statement.bind(3, cookie)
        statement.bind(4, node)
        try statement.run()
    }

    /// Has a name lead to another node, in the same place of the listing.
    func replaceName(_ name: StoredName, in directory: NodeID, with node: NodeID) throws(Errno) {
        let statement = try database.statement(.replaceName)
        statement.bind(1, directory)
        statement.bind(2, name.bytes)
        statement.bind(3, node)
        try statement.run()
    }

    /// Removes a name.
    func deleteName(_ name: StoredName, in directory: NodeID) throws(Errno) {
        let statement = try database.statement(.deleteName)
        statement.bind(1, directory)
        statement.bind(2, name.bytes)
        try statement.run()
    }
}
