internal import RingFUSE
internal import SystemPackage

// Names and extended attributes. Those of a directory, or of a node, belong to whoever has its row.

extension RowCache {
    // MARK: Names

    /// What a name in a directory leads to.
    func child(_ name: StoredName, in directory: NodeID) throws(Errno) -> NodeID? {
        let place = NamePlace(directory: directory, name: name)
        if names[place] == nil {
            let rows = try ask { () throws(PostgreSQLFailure) in
                try connection.run(.lockNames, Self.parameters(of: [place]))
            }
            keepNames(rows, of: [place])
        }
        return names[place]?.value?.node
    }

    /// Places as two arrays.
    static func parameters(of places: [NamePlace]) -> PostgreSQLParameters {
        var parameters = PostgreSQLParameters()
        parameters.add(places.map(\.directory.rawValue))
        parameters.add(places.map(\.name.bytes))
        return parameters
    }

    /// Keeps names that were read.
    ///
    /// - Parameter places: what was asked for: others there are not.
    func keepNames(_ rows: PostgreSQLRows, of places: [NamePlace]) {
        for index in 0..<rows.count {
            let row = rows[index]
            let place = NamePlace(directory: NodeID(row.uint64(0)), name: row.name(1))
            guard names[place] == nil else { continue }
            names[place] = Slot(
                isStored: true, value: CachedName(cookie: row.uint64(2), node: NodeID(row.uint64(3))))
        }
        for place in places where names[place] == nil { names[place] = Slot(isStored: false, value: nil) }
    }

    /// Whether there is no name in a directory.
    ///
    /// - Complexity: O(names that this transaction has to do with).
    func isEmpty(_ directory: NodeID) throws(Errno) -> Bool {
        var gone = 0
        for (place, slot) in names where place.directory == directory {
            guard slot.value == nil else { return false }
            if slot.isStored { gone += 1 }
        }
        // It is new.
        if let slot = nodes[directory], !slot.isStored { return true }
        let rows = try ask { () throws(PostgreSQLFailure) in
            try connection.run(
                .anyNames, PostgreSQLParameters(Int64(bitPattern: directory.rawValue), Int64(gone + 1)))
        }
        return rows.count <= gone
    }

    /// Adds a name.
    func insertName(_ name: StoredName, in directory: NodeID, cookie: UInt64, _ node: NodeID) throws(Errno) {
        let place = NamePlace(directory: directory, name: name)
        let unread = directory == .trash ? Slot<CachedName>(isStored: false, value: nil) : nil
        guard let slot = names[place] ?? unread, slot.value == nil else { throw .ioError }
        note(.name(place, names[place]))
        names[place] = slot.changed(to: CachedName(cookie: cookie, node: node))
    }

    /// Has a name lead to another node.
    func replaceName(_ name: StoredName, in directory: NodeID, with node: NodeID) throws(Errno) {
        let place = NamePlace(directory: directory, name: name)
        guard let slot = names[place], var value = slot.value else { throw .ioError }
        note(.name(place, slot))
        value.node = node
        names[place] = slot.changed(to: value)
    }

    /// Removes a name.
    func deleteName(_ name: StoredName, in directory: NodeID) throws(Errno) {
        let place = NamePlace(directory: directory, name: name)
        guard let slot = names[place] else { throw .ioError }
        note(.name(place, slot))
        names[place] = slot.changed(to: nil)
    }

    // MARK: Extended attributes

    /// The value of an attribute.
    func attribute(_ name: StoredName, of node: NodeID) throws(Errno) -> ContiguousArray<UInt8>? {
        try attributes(of: node)[name]?.value
    }

    /// Bytes of the names of a node's attributes.
    func attributeNamesSize(of node: NodeID) throws(Errno) -> Int {
        try attributes(of: node).reduce(0) { $1.value.value == nil ? $0 : $0 + $1.key.bytes.count + 1 }
    }

    /// Sets an attribute.
    func setAttribute(_ name: StoredName, of node: NodeID, to value: ContiguousArray<UInt8>) throws(Errno) {
        try changeAttribute(name, of: node, to: value)
    }

    /// Removes an attribute.
    func deleteAttribute(_ name: StoredName, of node: NodeID) throws(Errno) {
        try changeAttribute(name, of: node, to: nil)
    }

    /// Removes all attributes of a node.
    func deleteAttributes(of node: NodeID) throws(Errno) {
        for name in try attributes(of: node).keys { try changeAttribute(name, of: node, to: nil) }
    }

    private func changeAttribute(_ name: StoredName, of node: NodeID, to value: ContiguousArray<UInt8>?) throws(Errno) {
        var set = try attributes(of: node)
        note(.attributes(node, set))
        set[name] = (set[name] ?? Slot(isStored: false, value: nil)).changed(to: value)
        attributes[node] = set
    }

    /// All attributes of a node: they are few, or there are none.
    private func attributes(of node: NodeID) throws(Errno) -> CachedAttributes {
        if let set = attributes[node] { return set }
        let rows = try ask { () throws(PostgreSQLFailure) in
            try connection.run(.lockAttributes, PostgreSQLParameters(Int64(bitPattern: node.rawValue)))
        }
        var set = CachedAttributes()
        for index in 0..<rows.count {
            set[rows[index].name(0)] = Slot(isStored: true, value: rows[index].bytes(1))
        }
        attributes[node] = set
        return set
    }
}

/// The extended attributes of a node.
typealias CachedAttributes = [StoredName: RowCache.Slot<ContiguousArray<UInt8>>]
