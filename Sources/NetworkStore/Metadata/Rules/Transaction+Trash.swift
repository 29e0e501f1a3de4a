internal import FileSystems
internal import RingFUSE
internal import SystemPackage

// What is removed, and kept for a while.
//
// The trash is a directory without a node (``NodeID/trash``): names in it belong to whoever has the node's row, so that mounts that
// remove files at the same time do not wait for each other. A node in it has no link, is in no quota, and cannot be looked up.

extension Transaction {
    // MARK: Setting

    /// Sets for how long removed files are kept: ``TrashEngine/setTrashAge(_:)``. Takes effect with ``refreshVolume()``: this
    /// transaction may be taken back.
    func setTrashAge(_ seconds: UInt64) throws(Errno) {
        var description = try rows.volumeDescription(isChanged: true)
        description.trashAge = seconds == 0 ? nil : seconds
        try rows.store(description)
    }

    /// Looks what was set since the volume was opened: ``TrashEngine/refreshVolume()``.
    func refreshVolume() throws(Errno) -> VolumeDescription {
        volume = try rows.volumeDescription(isChanged: false)
        return volume
    }

    // MARK: Removing

    /// Whether a node that has lost its last name is to be kept: what has content; and a directory from which something in the trash
    /// comes, since whoever wants that back wants it there.
    func isWorthKeeping(_ node: NodeRow) -> Bool {
        guard let age = volume.trashAge, age > 0 else { return false }
        return switch node.type {
        case .regular, .symbolicLink: node.attributes.size > 0
        case .directory: node.marks.contains(.hasTrash)
        default: false
        }
    }

    /// Puts a node that has lost its last name into the trash; its row is the caller's to store.
    func keep(_ node: inout NodeRow, from place: NamePlace, at now: Timestamp) throws(Errno) {
        try count(in: node.quota, bytes: -Int64(clamping: node.allocated), nodes: -1)
        node.quota = NodeID(0)
        node.marks.insert(.inTrash)
        let parent = try self.node(place.directory)
        if !parent.marks.contains(.hasTrash) { try update(parent.id) { $0.marks.insert(.hasTrash) } }
        let hidden = TrashEntry.hiddenName(of: node.id, from: place)
        try rows.insertName(hidden, in: .trash, cookie: now.trashTime, node.id)
    }

    // MARK: Taking out

    /// Gives a node of the trash a name again: ``TrashEngine/restore(_:to:)``.
    func restore(_ entry: TrashEntry, to place: NamePlace) throws(Errno) -> NodeRecord {
        guard var node = try node(of: entry) else { throw .noData }
        var parent = try directory(place.directory)
        try check(canMake: place.name, in: parent)
        let now = Timestamp.now
        let quota = try quota(of: node, in: parent)
        try count(in: quota, bytes: Int64(clamping: node.allocated), nodes: 1)
        node.quota = quota
        try rows.deleteName(entry.hiddenName, in: .trash)
        let cookie = parent.takeCookie()
        try rows.insertName(place.name, in: parent.id, cookie: cookie, node.id)
        node.marks.remove(.inTrash)
        node.addLinks(node.isDirectory ? 2 : 1, at: now)
        if node.isDirectory { node.parent = parent.id }
        try store(node)
        parent.namesChanged(links: node.isDirectory ? 1 : 0, at: now)
        try store(parent)
        return node.record
    }

    /// The quota that a node belongs to which gets back: that of its directory; a directory's own where something that is open still
    /// belongs to that.
    ///
    /// - Throws: `EXDEV` where that one was within another.
    private func quota(of node: NodeRow, in parent: NodeRow) throws(Errno) -> NodeID {
        guard node.isDirectory, let own = try rows.quotas(at: node.id).first else { return parent.quota }
        guard own.outer == parent.quota.rawValue else { throw .improperLink }
        return node.id
    }

    /// Removes nodes of the trash for good: ``TrashEngine/discard(_:inUse:)``.
    ///
    /// - Returns: those that are in use, which go as soon as they are not.
    func discard(_ entries: [TrashEntry], inUse: Set<NodeID>) throws(Errno) -> [NodeRecord] {
        var left: [NodeRecord] = []
        for entry in entries {
            guard var node = try node(of: entry) else { continue }
            try rows.deleteName(entry.hiddenName, in: .trash)
            node.marks.remove(.inTrash)
            try store(node)
            if inUse.contains(entry.id) {
                try insertUnlinked(entry.id)
                left.append(node.record)
            } else {
                try dispose(of: entry.id)
            }
        }
        return left
    }

    /// The node of an entry; `nil` where it is not in the trash any more. Its row comes first: whoever has that has the name, too.
    private func node(of entry: TrashEntry) throws(Errno) -> NodeRow? {
        do throws(Errno) {
            let node = try node(entry.id)
            return try rows.child(entry.hiddenName, in: .trash) == entry.id ? node : nil
        } catch .staleNFSFileHandle {
            return nil
        }
    }
}

extension Timestamp {
    /// Nanoseconds since 1970, as entries of the trash have them.
    var trashTime: UInt64 { UInt64(clamping: seconds) &* 1_000_000_000 &+ UInt64(nanoseconds) }
}
