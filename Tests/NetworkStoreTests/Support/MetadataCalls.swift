import NetworkStore
import RingFUSE
import SystemPackage

/// Calls of a metadata engine, through its protocol, with names as text.
struct MetadataCalls: Sendable {
    /// What is called.
    let engine: any MetadataEngine
    /// Who calls.
    var caller = Caller(userID: 0, groupID: 0)

    /// Calls of an engine, by root.
    init(_ engine: any MetadataEngine) { self.engine = engine }

    /// The same, by somebody else.
    func by(_ userID: UInt32, _ groupID: UInt32, groups: [UInt32] = []) -> Self {
        var calls = self
        calls.caller = Caller(userID: userID, groupID: groupID, groups: groups)
        return calls
    }

    // MARK: Names

    /// Looks a name up.
    func lookUp(_ name: StoredName, in directory: NodeID = .root) async throws(Errno) -> NodeRecord? {
        try await engine.lookUp(Name(name.bytes.span), in: directory)
    }

    /// Makes a node.
    @discardableResult
    func make(
        _ name: StoredName,
        in directory: NodeID = .root,
        _ type: NodeType = .regular,
        permissions: UInt32 = 0o644,
        umask: UInt32 = 0,
        device: UInt32 = 0,
        target: StoredName? = nil
    ) async throws(Errno) -> NodeRecord {
        let new = NewNode(mode: NodeMode(type, permissions: permissions), umask: umask, device: device)
        return try await engine.make(
            Name(name.bytes.span), in: directory, NodeTemplate(new, by: caller, target: target))
    }

    /// Makes a directory.
    func makeDirectory(
        _ name: StoredName,
        in directory: NodeID = .root,
        permissions: UInt32 = 0o755
    ) async throws(Errno) -> NodeID {
        try await make(name, in: directory, .directory, permissions: permissions).id
    }

    /// Makes a file without a name.
    func makeUnnamed(in directory: NodeID = .root, isLinkable: Bool = true) async throws(Errno) -> NodeRecord {
        let template = NodeTemplate(NewNode(mode: .regular), by: caller)
        return try await engine.makeUnnamed(in: directory, template, isLinkable: isLinkable)
    }

    /// Removes a name.
    @discardableResult
    func removeFile(_ name: StoredName, in directory: NodeID = .root) async throws(Errno) -> NodeRecord {
        try await engine.removeFile(Name(name.bytes.span), in: directory)
    }

    /// Removes a directory.
    @discardableResult
    func removeDirectory(_ name: StoredName, in directory: NodeID = .root) async throws(Errno) -> NodeRecord {
        try await engine.removeDirectory(Name(name.bytes.span), in: directory)
    }

    /// Renames.
    @discardableResult
    func rename(
        _ name: StoredName,
        in directory: NodeID = .root,
        to newName: StoredName,
        into newDirectory: NodeID = .root,
        _ flags: RenameFlags = []
    ) async throws(Errno) -> NodeRecord? {
        try await engine.rename(
            Name(name.bytes.span), in: directory, to: Name(newName.bytes.span), in: newDirectory, flags, caller
        ).replaced
    }

    /// Gives a node another name.
    @discardableResult
    func link(_ node: NodeID, to name: StoredName, in directory: NodeID = .root) async throws(Errno) -> NodeRecord {
        try await engine.link(node, to: Name(name.bytes.span), in: directory)
    }

    /// All names of a directory as text, read some at a time.
    func list(_ directory: NodeID = .root, limit: Int = 3) async throws(Errno) -> [String] {
        var names: [String] = []
        var cookie: UInt64 = 0
        while true {
            let some = try await engine.names(in: directory, after: cookie, limit: limit)
            guard let last = some.last else { return names }
            names += some.map { String($0.name) }
            cookie = last.cookie
        }
    }

    // MARK: Nodes

    /// A node.
    func node(_ id: NodeID) async throws(Errno) -> NodeRecord { try await engine.node(id) }

    /// Changes attributes.
    @discardableResult
    func change(_ node: NodeID, _ change: (inout AttributeChanges) -> Void) async throws(Errno) -> NodeRecord {
        var changes = AttributeChanges()
        change(&changes)
        return try await engine.change(changes, of: node, caller)
    }

    /// Cuts or extends a file.
    @discardableResult
    func resize(_ node: NodeID, to size: UInt64) async throws(Errno) -> NodeRecord {
        try await change(node) { $0.size = size }
    }

    /// Sets flags, all of them.
    @discardableResult
    func setFlags(_ flags: UInt32, of node: NodeID) async throws(Errno) -> NodeRecord {
        try await engine.setFlags(flags, among: .max, of: node)
    }

    /// Sets an extended attribute.
    @discardableResult
    func set(
        _ name: StoredName,
        of node: NodeID,
        to value: ContiguousArray<UInt8>,
        _ condition: ExtendedAttributeCondition = .any
    ) async throws(Errno) -> NodeRecord {
        try await engine.setExtendedAttribute(name, of: node, to: value, condition, caller)
    }

    // MARK: Content

    /// Changes content.
    @discardableResult
    func commit(
        _ file: NodeID,
        durably: Bool = false,
        _ change: (inout ContentChange) -> Void
    ) async throws(Errno) -> NodeRecord {
        var content = ContentChange(of: file)
        content.caller = caller
        change(&content)
        return try await engine.commit(content, durably: durably)
    }

    /// Puts an object in place that takes a whole range.
    @discardableResult
    func write(_ file: NodeID, at offset: UInt64, _ length: UInt64) async throws(Errno) -> ObjectNumber {
        let number = try await engine.reserveObjects(1).lowerBound
        try await commit(file) { change in
            change.objects = [ObjectRecord(number: number, length: length, layout: [1, 2, 3])]
            change.extents = [Extent(offset: offset, length: length, place: .object(number, offset: 0))]
        }
        return number
    }

    /// All extents of a file.
    func extents(_ file: NodeID) async throws(Errno) -> [Extent] {
        try await engine.extents(of: file, in: 0..<UInt64.max)
    }
}
