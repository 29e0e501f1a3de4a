import RingFUSE
import SystemPackage

/// Calls of a backend as the kernel would make them, with names as text and content as arrays.
///
/// Everything goes through the protocol, so that a method that fulfils no requirement shows as `ENOSYS`.
struct Calls<Backend: FileSystem> {
    /// What is called.
    let backend: Backend
    /// The caller's user.
    var userID: UInt32 = 0
    /// The caller's group.
    var groupID: UInt32 = 0

    /// Calls of a backend, by root.
    init(_ backend: Backend) { self.backend = backend }

    /// A context of the caller's.
    var context: RequestContext {
        RequestContext(unique: 1, userID: userID, groupID: groupID, processID: 1, io: AsyncIO(Self.engine))
    }

    /// No test does I/O of its own.
    private static var engine: IOEngine { sharedEngine }

    // MARK: Names

    /// Looks a name up.
    func lookUp(_ name: StoredName, in directory: NodeID = .root) async throws(Errno) -> Entry {
        try await backend.lookUp(Name(name.bytes.span), in: directory, context)
    }

    /// The node behind a name; `nil` where there is none.
    func node(_ name: StoredName, in directory: NodeID = .root) async throws(Errno) -> NodeID? {
        let entry = try await lookUp(name, in: directory)
        return entry.node.rawValue == 0 ? nil : entry.node
    }

    /// Makes a file.
    func makeFile(
        _ name: StoredName,
        in directory: NodeID = .root,
        permissions: UInt32 = 0o644
    ) async throws(Errno) -> Entry {
        try await makeNode(name, in: directory, NewNode(mode: NodeMode(.regular, permissions: permissions)))
    }

    /// Makes a node.
    func makeNode(_ name: StoredName, in directory: NodeID = .root, _ node: NewNode) async throws(Errno) -> Entry {
        try await backend.makeNode(named: Name(name.bytes.span), in: directory, node, context)
    }

    /// Makes a directory.
    func makeDirectory(
        _ name: StoredName,
        in directory: NodeID = .root,
        permissions: UInt32 = 0o755
    ) async throws(Errno) -> Entry {
        try await backend.makeDirectory(
            named: Name(name.bytes.span),
            in: directory,
            NewNode(mode: NodeMode(.directory, permissions: permissions)),
            context
        )
    }

    /// Makes a symbolic link in the root.
    func makeSymbolicLink(_ name: StoredName, to target: StoredName) async throws(Errno) -> Entry {
        try await backend.makeSymbolicLink(
            named: Name(name.bytes.span),
            in: .root,
            to: Name(target.bytes.span),
            context
        )
    }

    /// Makes a file and opens it.
    func create(
        _ name: StoredName,
        in directory: NodeID = .root,
        _ flags: OpenFlags = .readWrite
    ) async throws(Errno) -> CreateReply {
        try await backend.create(
            named: Name(name.bytes.span),
            in: directory,
            NewNode(mode: .regular),
            flags,
            context
        )
    }

    /// Removes a name.
    func removeFile(_ name: StoredName, in directory: NodeID = .root) async throws(Errno) {
        try await backend.removeFile(named: Name(name.bytes.span), in: directory, context)
    }

    /// Removes a directory.
    func removeDirectory(_ name: StoredName, in directory: NodeID = .root) async throws(Errno) {
        try await backend.removeDirectory(named: Name(name.bytes.span), in: directory, context)
    }

    /// Renames.
    func rename(
        _ name: StoredName,
        in directory: NodeID = .root,
        to newName: StoredName,
        into newDirectory: NodeID = .root,
        _ flags: RenameFlags = []
    ) async throws(Errno) {
        try await backend.rename(
            Name(name.bytes.span),
            in: directory,
            to: Name(newName.bytes.span),
            in: newDirectory,
            flags,
            context
        )
    }

    /// Gives a node another name.
    func link(_ node: NodeID, to name: StoredName, in directory: NodeID = .root) async throws(Errno) -> Entry {
        try await backend.link(node, to: Name(name.bytes.span), in: directory, context)
    }

    // MARK: Nodes

    /// What `stat` tells.
    func attributes(of node: NodeID) async throws(Errno) -> Attributes {
        try await backend.attributes(of: node, nil, context).attributes
    }

    /// Changes attributes.
    @discardableResult
    func change(_ node: NodeID, _ change: (inout AttributeChanges) -> Void) async throws(Errno) -> Attributes {
        var changes = AttributeChanges()
        change(&changes)
        return try await backend.setAttributes(changes, of: node, nil, context).attributes
    }

    /// What `statfs` tells.
    func statistics() async throws(Errno) -> FileSystemStatistics {
        try await backend.statistics(of: .root, context)
    }

    /// Where a symbolic link leads to.
    func readSymbolicLink(_ node: NodeID, capacity: Int = 4096) async throws(Errno) -> [UInt8] {
        let reply = Reply(capacity: capacity)
        var span = unsafe OutputRawSpan(buffer: reply.memory, initializedCount: 0)
        try await backend.readSymbolicLink(node, into: &span, context)
        return reply.bytes(of: span)
    }

    // MARK: Files

    /// Opens a file.
    @discardableResult
    func open(_ node: NodeID, _ flags: OpenFlags = .readWrite) async throws(Errno) -> OpenReply {
        try await backend.open(node, flags, context)
    }

    /// Closes a file.
    func release(_ node: NodeID) async throws(Errno) {
        try await backend.release(OpenFile(node: node, handle: .none), context)
    }

    /// Reads.
    func read(_ node: NodeID, at offset: UInt64 = 0, _ count: Int) async throws(Errno) -> [UInt8] {
        let reply = Reply(capacity: count)
        var span = unsafe OutputRawSpan(buffer: reply.memory, initializedCount: 0)
        let file = OpenFile(node: node, handle: .none)
        if let zeros = try backend.zeros(file, at: offset, count: count, context) {
            return [UInt8](repeating: 0, count: zeros)
        }
        try await backend.read(OpenFile(node: node, handle: .none), at: offset, into: &span, context)
        return reply.bytes(of: span)
    }

    /// Writes.
    @discardableResult
    func write(
        _ bytes: [UInt8],
        to node: NodeID,
        at offset: UInt64 = 0,
        flags: OpenFlags = .writeOnly,
        _ options: WriteOptions = []
    ) async throws(Errno) -> Int {
        let data = unsafe bytes.span.bytes
        return try await backend.write(
            OpenFile(node: node, handle: .none, flags: flags),
            at: offset,
            from: data,
            options,
            context
        )
    }

    /// Allocates, punches or zeroes.
    func allocate(
        _ node: NodeID,
        at offset: UInt64,
        _ length: UInt64,
        _ mode: AllocationMode = []
    ) async throws(Errno) {
        try await backend.allocate(OpenFile(node: node, handle: .none), at: offset, length: length, mode, context)
    }

    /// Finds data or a hole.
    func seek(_ node: NodeID, to target: SeekTarget, from offset: UInt64) async throws(Errno) -> UInt64 {
        try await backend.seek(OpenFile(node: node, handle: .none), to: target, from: offset, context)
    }

    /// Copies.
    func copy(
        _ source: NodeID,
        at sourceOffset: UInt64,
        to target: NodeID,
        at targetOffset: UInt64,
        _ length: UInt64
    ) async throws(Errno) -> UInt64 {
        try await backend.copy(
            from: OpenFile(node: source, handle: .none),
            at: sourceOffset,
            to: OpenFile(node: target, handle: .none),
            at: targetOffset,
            length: length,
            context
        )
    }

    /// Reads a directory from the start; what it has is not looked at.
    func list(_ directory: NodeID) async throws(Errno) {
        let reply = Reply(capacity: 4096)
        var listing = unsafe DirectoryListing(base: reply.base, capacity: 4096, wantsEntries: false)
        try await backend.entries(of: OpenFile(node: directory, handle: .none), after: 0, into: &listing, context)
    }

    // MARK: Extended attributes

    /// Sets an extended attribute.
    func setExtendedAttribute(
        _ name: StoredName,
        of node: NodeID,
        to value: [UInt8],
        _ condition: ExtendedAttributeCondition = .any
    ) async throws(Errno) {
        let bytes = unsafe value.span.bytes
        try await backend.setExtendedAttribute(
            named: Name(name.bytes.span),
            of: node,
            to: bytes,
            condition,
            context
        )
    }

    /// Tells an extended attribute and its size.
    func extendedAttribute(
        _ name: StoredName,
        of node: NodeID,
        capacity: Int = 65_536
    ) async throws(Errno) -> (size: Int, bytes: [UInt8]) {
        let reply = Reply(capacity: capacity)
        var span = unsafe OutputRawSpan(buffer: reply.memory, initializedCount: 0)
        let size = try await backend.extendedAttribute(
            named: Name(name.bytes.span),
            of: node,
            into: &span,
            context
        )
        return (size, reply.bytes(of: span))
    }

    /// Tells the names of extended attributes and their size.
    func extendedAttributeNames(
        of node: NodeID,
        capacity: Int = 65_536
    ) async throws(Errno) -> (size: Int, bytes: [UInt8]) {
        let reply = Reply(capacity: capacity)
        var span = unsafe OutputRawSpan(buffer: reply.memory, initializedCount: 0)
        let size = try await backend.extendedAttributeNames(of: node, into: &span, context)
        return (size, reply.bytes(of: span))
    }

    /// Removes an extended attribute.
    func removeExtendedAttribute(_ name: StoredName, of node: NodeID) async throws(Errno) {
        try await backend.removeExtendedAttribute(named: Name(name.bytes.span), of: node, context)
    }
}

/// The engine of all contexts; it carries out nothing.
private let sharedEngine = ThreadPoolIO()

/// Calls `body` and tells what it threw; `nil` for nothing.
func errno<Result>(_ body: () async throws -> Result) async -> Errno? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? Errno
    }
}
