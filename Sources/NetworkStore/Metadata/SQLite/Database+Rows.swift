internal import RingFUSE
internal import SystemPackage

// The rows of a volume, on the connection that writes: nodes, names and extended attributes. What is read alone is in
// `Database+Reading.swift`.

extension Database: RowStore {
    // MARK: State

    /// Reads the state of the volume.
    func volumeState() throws(Errno) -> VolumeState {
        let row = try statement(.state)
        defer { row.reset() }
        guard try row.step() else { throw .ioError }
        return VolumeState(
            epoch: row.int64(0), nextNode: row.uint64(1), nextObject: row.uint64(2), nodes: row.int64(3),
            bytes: row.int64(4), garbageBytes: row.int64(5))
    }

    /// Writes the state of the volume.
    func store(_ state: VolumeState) throws(Errno) {
        let statement = try statement(.storeState)
        statement.bind(1, state.epoch)
        statement.bind(2, state.nextNode)
        statement.bind(3, state.nextObject)
        statement.bind(4, state.nodes)
        statement.bind(5, state.bytes)
        statement.bind(6, state.garbageBytes)
        try statement.run()
    }

    /// The number of a new node.
    func takeNode(_ state: inout VolumeState) -> NodeID {
        defer { state.nextNode += 1 }
        return NodeID(state.nextNode)
    }

    // MARK: Nodes

    /// Writes a node that is there.
    func store(_ node: NodeRow) throws(Errno) {
        let statement = try statement(.updateNode)
        node.bind(to: statement)
        try statement.run()
    }

    /// Adds a node.
    func insert(_ node: NodeRow, target: StoredName?) throws(Errno) {
        let statement = try statement(.insertNode)
        node.bind(to: statement)
        if let target { statement.bind(23, target.bytes) } else { statement.bindNothing(23) }
        try statement.run()
    }

    /// Removes a node.
    func deleteNode(_ id: NodeID) throws(Errno) { try run(.deleteNode, id) }

    /// Writes when a node was read.
    func storeAccessTime(_ time: Timestamp, of id: NodeID) throws(Errno) {
        let statement = try statement(.updateAccessTime)
        statement.bind(1, id)
        statement.bind(2, time)
        try statement.run()
    }

    /// The directory that one is in.
    func parent(of id: NodeID) throws(Errno) -> NodeID? {
        let row = try statement(.parent)
        defer { row.reset() }
        row.bind(1, id)
        return try row.step() ? NodeID(row.uint64(0)) : nil
    }

    /// Whether a node that has no name may get one.
    func isLinkable(_ id: NodeID) throws(Errno) -> Bool {
        let row = try statement(.linkable)
        defer { row.reset() }
        row.bind(1, id)
        return try row.step() && row.int64(0) != 0
    }

    /// Notes that a node has no name.
    func insertUnlinked(_ id: NodeID, session: Int64, isLinkable: Bool) throws(Errno) {
        let statement = try statement(.insertUnlinked)
        statement.bind(1, id)
        statement.bind(2, session)
        statement.bind(3, Int64(isLinkable ? 1 : 0))
        try statement.run()
    }

    /// Takes that note back.
    func deleteUnlinked(_ id: NodeID) throws(Errno) { try run(.deleteUnlinked, id) }

    /// Runs a statement about a node that gives nothing.
    private func run(_ sql: SQL, _ id: NodeID) throws(Errno) {
        let statement = try statement(sql)
        statement.bind(1, id)
        try statement.run()
    }

    // MARK: Names

    /// What a name in a directory leads to.
    func child(_ name: StoredName, in directory: NodeID) throws(Errno) -> NodeID? {
        let row = try statement(.child)
        defer { row.reset() }
        row.bind(1, directory)
        row.bind(2, name.bytes)
        return try row.step() ? NodeID(row.uint64(0)) : nil
    }

    /// Whether there is no name in a directory.
    func isEmpty(_ directory: NodeID) throws(Errno) -> Bool {
        let row = try statement(.anyName)
        defer { row.reset() }
        row.bind(1, directory)
        return try !row.step()
    }

    /// Adds a name.
    func insertName(_ name: StoredName, in directory: NodeID, cookie: UInt64, _ node: NodeID) throws(Errno) {
        let statement = try statement(.insertName)
        statement.bind(1, directory)
        statement.bind(2, name.bytes)
        statement.bind(3, cookie)
        statement.bind(4, node)
        try statement.run()
    }

    /// Has a name lead to another node.
    func replaceName(_ name: StoredName, in directory: NodeID, with node: NodeID) throws(Errno) {
        let statement = try statement(.replaceName)
        statement.bind(1, directory)
        statement.bind(2, name.bytes)
        statement.bind(3, node)
        try statement.run()
    }

    /// Removes a name.
    func deleteName(_ name: StoredName, in directory: NodeID) throws(Errno) {
        let statement = try statement(.deleteName)
        statement.bind(1, directory)
        statement.bind(2, name.bytes)
        try statement.run()
    }

    // MARK: Extended attributes

    /// The value of an attribute.
    func attribute(_ name: StoredName, of node: NodeID) throws(Errno) -> ContiguousArray<UInt8>? {
        let row = try statement(.attribute)
        defer { row.reset() }
        row.bind(1, node)
        row.bind(2, name.bytes)
        return try row.step() ? row.bytes(0) : nil
    }

    /// Bytes of the names of a node's attributes.
    func attributeNamesSize(of node: NodeID) throws(Errno) -> Int {
        let row = try statement(.attributeSize)
        defer { row.reset() }
        row.bind(1, node)
        return try row.step() ? Int(clamping: row.int64(0)) : 0
    }

    /// Sets an attribute.
    func setAttribute(_ name: StoredName, of node: NodeID, to value: ContiguousArray<UInt8>) throws(Errno) {
        let statement = try statement(.setAttribute)
        statement.bind(1, node)
        statement.bind(2, name.bytes)
        statement.bind(3, value)
        try statement.run()
    }

    /// Removes an attribute.
    func deleteAttribute(_ name: StoredName, of node: NodeID) throws(Errno) {
        let statement = try statement(.deleteAttribute)
        statement.bind(1, node)
        statement.bind(2, name.bytes)
        try statement.run()
    }

    /// Removes all attributes of a node.
    func deleteAttributes(of node: NodeID) throws(Errno) { try run(.deleteAttributes, node) }
}
