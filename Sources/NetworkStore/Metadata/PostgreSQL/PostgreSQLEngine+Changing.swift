internal import FileSystems
public import RingFUSE
public import SystemPackage

// What changes names, attributes and content. A name is copied: it is borrowed from a request, and the writer has a thread of its own.

extension PostgreSQLEngine {
    // MARK: Names

    /// Makes a node with a name.
    public func make(_ name: Name, in directory: NodeID, _ node: NodeTemplate) async throws(Errno) -> NodeRecord {
        let name = StoredName(name)
        return try await write(.name(name, in: directory)) { (transaction) throws(Errno) in
            try transaction.make(name, in: directory, node)
        }
    }

    /// Makes a file without a name.
    public func makeUnnamed(
        in directory: NodeID,
        _ node: NodeTemplate,
        isLinkable: Bool
    ) async throws(Errno) -> NodeRecord {
        try await write(.nodes(directory)) { (transaction) throws(Errno) in
            try transaction.makeUnnamed(in: directory, node, isLinkable: isLinkable)
        }
    }

    /// Removes a name that is no directory.
    public func removeFile(_ name: Name, in directory: NodeID) async throws(Errno) -> NodeRecord {
        let name = StoredName(name)
        return try await write(.name(name, in: directory)) { (transaction) throws(Errno) in
            try transaction.removeFile(name, in: directory)
        }
    }

    /// Removes an empty directory.
    public func removeDirectory(_ name: Name, in directory: NodeID) async throws(Errno) -> NodeRecord {
        let name = StoredName(name)
        return try await write(.name(name, in: directory)) { (transaction) throws(Errno) in
            try transaction.removeDirectory(name, in: directory)
        }
    }

    /// Renames, replaces, exchanges.
    public func rename(
        _ name: Name,
        in directory: NodeID,
        to newName: Name,
        in newDirectory: NodeID,
        _ flags: RenameFlags,
        _ caller: Caller
    ) async throws(Errno) -> RenameOutcome {
        let old = NamePlace(directory: directory, name: StoredName(name))
        let new = NamePlace(directory: newDirectory, name: StoredName(newName))
        var needs = RowNeeds.nodes(directory, newDirectory)
        needs.names = [old, new]
        return try await write(needs) { (transaction) throws(Errno) in
            try transaction.rename(old, to: new, flags, caller)
        }
    }

    /// Gives a node another name.
    public func link(_ node: NodeID, to name: Name, in directory: NodeID) async throws(Errno) -> NodeRecord {
        let name = StoredName(name)
        return try await write(.name(name, in: directory, and: node)) { (transaction) throws(Errno) in
            try transaction.link(node, to: name, in: directory)
        }
    }

    /// Nobody of this session needs a node that has no name any more.
    public func dispose(of node: NodeID) async throws(Errno) {
        var needs = RowNeeds.nodes(node)
        needs.extents = [(node, 0..<NodeRow.largestSize)]
        try await write(needs) { (transaction) throws(Errno) in try transaction.dispose(of: node) }
    }

    // MARK: Attributes

    /// Changes attributes.
    public func change(
        _ changes: AttributeChanges,
        of node: NodeID,
        _ caller: Caller
    ) async throws(Errno) -> NodeRecord {
        var needs = RowNeeds.nodes(node)
        if let size = changes.size, size < NodeRow.largestSize { needs.extents = [(node, size..<NodeRow.largestSize)] }
        return try await write(needs) { (transaction) throws(Errno) in
            try transaction.change(changes, of: node, caller)
        }
    }

    /// Notes that a node was read; whether that is worth a change is looked at first.
    public func noteAccess(to node: NodeID, at time: Timestamp) async throws(Errno) {
        var row = try await row(of: node)
        guard row.attributes.accessed(at: time, row.flags) else { return }
        try await write(.nodes(node)) { (transaction) throws(Errno) in
            try transaction.noteAccess(to: node, at: time)
        }
    }

    /// Sets the flags of `chattr` that a mask names.
    public func setFlags(_ flags: UInt32, among mask: UInt32, of node: NodeID) async throws(Errno) -> NodeRecord {
        try await write(.nodes(node)) { (transaction) throws(Errno) in
            try transaction.setFlags(InodeFlags(rawValue: flags), among: InodeFlags(rawValue: mask), of: node)
        }
    }

    /// Sets an extended attribute, or an access control list.
    public func setExtendedAttribute(
        _ name: StoredName,
        of node: NodeID,
        to value: ContiguousArray<UInt8>,
        _ condition: ExtendedAttributeCondition,
        _ caller: Caller
    ) async throws(Errno) -> NodeRecord {
        try await write(.nodes(node)) { (transaction) throws(Errno) in
            try transaction.setExtendedAttribute(name, of: node, to: value, condition, caller)
        }
    }

    /// Removes an extended attribute.
    public func removeExtendedAttribute(_ name: StoredName, of node: NodeID) async throws(Errno) -> NodeRecord {
        try await write(.nodes(node)) { (transaction) throws(Errno) in
            try transaction.removeExtendedAttribute(name, of: node)
        }
    }

    // MARK: Content

    /// Takes numbers for new objects.
    public func reserveObjects(_ count: Int) async throws(Errno) -> Range<ObjectNumber> {
        try await write(.none) { (transaction) throws(Errno) in try transaction.reserveObjects(count) }
    }

    /// Changes the content of a file.
    public func commit(_ change: ContentChange, durably: Bool) async throws(Errno) -> NodeRecord {
        try await write(.change(change), durably: durably) { (transaction) throws(Errno) in
            try transaction.commit(change)
        }
    }

    /// Changes the content of several files at once.
    public func commit(_ changes: [ContentChange], durably: Bool) async throws(Errno) -> [NodeRecord?] {
        var needs = RowNeeds.none
        for change in changes { needs.add(.change(change)) }
        return try await write(needs, durably: durably) { (transaction) throws(Errno) in
            try transaction.commit(changes)
        }
    }

    /// Has a range of a file share its bytes with another range.
    public func share(
        _ range: Range<UInt64>,
        of source: NodeID,
        with target: NodeID,
        at offset: UInt64,
        _ caller: Caller
    ) async throws(Errno) -> NodeRecord {
        // What of it there is to be shared depends on the size of the source.
        try await write(.nodes(source, target)) { (transaction) throws(Errno) in
            try transaction.share(range, of: source, with: target, at: offset, caller)
        }
    }

    /// Makes all that has returned before durable.
    public func synchronize() async throws(Errno) { try await write(.none, durably: true) { (_) throws(Errno) in } }

    /// Objects are gone from the store.
    public func forget(_ objects: [ObjectNumber]) async throws(Errno) {
        var needs = RowNeeds.none
        needs.objects = objects
        needs.pending = objects
        try await write(needs) { (transaction) throws(Errno) in try transaction.forget(objects) }
    }
}
