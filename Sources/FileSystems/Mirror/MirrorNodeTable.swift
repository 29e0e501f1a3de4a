internal import CRingFUSE
internal import RingFUSE
internal import Synchronization
internal import SystemPackage

/// The nodes that the kernel knows, by their ids and by the files they stand for.
///
/// The kernel knows as many files as its memory allows, and a process may have so many descriptors only. Up to a bound
/// each node keeps one; further ones are *parked* where the source allows it: a descriptor is made for each use.
///
/// Any thread may call anything. Reads and writes do not come here: they have open files.
final class MirrorNodeTable: Sendable {
    /// A node, how often the kernel has looked it up, and how it is held.
    fileprivate struct Known {
        enum Hold {
            case open(MirrorNode)
            case parked(MirrorParkedNode)
        }
        var hold: Hold
        var lookups: UInt64
    }

    /// Both directions, changed together.
    fileprivate struct State {
        var nodes: [NodeID: Known] = [:]
        var ids: [MirrorNode.Identity: NodeID] = [:]
        var lastID = NodeID.root.rawValue
        var openCount = 1
    }

    private let state = Mutex(State())
    /// Nodes that keep a descriptor at the most.
    private let mostOpen: Int
    /// Whether a node has ever been parked.
    private let hasParked = Atomic(false)
    /// A descriptor on the root's mount, through which parked nodes are opened; `nil` where that does not work.
    private let mount: CInt?
    /// The root, which is never forgotten.
    let root: MirrorNode

    /// A table that knows the root alone.
    ///
    /// - Parameters:
    ///   - mount: a readable descriptor of the root, which stays open as long as the table; `nil` for none.
    ///   - mostOpen: nodes that keep a descriptor at the most, where others can be parked.
    init(root: MirrorNode, mount: CInt?, mostOpen: Int) {
        self.root = root
        self.mostOpen = mostOpen
        self.mount = mount.flatMap { Self.canPark(root, on: $0) ? $0 : nil }
        state.withLock { state in
            state.nodes[.root] = Known(hold: .open(root), lookups: 1)
            state.ids[root.identity] = .root
        }
    }

    /// Whether a file of the source can be found again without a descriptor, which takes a file system that can be
    /// exported and, of the server, the right to pass by all permissions.
    private static func canPark(_ root: MirrorNode, on mount: CInt) -> Bool {
        guard let status = try? status(of: root.descriptor), let parked = MirrorParkedNode(root.descriptor, status),
            let descriptor = try? parked.open(on: mount)
        else { return false }
        return rfuse_close(descriptor) >= 0
    }

    /// The number of nodes, the root included.
    var count: Int { state.withLock { $0.nodes.count } }

    /// The node of an id. While it is held, its descriptor stays open.
    ///
    /// - Throws: `ESTALE` where the kernel has forgotten it, or where a parked one has been removed; `EMFILE`.
    func node(_ id: NodeID) throws(Errno) -> MirrorNode {
        if id == .root { return root }
        guard let hold = state.withLock({ $0.nodes[id]?.hold }) else { throw .staleNFSFileHandle }
        switch hold {
        case .open(let node): return node
        case .parked(let parked):
            guard let mount else { throw .staleNFSFileHandle }
            return MirrorNode(descriptor: try parked.open(on: mount), id: id, parked: parked)
        }
    }

    /// Counts a lookup of the file that a descriptor stands for, making it known where it is not.
    ///
    /// - Parameter descriptor: an `O_PATH` descriptor, taken over: closed at once where it is not kept.
    func lookUp(_ descriptor: CInt, _ status: rfuse_status) -> NodeID {
        let parked = parkedNode(descriptor, status)
        let (id, isKept) = state.withLock { state in
            let identity = MirrorNode.Identity(status)
            if let id = state.ids[identity], state.isSame(id, parked) {
                state.nodes[id]?.lookups += 1
                return (id, false)
            }
            state.lastID += 1
            let id = NodeID(state.lastID)
            state.ids[identity] = id
            if let parked, state.openCount >= mostOpen {
                state.nodes[id] = Known(hold: .parked(parked), lookups: 1)
                return (id, false)
            }
            let node = MirrorNode(descriptor: descriptor, id: id, status: status)
            state.nodes[id] = Known(hold: .open(node), lookups: 1)
            state.openCount += 1
            return (id, true)
        }
        if !isKept { _ = rfuse_close(descriptor) }
        return id
    }

    /// What a file would be parked as; `nil` where it is not to be, and no parked one can be the same.
    private func parkedNode(_ descriptor: CInt, _ status: rfuse_status) -> MirrorParkedNode? {
        // Parked nodes are opened through the root's mount. A file without a name may be gone at any time.
        guard mount != nil, status.mount == root.identity.mount, status.links > 0 else { return nil }
        if !hasParked.load(ordering: .relaxed) {
            guard state.withLock({ $0.openCount }) >= mostOpen else { return nil }
            hasParked.store(true, ordering: .relaxed)
        }
        return MirrorParkedNode(descriptor, status)
    }

    /// Counts a lookup of a node that is known.
    func lookUpAgain(_ id: NodeID) {
        state.withLock { $0.nodes[id]?.lookups += 1 }
    }

    /// Takes lookups back; a node that has none left is forgotten.
    ///
    /// - Returns: the node if it was forgotten; its descriptor is closed when the caller lets go of it.
    @discardableResult
    func forget(_ id: NodeID, lookups: UInt64) -> MirrorNode? {
        guard id != .root else { return nil }
        return state.withLock { state in
            guard let known = state.nodes[id] else { return nil }
            guard known.lookups <= lookups else {
                state.nodes[id]?.lookups -= lookups
                return nil
            }
            state.nodes[id] = nil
            switch known.hold {
            case .open(let node):
                state.remove(id, node.identity)
                state.openCount -= 1
                return node
            case .parked(let parked):
                state.remove(id, parked.identity)
                return nil
            }
        }
    }

    /// Forgets all but the root.
    func forgetAll() {
        let forgotten = state.withLock { state in
            defer {
                state.nodes = state.nodes.filter { $0.key == .root }
                state.ids = state.ids.filter { $0.value == .root }
                state.openCount = 1
            }
            return state.nodes
        }
        _ = forgotten
    }

    /// A directory or file of each file system that nodes are on.
    func oneOfEachFileSystem() -> [MirrorNode] {
        let nodes = state.withLock { state in
            var found: [UInt64: MirrorNode] = [root.identity.device: root]
            for known in state.nodes.values {
                // Opening others may have effects.
                guard case .open(let node) = known.hold else { continue }
                guard node.type == .directory || node.type == .regular else { continue }
                if found[node.identity.device] == nil { found[node.identity.device] = node }
            }
            return Array(found.values)
        }
        return nodes
    }
}

extension MirrorNodeTable.State {
    /// Whether a node with the identity of a file found is that file. Of a node that keeps a descriptor it is: its
    /// inode number is not given away.
    fileprivate func isSame(_ id: NodeID, _ found: MirrorParkedNode?) -> Bool {
        guard case .parked(let parked) = nodes[id]?.hold else { return true }
        guard let found else { return false }
        return parked.isSame(as: found)
    }

    /// Removes the way from a file to a node, unless it leads to another node by now.
    fileprivate mutating func remove(_ id: NodeID, _ identity: MirrorNode.Identity) {
        if ids[identity] == id { ids[identity] = nil }
    }
}
