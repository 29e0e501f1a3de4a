import Glibc
import RingFUSE
import Synchronization
import SystemPackage
import TestSupport

/// A file system in memory with a power switch: what was not synced when the power goes may be lost, in part.
///
/// Of a file its pages are each as they were at its last `fsync`, or as they are. Names are kept in order, as a journal
/// keeps them: all up to the last `fsync` of a directory, and some of those after it. It is stricter than ext4, which brings
/// names to the disk with `fsync` of files, too.
final class VolatileDisk: FileSystem {
    /// A file or a directory.
    private struct Node {
        let mode: NodeMode
        var live = PagedBytes()
        /// What is on the disk for sure.
        var durable = PagedBytes()
        /// Of a directory.
        var names: [String: NodeID] = [:]

        var isDirectory: Bool { mode.type == .directory }
    }

    /// Where a name leads from now on; `nil` for nowhere.
    private struct Naming {
        let directory: NodeID
        let name: String
        let node: NodeID?
    }

    private struct State {
        var nodes: [NodeID: Node] = [.root: Node(mode: NodeMode(.directory, permissions: 0o755))]
        /// Names that are on the disk for sure.
        var durableNames: [NodeID: [String: NodeID]] = [:]
        /// Changes of names since then, each all or nothing.
        var pending: [[Naming]] = []
        var last: UInt64 = 1
    }

    private let state = Mutex(State())
    /// What is left, once the power has gone: files by their paths, and directories as `nil`.
    private let left = Mutex<[(path: String, content: PagedBytes?)]>([])
    /// Asked before each step.
    private let observer = Mutex<(@Sendable (DiskStep) -> Bool)?>(nil)

    // MARK: Steps

    /// Has somebody asked before each step from now on, on any thread: what is refused fails with `EIO`, and changes nothing. An answer
    /// that is refused does not undo what it is of.
    func beforeEachStep(_ body: @escaping @Sendable (DiskStep) -> Bool) { observer.withLock { $0 = body } }

    /// Asks whether a step is to be made.
    private func announce(
        _ action: DiskStep.Action,
        _ node: NodeID,
        _ name: String? = nil,
        at offset: UInt64 = 0,
        _ start: [UInt8] = []
    ) throws(Errno) {
        guard let observer = observer.withLock({ $0 }) else { return }
        let path = state.withLock { Self.path(of: node, $0) } + (name.map { "/" + $0 } ?? "")
        guard observer(DiskStep(action: action, path: path, offset: offset, start: start)) else { throw .ioError }
    }

    /// Where a node is, from the root on; empty for that, and for what has no name any more.
    private static func path(of node: NodeID, _ state: State) -> String {
        for (id, directory) in state.nodes where directory.isDirectory {
            guard let name = directory.names.first(where: { $0.value == node })?.key else { continue }
            return path(of: id, state) + "/" + name
        }
        return ""
    }

    // MARK: The power switch

    /// The power goes: what is left is what is on the disk at this moment.
    ///
    /// - Parameter seed: decides what of all that was not synced is there.
    func cutPower(seed: UInt64) {
        let state = self.state.withLock { $0 }
        var random = Seeded(seed: seed)
        var names = state.durableNames
        for change in state.pending.prefix(Int.random(in: 0...state.pending.count, using: &random)) {
            for naming in change { names[naming.directory, default: [:]][naming.name] = naming.node }
        }
        var result: [(path: String, content: PagedBytes?)] = []
        var open: [(path: String, node: NodeID)] = [("", .root)]
        while let next = open.popLast() {
            for (name, id) in names[next.node, default: [:]].sorted(by: { $0.key < $1.key }) {
                guard let node = state.nodes[id] else { continue }
                let path = next.path + "/" + name
                result.append((path, node.isDirectory ? nil : Self.mixture(node, &random)))
                if node.isDirectory { open.append((path, id)) }
            }
        }
        left.withLock { $0 = result }
    }

    /// Writes what is left to a directory.
    func writeWhatIsLeft(to directory: FilePath) throws {
        for (path, content) in left.withLock({ $0 }) {
            let path = directory.string + path
            guard let content else {
                guard unsafe mkdir(path, 0o755) == 0 else { throw Errno(rawValue: errno) }
                continue
            }
            let file = try FileDescriptor.open(
                FilePath(path), .writeOnly, options: [.create, .exclusiveCreate], permissions: .ownerReadWrite)
            try file.closeAfter { for piece in content.pieces { _ = try file.writeAll(piece) } }
        }
    }

    /// A file of which some pages are as they were at its last `fsync`.
    private static func mixture(_ node: Node, _ random: inout Seeded) -> PagedBytes {
        let isLive = Bool.random(using: &random)
        let (one, other) = isLive ? (node.live, node.durable) : (node.durable, node.live)
        return one.mixed(with: other) { Bool.random(using: &random) }
    }

    // MARK: Names

    func lookUp(_ name: Name, in directory: NodeID, _ context: borrowing RequestContext) throws(Errno) -> Entry {
        try change { state throws(Errno) in
            guard let node = state.nodes[directory]?.names[String(name)] else { throw .noSuchFileOrDirectory }
            return try Self.entry(node, state)
        }
    }

    func makeNode(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Entry {
        try make(String(name), in: directory, node.mode)
    }

    func makeDirectory(
        named name: Name,
        in directory: NodeID,
        _ node: NewNode,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Entry {
        try make(String(name), in: directory, NodeMode(.directory, permissions: node.mode.permissions))
    }

    private func make(_ name: String, in directory: NodeID, _ mode: NodeMode) throws(Errno) -> Entry {
        try announce(.make, directory, name)
        return try change { state throws(Errno) in
            guard state.nodes[directory]?.names[name] == nil else { throw .fileExists }
            state.last += 1
            let id = NodeID(state.last)
            state.nodes[id] = Node(mode: mode)
            Self.name([Naming(directory: directory, name: name, node: id)], &state)
            return try Self.entry(id, state)
        }
    }

    func removeFile(named name: Name, in directory: NodeID, _ context: borrowing RequestContext) throws(Errno) {
        try remove(String(name), in: directory)
    }

    func removeDirectory(named name: Name, in directory: NodeID, _ context: borrowing RequestContext) throws(Errno) {
        try remove(String(name), in: directory)
    }

    private func remove(_ name: String, in directory: NodeID) throws(Errno) {
        try announce(.remove, directory, name)
        try change { state throws(Errno) in
            guard let id = state.nodes[directory]?.names[name] else { throw .noSuchFileOrDirectory }
            guard state.nodes[id]?.names.isEmpty != false else { throw .directoryNotEmpty }
            Self.name([Naming(directory: directory, name: name, node: nil)], &state)
        }
    }

    func rename(
        _ name: Name,
        in directory: NodeID,
        to newName: Name,
        in newDirectory: NodeID,
        _ flags: RenameFlags,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        guard flags.isSubset(of: .noReplace) else { throw .invalidArgument }
        let (old, new) = (String(name), String(newName))
        try announce(.rename, newDirectory, new)
        try change { state throws(Errno) in
            guard let id = state.nodes[directory]?.names[old] else { throw .noSuchFileOrDirectory }
            if flags.contains(.noReplace), state.nodes[newDirectory]?.names[new] != nil { throw .fileExists }
            let namings = [
                Naming(directory: directory, name: old, node: nil),
                Naming(directory: newDirectory, name: new, node: id),
            ]
            Self.name(namings, &state)
        }
    }

    func link(
        _ node: NodeID,
        to name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Entry {
        let name = String(name)
        try announce(.make, directory, name)
        return try change { state throws(Errno) in
            guard state.nodes[directory]?.names[name] == nil else { throw .fileExists }
            Self.name([Naming(directory: directory, name: name, node: node)], &state)
            return try Self.entry(node, state)
        }
    }

    func entries(
        of directory: OpenFile,
        after cookie: UInt64,
        into listing: inout DirectoryListing,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        let state = self.state.withLock { $0 }
        guard let names = state.nodes[directory.node]?.names else { throw .noSuchFileOrDirectory }
        // Cookies are the nodes' numbers; nothing here has two names in one directory for long.
        for (text, id) in names.sorted(by: { $0.value.rawValue < $1.value.rawValue }) where id.rawValue > cookie {
            let type = state.nodes[id]?.mode.type
            let fits = StoredName(text).withName {
                listing.append($0, inode: id.rawValue, type: type, cookie: id.rawValue)
            }
            guard fits else { return }
        }
    }

    func synchronizeDirectory(
        _ directory: OpenFile,
        dataOnly: Bool,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        try announce(.synchronize, directory.node)
        state.withLock { state in
            for naming in state.pending.joined() {
                state.durableNames[naming.directory, default: [:]][naming.name] = naming.node
            }
            state.pending = []
        }
    }

    // MARK: Content

    func attributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply {
        try change { state throws(Errno) in AttributesReply(try Self.entry(node, state).attributes) }
    }

    func setAttributes(
        _ changes: AttributeChanges,
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply {
        if changes.size != nil { try announce(.resize, node) }
        return try change { state throws(Errno) in
            if let size = changes.size { state.nodes[node]?.live.resize(to: Int(size)) }
            return AttributesReply(try Self.entry(node, state).attributes)
        }
    }

    func read(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) {
        let content = state.withLock { $0.nodes[file.node]?.live ?? PagedBytes() }
        let start = min(content.count, Int(clamping: offset))
        content.append(start..<start + buffer.freeCapacity, to: &buffer)
    }

    func write(
        _ file: OpenFile,
        at offset: UInt64,
        from data: RawSpan,
        _ options: WriteOptions,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Int {
        let start = unsafe data.withUnsafeBytes { unsafe Array($0.prefix(DiskStep.startSize)) }
        try announce(.write, file.node, at: offset, start)
        state.withLock { $0.nodes[file.node]?.live.write(data, at: Int(offset)) }
        return data.byteCount
    }

    func synchronize(_ file: OpenFile, dataOnly: Bool, _ context: borrowing RequestContext) throws(Errno) {
        try announce(.synchronize, file.node)
        state.withLock { state in
            guard let live = state.nodes[file.node]?.live else { return }
            state.nodes[file.node]?.durable = live
        }
        try announce(.answer, file.node)
    }

    func statistics(of node: NodeID, _ context: borrowing RequestContext) throws(Errno) -> FileSystemStatistics {
        FileSystemStatistics(blocks: 1 << 20, freeBlocks: 1 << 20, nodes: 1 << 20, freeNodes: 1 << 20)
    }

    // MARK: Shared

    private func change<Result: Sendable>(_ body: (inout State) throws(Errno) -> Result) throws(Errno) -> Result {
        try state.withLock { state throws(Errno) in try body(&state) }
    }

    private static func name(_ namings: [Naming], _ state: inout State) {
        for naming in namings { state.nodes[naming.directory]?.names[naming.name] = naming.node }
        state.pending.append(namings)
    }

    private static func entry(_ id: NodeID, _ state: State) throws(Errno) -> Entry {
        guard let node = state.nodes[id] else { throw .staleNFSFileHandle }
        let size = UInt64(node.live.count)
        return Entry(node: id, attributes: Attributes(node: id, mode: node.mode, size: size), lifetime: .second)
    }
}
