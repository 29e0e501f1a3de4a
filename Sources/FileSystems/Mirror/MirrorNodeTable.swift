internal import CRingFUSE
internal import RingFUSE
internal import Synchronization
internal import SystemPackage

/// The nodes that the kernel knows, by their ids and by the files they stand for.
///
/// Any thread may call anything. Reads and writes do not come here: they have open files.
final class MirrorNodeTable: Sendable {
    /// A node and how often the kernel has looked it up.
    private struct Known {
        let node: MirrorNode
        var lookups: UInt64
    }

    /// Both directions, changed together.
    private struct State {
        var nodes: [NodeID: Known] = [:]
        var ids: [MirrorNode.Identity: NodeID] = [:]
        var lastID = NodeID.root.rawValue
    }

    private let state = Mutex(State())
    /// The root, which is never forgotten.
    let root: MirrorNode

    /// A table that knows the root alone.
    init(root: MirrorNode) {
        self.root = root
        state.withLock { state in
            state.nodes[.root] = Known(node: root, lookups: 1)
            state.ids[root.identity] = .root
        }
    }

    /// The number of nodes, the root included.
    var count: Int { state.withLock { $0.nodes.count } }

    /// The node of an id. While it is held, its descriptor stays open.
    ///
    /// - Throws: `ESTALE` where the kernel has forgotten it.
    func node(_ id: NodeID) throws(Errno) -> MirrorNode {
        if id == .root { return root }
        guard let node = state.withLock({ $0.nodes[id]?.node }) else { throw .staleNFSFileHandle }
        return node
    }

    /// Counts a lookup of the file that a descriptor stands for, making it known where it is not.
    ///
    /// - Parameter descriptor: an `O_PATH` descriptor, taken over: closed at once where the file is known already.
    func lookUp(_ descriptor: CInt, _ status: rfuse_status) -> NodeID {
        let (id, isKnown) = state.withLock { state in
            let identity = MirrorNode.Identity(status)
            if let id = state.ids[identity] {
                state.nodes[id]?.lookups += 1
                return (id, true)
            }
            state.lastID += 1
            let id = NodeID(state.lastID)
            let node = MirrorNode(descriptor: descriptor, id: id, status: status)
            state.nodes[id] = Known(node: node, lookups: 1)
            state.ids[identity] = id
            return (id, false)
        }
        if isKnown { _ = rfuse_close(descriptor) }
        return id
    }

    /// Counts a lookup of a node that is known.
    func lookUpAgain(_ id: NodeID) {
        state.withLock { $0.nodes[id]?.lookups += 1 }
    }

    /// Takes lookups back; a node that has none left is forgotten.
    func forget(_ id: NodeID, lookups: UInt64) {
        guard id != .root else { return }
        // Returned from the closure, so that its descriptor is closed outside the lock.
        let forgotten: MirrorNode? = state.withLock { state in
            guard let known = state.nodes[id] else { return nil }
            guard known.lookups <= lookups else {
                state.nodes[id]?.lookups -= lookups
                return nil
            }
            state.nodes[id] = nil
            state.ids[known.node.identity] = nil
            return known.node
        }
        _ = forgotten
    }

    /// Forgets all but the root.
    func forgetAll() {
        let forgotten = state.withLock { state in
            defer {
                state.nodes = state.nodes.filter { $0.key == .root }
                state.ids = state.ids.filter { $0.value == .root }
            }
            return state.nodes
        }
        _ = forgotten
    }
}
