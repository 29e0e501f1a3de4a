internal import RingFUSE
internal import SystemPackage

// Numbers, nodes, and nodes without names.

extension RowCache {
    /// How many numbers a session takes at a time.
    static var numbersAtOnce: (nodes: Int, objects: Int) { (4096, 1024) }

    // MARK: Numbers

    /// The number of a new node.
    func takeNode(_ state: inout VolumeState) throws(Errno) -> NodeID {
        if numbers.nodes.isEmpty { try takeNumbers(nodes: Self.numbersAtOnce.nodes, objects: 0) }
        defer { numbers.nodes = numbers.nodes.dropFirst() }
        return NodeID(numbers.nodes.lowerBound)
    }

    /// Numbers of new objects.
    func takeObjects(_ count: Int, _ state: inout VolumeState) throws(Errno) -> Range<ObjectNumber> {
        guard UInt64(count) < UInt64(Int64.max) - numbers.objects.upperBound else { throw .invalidArgument }
        if numbers.objects.count < count {
            try takeNumbers(nodes: 0, objects: max(count, Self.numbersAtOnce.objects))
        }
        let first = numbers.objects.lowerBound
        numbers.objects = first + UInt64(count)..<numbers.objects.upperBound
        return first..<first + UInt64(count)
    }

    /// Takes numbers from the volume. They are given out before the transaction is known to be over, but never told before;
    /// and no crash of the server may give them to another session, too.
    private func takeNumbers(nodes: Int, objects: Int) throws(Errno) {
        let rows = try ask { () throws(PostgreSQLFailure) in
            try connection.run(.takeNumbers, PostgreSQLParameters(Int64(nodes), Int64(objects)))
        }
        guard rows.count == 1 else { throw .ioError }
        take(rows[0], nodes: nodes, objects: objects)
        mustBeDurable = true
    }

    /// Notes numbers that were taken.
    ///
    /// - Parameter row: the numbers after them.
    func take(_ row: PostgreSQLRows.Row, nodes: Int, objects: Int) {
        if nodes > 0 { numbers.nodes = row.uint64(0) - UInt64(nodes)..<row.uint64(0) }
        if objects > 0 { numbers.objects = row.uint64(1) - UInt64(objects)..<row.uint64(1) }
    }

    // MARK: Nodes

    /// A node.
    func node(_ id: NodeID) throws(Errno) -> NodeRow {
        if nodes[id] == nil {
            let rows = try ask { () throws(PostgreSQLFailure) in
                var parameters = PostgreSQLParameters()
                parameters.add([id.rawValue])
                return try connection.run(.lockNodes, parameters)
            }
            keepNodes(rows, of: [id])
        }
        guard let node = nodes[id]?.value else { throw .staleNFSFileHandle }
        return node.row
    }

    /// Keeps nodes that were read.
    ///
    /// - Parameter ids: what was asked for: others there are not.
    func keepNodes(_ rows: PostgreSQLRows, of ids: [NodeID]) {
        for index in 0..<rows.count {
            let row = rows[index].node()
            if nodes[row.id] == nil { nodes[row.id] = Slot(isStored: true, value: CachedNode(row: row)) }
        }
        for id in ids where nodes[id] == nil { nodes[id] = Slot(isStored: false, value: nil) }
    }

    /// Writes a node that is there.
    func store(_ node: NodeRow) throws(Errno) {
        guard let slot = nodes[node.id], var value = slot.value else { throw .ioError }
        note(.node(node.id, slot))
        value.row = node
        nodes[node.id] = slot.changed(to: value)
    }

    /// Adds a node.
    func insert(_ node: NodeRow, target: StoredName?) throws(Errno) {
        note(.node(node.id, nodes[node.id]))
        nodes[node.id] = Slot(
            isStored: nodes[node.id]?.isStored ?? false, value: CachedNode(row: node, target: target), isDirty: true)
        // Its number is new: there is nothing of it in the database.
        note(.attributes(node.id, attributes[node.id]))
        if attributes[node.id] == nil { attributes[node.id] = CachedAttributes() }
        noteExtents(of: node.id)
        if extents[node.id] == nil { extents[node.id] = CachedExtents(isNew: true) }
    }

    /// Removes a node.
    func deleteNode(_ id: NodeID) throws(Errno) {
        guard let slot = nodes[id] else { throw .ioError }
        note(.node(id, slot))
        nodes[id] = slot.changed(to: nil)
    }

    /// Writes when a node was read.
    func storeAccessTime(_ time: Timestamp, of id: NodeID) throws(Errno) {
        var node = try node(id)
        node.attributes.accessTime = time
        try store(node)
    }

    /// The directory that one is in. The first that is asked for on the way up keeps all others of all mounts from moving
    /// directories until this transaction is over: two that go into each other would be a circle.
    func parent(of id: NodeID) throws(Errno) -> NodeID? {
        if let slot = nodes[id] { return slot.value?.row.parent }
        if let parent = parents?[id] { return parent }
        let rows = try ask { () throws(PostgreSQLFailure) -> PostgreSQLRows in
            if parents == nil { try connection.send(.lockTree) }
            try connection.send(.ancestors, PostgreSQLParameters(Int64(bitPattern: id.rawValue)))
            let results = try connection.exchange()
            return results[results.count - 1]
        }
        var found = parents ?? [:]
        for index in 0..<rows.count { found[NodeID(rows[index].uint64(0))] = NodeID(rows[index].uint64(1)) }
        parents = found
        return found[id]
    }

    // MARK: Nodes without names

    /// Whether a node that has no name may get one.
    func isLinkable(_ id: NodeID) throws(Errno) -> Bool { try unlinkedNote(of: id)?.isLinkable ?? false }

    /// The note of a node without a name.
    private func unlinkedNote(of id: NodeID) throws(Errno) -> CachedNote? {
        if let slot = unlinked[id] { return slot.value }
        let rows = try ask { () throws(PostgreSQLFailure) in
            var parameters = PostgreSQLParameters()
            parameters.add([id.rawValue])
            return try connection.run(.lockUnlinked, parameters)
        }
        keepUnlinked(rows, of: [id])
        return unlinked[id]?.value
    }

    /// Keeps notes that were read.
    func keepUnlinked(_ rows: PostgreSQLRows, of ids: [NodeID]) {
        for index in 0..<rows.count {
            let (row, id) = (rows[index], NodeID(rows[index].uint64(0)))
            guard unlinked[id] == nil else { continue }
            unlinked[id] = Slot(
                isStored: true, value: CachedNote(session: row.int64(1), isLinkable: row.int64(2) != 0))
        }
        for id in ids where unlinked[id] == nil { unlinked[id] = Slot(isStored: false, value: nil) }
    }

    /// Notes that a node has no name.
    func insertUnlinked(_ id: NodeID, session: Int64, isLinkable: Bool) throws(Errno) {
        let slot = unlinked[id] ?? Slot(isStored: false, value: nil)
        note(.unlinked(id, unlinked[id]))
        unlinked[id] = slot.changed(to: CachedNote(session: session, isLinkable: isLinkable))
    }

    /// Takes that note back. One that was not read is taken to be there: removing none is no error.
    func deleteUnlinked(_ id: NodeID) throws(Errno) {
        let slot = unlinked[id] ?? Slot(isStored: true, value: nil)
        note(.unlinked(id, unlinked[id]))
        unlinked[id] = slot.changed(to: nil)
    }
}
