import FileSystems
import NetworkStore
import RingFUSE
import SystemPackage
import TestSupport
import Testing

/// A metadata engine and a file system in memory that are asked for the same, at random.
///
/// Both number nodes in the order in which they are made, so numbers are compared, too.
struct ModelPair {
    let calls: MetadataCalls
    let memory = MemoryFileSystem(byteLimit: 1 << 30)
    private var random: Seeded
    /// Nodes that there have been.
    private(set) var nodes: [NodeID] = [.root]
    /// Those of them that are directories.
    private var directories: [NodeID] = [.root]
    /// Operations that both have done, and that both have refused.
    private(set) var successes = 0
    private(set) var failures = 0
    /// Nodes that the engine has kept when they were removed.
    private(set) var kept = 0

    /// An empty pair.
    init(_ calls: MetadataCalls, seed: UInt64) {
        self.calls = calls
        random = Seeded(seed: seed)
    }

    /// What names are made of.
    static var names: [StoredName] { ["a", "b", "c", "d", "e"] }
    /// What extended attributes there may be.
    static var attributeNames: [StoredName] {
        ["user.a", "trusted.b", "security.capability", "system.posix_acl_access", "system.posix_acl_default"]
    }

    func context(_ caller: Caller) -> RequestContext {
        RequestContext(
            unique: 1, userID: caller.userID, groupID: caller.groupID, processID: 0, io: AsyncIO(sharedEngine))
    }

    private mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices[Int.random(in: 0..<choices.count, using: &random)]
    }

    private mutating func name() -> StoredName { pick(Self.names) }
    private mutating func node() -> NodeID { pick(nodes) }
    /// A directory, mostly.
    private mutating func directory() -> NodeID {
        Int.random(in: 0..<10, using: &random) == 0 ? pick(nodes) : pick(directories)
    }

    // MARK: Steps

    /// Does something with both.
    mutating func step() async throws {
        let caller = pick([Caller(userID: 0, groupID: 0), Caller(userID: 7, groupID: 8), Caller(userID: 9, groupID: 5)])
        let by = calls.by(caller.userID, caller.groupID)
        let context = context(caller)
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<6: try await make(by, context)
        case 6..<8: try await remove(by, context)
        case 8: try await removeDirectory(by, context)
        case 9..<13: try await rename(by, context)
        case 13: try await link(by, context)
        case 14..<16: try await changeAttributes(by, context)
        case 16: try await setFlags(by, context)
        case 17..<19: try await setAttribute(by, context)
        default: try await makeUnnamed(by, context)
        }
    }

    /// Expects both to have done the same.
    private mutating func agree(_ what: String, _ model: Errno?, _ engine: Errno?) throws {
        try #require(model == engine, "\(what)")
        if model == nil { successes += 1 } else { failures += 1 }
    }

    private mutating func make(_ by: MetadataCalls, _ context: borrowing RequestContext) async throws {
        let (name, directory) = (name(), directory())
        let type = pick([NodeType.regular, .directory, .directory, .symbolicLink, .fifo, .characterDevice])
        let new = NewNode(
            mode: NodeMode(type, permissions: type == .symbolicLink ? 0o777 : pick([0o644, 0o6777, 0o2755, 0o1700])),
            umask: pick([0, 0o022]), device: 259)
        let somewhere: StoredName = "somewhere"
        let target = type == .symbolicLink ? somewhere : nil
        var made: (NodeID, Attributes)?
        let model = errno {
            let entry =
                switch type {
                case .directory: try memory.makeDirectory(named: Name(name.bytes.span), in: directory, new, context)
                case .symbolicLink:
                    try memory.makeSymbolicLink(
                        named: Name(name.bytes.span), in: directory, to: Name(somewhere.bytes.span), context)
                default: try memory.makeNode(named: Name(name.bytes.span), in: directory, new, context)
                }
            made = (entry.node, entry.attributes)
        }
        let engine = await errno {
            let record = try await by.engine.make(
                Name(name.bytes.span), in: directory, NodeTemplate(new, by: by.caller, target: target))
            try Self.expectSame(made?.1, record)
        }
        try agree("make \(type) \(name) in \(directory)", model, engine)
        if let made {
            nodes.append(made.0)
            if type == .directory { directories.append(made.0) }
        }
    }

    private mutating func makeUnnamed(_ by: MetadataCalls, _ context: borrowing RequestContext) async throws {
        let (directory, isLinkable) = (directory(), Bool.random(using: &random))
        var made: NodeID?
        let model = errno {
            let flags: OpenFlags = isLinkable ? .readWrite : [.readWrite, .exclusive]
            made = try memory.createUnnamed(in: directory, NewNode(mode: .regular), flags, context).entry.node
        }
        let engine = await errno { try await by.makeUnnamed(in: directory, isLinkable: isLinkable) }
        try agree("make unnamed in \(directory)", model, engine)
        if let made { nodes.append(made) }
    }

    private mutating func remove(_ by: MetadataCalls, _ context: borrowing RequestContext) async throws {
        let (name, directory) = (name(), directory())
        let model = errno { try memory.removeFile(named: Name(name.bytes.span), in: directory, context) }
        var removed: NodeRecord?
        let engine = await errno { removed = try await by.removeFile(name, in: directory) }
        try agree("remove \(name) from \(directory)", model, engine)
        try await settle(removed)
    }

    private mutating func removeDirectory(
        _ by: MetadataCalls,
        _ context: borrowing RequestContext
    ) async throws {
        let (name, directory) = (name(), directory())
        let model = errno { try memory.removeDirectory(named: Name(name.bytes.span), in: directory, context) }
        var removed: NodeRecord?
        let engine = await errno { removed = try await by.removeDirectory(name, in: directory) }
        try agree("remove directory \(name) from \(directory)", model, engine)
        try await settle(removed)
    }

    /// A node may have lost its last name: sometimes nobody has it open.
    private mutating func settle(_ node: NodeRecord?) async throws {
        guard let node, node.attributes.linkCount == 0 else { return }
        try Self.expectSame(try? memory.attributes(of: node.id, nil, context(calls.caller)).attributes, node)
        if node.isInTrash { kept += 1 }
        guard Bool.random(using: &random) else { return }
        forget(node.id)
        try await calls.engine.dispose(of: node.id)
        guard node.isInTrash else { return }
        // Memory has none: there it is gone.
        let entry = try #require(try await calls.engine.trashEntry(of: node.id))
        #expect(try await calls.engine.discard([entry], inUse: []).isEmpty)
    }

    /// Nobody knows a node or has it open: one that was made without a name was opened with that.
    private func forget(_ node: NodeID) {
        memory.forget(node, lookups: .max)
        memory.release(OpenFile(node: node, handle: .none), context(calls.caller))
    }

    private mutating func rename(_ by: MetadataCalls, _ context: borrowing RequestContext) async throws {
        let (name, directory, newName, newDirectory) = (name(), directory(), name(), directory())
        let flags = pick([[], [], [], .noReplace, .exchange, .whiteout, [.exchange, .whiteout]] as [RenameFlags])
        let model = errno {
            try memory.rename(
                Name(name.bytes.span), in: directory, to: Name(newName.bytes.span), in: newDirectory, flags, context)
        }
        var replaced: NodeRecord?
        let engine = await errno {
            replaced = try await by.rename(name, in: directory, to: newName, into: newDirectory, flags)
        }
        try agree("rename \(name) in \(directory) to \(newName) in \(newDirectory) \(flags)", model, engine)
        try await settle(replaced)
        if flags.contains(.whiteout), model == nil, let whiteout = try await by.lookUp(name, in: directory)?.id {
            if !nodes.contains(whiteout) { nodes.append(whiteout) }
            // The kernel would look it up; a model that nobody knows of would lose it with its name.
            _ = try? memory.lookUp(Name(name.bytes.span), in: directory, context)
        }
    }

    private mutating func link(_ by: MetadataCalls, _ context: borrowing RequestContext) async throws {
        let (file, name, directory) = (node(), name(), directory())
        let model = errno { try memory.link(file, to: Name(name.bytes.span), in: directory, context) }
        let engine = await errno { try await by.link(file, to: name, in: directory) }
        try agree("link \(file) to \(name) in \(directory)", model, engine)
    }

    private mutating func changeAttributes(
        _ by: MetadataCalls,
        _ context: borrowing RequestContext
    ) async throws {
        let file = node()
        var changes = AttributeChanges()
        if Bool.random(using: &random) {
            changes.mode = NodeMode(.regular, permissions: pick([0o6755, 0o2745, 0o4711, 0o600]))
        }
        if Int.random(in: 0..<3, using: &random) == 0 { changes.userID = pick([0, 7]) }
        if Int.random(in: 0..<3, using: &random) == 0 { changes.groupID = pick([0, 8, 5]) }
        if Int.random(in: 0..<4, using: &random) == 0 {
            changes.size = pick([0, 5000, 1 << 63])
            changes.killsPrivileges = Bool.random(using: &random)
        }
        if Int.random(in: 0..<3, using: &random) == 0 { changes.modificationTime = .to(Timestamp(seconds: 5)) }
        if Int.random(in: 0..<4, using: &random) == 0 {
            changes.accessTime = .now
            changes.modificationTime = .now
        }
        let (wanted, caller) = (changes, by.caller)
        var told: Attributes?
        let model = errno { told = try memory.setAttributes(wanted, of: file, nil, context).attributes }
        let engine = await errno {
            try Self.expectSame(told, try await by.engine.change(wanted, of: file, caller))
        }
        try agree("change \(file): \(wanted)", model, engine)
    }

    private mutating func setFlags(_ by: MetadataCalls, _ context: borrowing RequestContext) async throws {
        let file = node()
        let flags = pick([0, 0, 0, 0, 0x10, 0x20, 0x80, 0x1_0000, 0x2_0000, 0x8000] as [UInt32])
        let model = errno { try setMemoryFlags(flags, of: file, context) }
        let engine = await errno { try await by.engine.setFlags(flags, among: .max, of: file) }
        try agree("flags \(flags) of \(file)", model, engine)
        // Few operations are left where much is protected.
        guard flags & 0x30 != 0, model == nil, Int.random(in: 0..<3, using: &random) > 0 else { return }
        try setMemoryFlags(0, of: file, context)
        _ = try await by.engine.setFlags(0, among: .max, of: file)
    }

    private func setMemoryFlags(_ flags: UInt32, of file: NodeID, _ context: borrowing RequestContext) throws {
        let input = [flags, 0]
        let bytes = unsafe input.span.bytes
        var output = OutputRawSpan()
        let set: UInt32 = 0x4008_6602
        _ = try memory.control(OpenFile(node: file, handle: .none), set, input: bytes, output: &output, context)
    }

    private mutating func setAttribute(_ by: MetadataCalls, _ context: borrowing RequestContext) async throws {
        let file = node()
        let name = pick(Self.attributeNames + ["user.", "x"])
        let value = pick([[], [1], Self.list(7, 7), Self.list(5, 2), Self.minimalList, [2, 0, 0, 0, 9]] as [[UInt8]])
        if Int.random(in: 0..<4, using: &random) == 0 {
            let model = errno {
                try memory.removeExtendedAttribute(named: Name(name.bytes.span), of: file, context)
            }
            let engine = await errno { try await by.engine.removeExtendedAttribute(name, of: file) }
            return try agree("remove \(String(name)) of \(file)", model, engine)
        }
        let conditions: [ExtendedAttributeCondition] = [.any, .any, .mustExist, .mustNotExist, .never]
        let condition = name.bytes.starts(with: "system".utf8) ? .any : pick(conditions)
        let model = errno {
            let bytes = unsafe value.span.bytes
            try memory.setExtendedAttribute(named: Name(name.bytes.span), of: file, to: bytes, condition, context)
        }
        let engine = await errno { try await by.set(name, of: file, to: ContiguousArray(value), condition) }
        try agree("set \(String(name)) of \(file) to \(value) \(condition)", model, engine)
    }

    private static func list(_ user: UInt8, _ mask: UInt8) -> [UInt8] {
        [2, 0, 0, 0] + [1, 0, 6, 0, 255, 255, 255, 255] + [2, 0, 7, 0, user, 0, 0, 0] + [
            4, 0, 5, 0, 255, 255, 255, 255,
        ]
            + [16, 0, mask, 0, 255, 255, 255, 255] + [32, 0, 1, 0, 255, 255, 255, 255]
    }

    private static var minimalList: [UInt8] {
        [2, 0, 0, 0] + [1, 0, 6, 0, 255, 255, 255, 255] + [4, 0, 4, 0, 255, 255, 255, 255]
            + [32, 0, 0, 0, 255, 255, 255, 255]
    }
}

/// The engine of all contexts; it carries out nothing.
let sharedEngine = ThreadPoolIO()
