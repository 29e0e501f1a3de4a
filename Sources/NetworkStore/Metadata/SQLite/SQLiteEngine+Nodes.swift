internal import FileSystems
public import RingFUSE
public import SystemPackage

// What changes attributes and content.

extension SQLiteEngine {
    // MARK: Attributes

    /// Changes attributes.
    public func change(
        _ changes: AttributeChanges,
        of node: NodeID,
        _ caller: Caller
    ) async throws(Errno) -> NodeRecord {
        // A size cuts extents, of which there may be many.
        try await write(isLong: changes.size != nil && isLarge(node)) { (transaction) throws(Errno) in
            try transaction.change(changes, of: node, caller)
        }
    }

    /// Notes that a node was read; whether that is worth a change is looked at first, on the caller's thread.
    public func noteAccess(to node: NodeID, at time: Timestamp) async throws(Errno) {
        let isWanted = try readers.read { (database) throws(Errno) in
            var row = try database.node(node)
            return row.attributes.accessed(at: time, row.flags)
        }
        guard isWanted else { return }
        try await write { (transaction) throws(Errno) in try transaction.noteAccess(to: node, at: time) }
    }

    /// Sets the flags of `chattr` that a mask names.
    public func setFlags(_ flags: UInt32, among mask: UInt32, of node: NodeID) async throws(Errno) -> NodeRecord {
        try await write { (transaction) throws(Errno) in
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
        try await write { (transaction) throws(Errno) in
            try transaction.setExtendedAttribute(name, of: node, to: value, condition, caller)
        }
    }

    /// Removes an extended attribute.
    public func removeExtendedAttribute(_ name: StoredName, of node: NodeID) async throws(Errno) -> NodeRecord {
        try await write { (transaction) throws(Errno) in try transaction.removeExtendedAttribute(name, of: node) }
    }

    // MARK: Content

    /// Takes numbers for new objects.
    public func reserveObjects(_ count: Int) async throws(Errno) -> Range<ObjectNumber> {
        try await write(isLong: count > Self.manyRows) { (transaction) throws(Errno) in
            try transaction.reserveObjects(count)
        }
    }

    /// Changes the content of a file.
    public func commit(_ change: ContentChange, durably: Bool) async throws(Errno) -> NodeRecord {
        try await write(durably: durably, isLong: change.extents.count > Self.manyRows) { (transaction) throws(Errno) in
            try transaction.commit(change)
        }
    }

    /// Changes the content of several files at once.
    public func commit(_ changes: [ContentChange], durably: Bool) async throws(Errno) -> [NodeRecord?] {
        try await write(durably: durably, isLong: true) { (transaction) throws(Errno) in
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
        try await write(isLong: range.length > Self.largeFile) { (transaction) throws(Errno) in
            try transaction.share(range, of: source, with: target, at: offset, caller)
        }
    }

    /// Makes all that has returned before durable; does nothing where that is so.
    public func synchronize() async throws(Errno) {
        try status.check()
        if isSynchronized { return }
        try await write(durably: true) { (_) throws(Errno) in }
    }

    /// Objects are gone from the store.
    public func forget(_ objects: [ObjectNumber]) async throws(Errno) {
        try await write(isLong: objects.count > Self.manyRows) { (transaction) throws(Errno) in
            try transaction.forget(objects)
        }
    }

    // MARK: What is left to the writer's thread

    /// Rows that are too many to be changed on a thread that serves others.
    private static let manyRows = 500
    /// Bytes of a file from which on it may have as many extents.
    private static let largeFile: UInt64 = 64 << 20

    /// Whether a file may have many extents.
    func isLarge(_ node: NodeID) -> Bool {
        let allocated = try? readers.read { (database) throws(Errno) in try database.node(node).allocated }
        return (allocated ?? 0) > Self.largeFile
    }
}
