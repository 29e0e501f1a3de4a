internal import FileSystems
internal import RingFUSE
internal import Synchronization

/// The nodes that the kernel knows, and those that are nowhere but here. Any thread may use it.
final class BucketTree: Sendable {
    /// A node that the kernel knows, or that is pinned.
    fileprivate struct Known {
        var node: BucketNode
        /// Lookups that the kernel has not taken back.
        var lookups: UInt64 = 0
        /// Open files and directories.
        var opens = 0
        /// Names below it that are known.
        var children = 0
    }

    /// A name in a directory.
    fileprivate struct Place: Hashable {
        var directory: NodeID
        var name: StoredName
    }

    fileprivate struct State {
        var nodes = NodeMap<Known>()
        var names: [Place: BucketNode] = [:]
        /// Numbers are never used again.
        var nextID: UInt64 = 2
    }

    private let state = Mutex(State())
    /// The root.
    let root: BucketNode

    /// A tree with a root that has this key.
    init(_ key: BucketKey) {
        let fields = BucketNode.State(parent: nil, name: StoredName("/"), key: key, isLocal: true)
        let root = BucketNode(.root, isDirectory: true, fields)
        self.root = root
        state.withLock { $0.nodes[.root] = Known(node: root, lookups: 1) }
    }

    /// A node; `nil` for a number that is not known.
    func node(_ id: NodeID) -> BucketNode? {
        state.withLock { $0.nodes[id]?.node }
    }

    /// What a name leads to, as far as it is known.
    func child(_ name: StoredName, of directory: BucketNode) -> BucketNode? {
        state.withLock { $0.names[Place(directory: directory.id, name: name)] }
    }

    /// Counts a lookup.
    func addLookup(of node: BucketNode) {
        state.withLock { state in
            if state.nodes[node.id] == nil { state.nodes[node.id] = Known(node: node) }
            state.nodes[node.id]?.lookups += 1
        }
    }

    /// Takes over what the bucket has under a name.
    ///
    /// A directory, and what is being written, stay what they are; so does a file that has not been replaced.
    func take(_ entry: BucketEntry, _ name: StoredName, in directory: BucketNode) -> BucketNode {
        state.withLock { state in
            if let known = state.names[Place(directory: directory.id, name: name)] {
                let isSame = known.state.withLock { fields in
                    if fields.isLocal || fields.upload != nil { return true }
                    switch entry {
                    case .directory:
                        guard known.isDirectory else { return false }
                    case .file(let object):
                        guard let former = fields.object, former.tag == object.tag, former.size == object.size else {
                            return false
                        }
                        fields.object = object
                    }
                    fields.checked = .now
                    return true
                }
                if isSame { return known }
                state.remove(known)
            }
            var isDirectory = true
            var fields = BucketNode.State(parent: directory, name: name, key: directory.key.file(name).directory)
            if case .file(let object) = entry {
                isDirectory = false
                fields.key = directory.key.file(name)
                fields.object = object
            }
            return state.add(fields, isDirectory: isDirectory, in: directory)
        }
    }

    /// Adds what is nowhere but here.
    ///
    /// - Returns: `nil` where there is something with that name.
    func make(
        _ name: StoredName,
        in directory: BucketNode,
        isDirectory: Bool,
        upload: BucketUpload? = nil
    ) -> BucketNode? {
        state.withLock { state -> BucketNode? in
            guard state.names[Place(directory: directory.id, name: name)] == nil else { return nil }
            let file = directory.key.file(name)
            var fields = BucketNode.State(parent: directory, name: name, key: isDirectory ? file.directory : file)
            fields.isLocal = isDirectory
            fields.upload = upload
            return state.add(fields, isDirectory: isDirectory, in: directory)
        }
    }

    /// A name leads to nothing any more, unless it is something that is nowhere but here.
    func drop(_ name: StoredName, in directory: BucketNode) {
        state.withLock { state in
            guard let known = state.names[Place(directory: directory.id, name: name)], !known.isPinned else { return }
            state.remove(known)
        }
    }

    /// A node's name leads to nothing any more.
    func remove(_ node: BucketNode) {
        state.withLock { $0.remove(node) }
    }

    /// A file has another name.
    func move(_ node: BucketNode, to name: StoredName, in directory: BucketNode, _ object: BucketObject) {
        state.withLock { state in
            state.remove(node)
            if let replaced = state.names[Place(directory: directory.id, name: name)] { state.remove(replaced) }
            node.state.withLock { fields in
                fields.parent = directory
                fields.name = name
                fields.key = directory.key.file(name)
                fields.object = object
                fields.checked = .now
                fields.isReplaced = false
                // The same bytes under another tag.
                if fields.cachedTag != nil { fields.cachedTag = object.tag }
            }
            state.names[Place(directory: directory.id, name: name)] = node
            state.nodes[directory.id]?.children += 1
        }
    }

    // MARK: What the kernel knows

    /// Takes back lookups.
    func forget(_ id: NodeID, lookups: UInt64) {
        state.withLock { state in
            guard var known = state.nodes[id] else { return }
            known.lookups -= min(known.lookups, lookups)
            state.nodes[id] = known
            state.settle(known.node)
        }
    }

    /// Counts an open file or directory.
    func open(_ node: BucketNode) {
        state.withLock { $0.nodes[node.id]?.opens += 1 }
    }

    /// Takes back an open file or directory.
    func close(_ node: BucketNode) {
        state.withLock { state in
            if let opens = state.nodes[node.id]?.opens, opens > 0 { state.nodes[node.id]?.opens -= 1 }
            state.settle(node)
        }
    }

    /// How often a node is open.
    func opens(of node: BucketNode) -> Int {
        state.withLock { $0.nodes[node.id]?.opens ?? 0 }
    }

    /// Forgets a node that nobody needs: one that was found and the kernel is not told of, or that is not pinned any more.
    func settle(_ node: BucketNode) {
        state.withLock { $0.settle(node) }
    }

    /// The names in a directory that lead to something that is nowhere but here.
    func pinnedNames(in directory: BucketNode) -> Set<StoredName> {
        state.withLock { state in
            guard state.nodes[directory.id]?.children ?? 0 > 0 else { return [] }
            return Set(
                state.names.lazy.filter { $0.key.directory == directory.id && $0.value.isPinned }.map(\.key.name))
        }
    }

    /// What is being written.
    var uploads: [BucketUpload] {
        state.withLock { state in state.nodes.all.compactMap(\.value.node.upload) }
    }
}

extension BucketTree.State {
    /// Adds a node.
    fileprivate mutating func add(
        _ fields: BucketNode.State,
        isDirectory: Bool,
        in directory: BucketNode
    ) -> BucketNode {
        let node = BucketNode(NodeID(nextID), isDirectory: isDirectory, fields)
        nextID += 1
        names[BucketTree.Place(directory: directory.id, name: fields.name)] = node
        nodes[node.id] = BucketTree.Known(node: node)
        nodes[directory.id]?.children += 1
        return node
    }

    /// Has the name of a node lead to nothing.
    fileprivate mutating func remove(_ node: BucketNode) {
        let (parent, name) = node.state.withLock { fields in
            fields.isReplaced = true
            fields.isLocal = false
            return (fields.parent, fields.name)
        }
        guard let parent else { return }
        let place = BucketTree.Place(directory: parent.id, name: name)
        guard names[place] === node else { return }
        names[place] = nil
        nodes[parent.id]?.children -= 1
        settle(node)
        settle(parent)
    }

    /// Forgets a node that nobody needs, and its parents as far as that goes for them, too.
    fileprivate mutating func settle(_ node: BucketNode) {
        var next: BucketNode? = node
        while let node = next {
            guard let known = nodes[node.id], known.lookups == 0, known.opens == 0, known.children == 0,
                !node.isPinned
            else { return }
            nodes[node.id] = nil
            let (parent, name) = node.state.withLock { ($0.parent, $0.name) }
            guard let parent else { return }
            let place = BucketTree.Place(directory: parent.id, name: name)
            guard names[place] === node else { return }
            names[place] = nil
            nodes[parent.id]?.children -= 1
            next = parent
        }
    }
}
