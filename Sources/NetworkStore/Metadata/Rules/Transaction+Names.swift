internal import FileSystems
internal import RingFUSE
internal import SystemPackage

// Operations that change names.

extension Transaction {
    /// Directories above each other at the most; more are a circle, which there must not be.
    private static var deepestDirectory: Int { 1_000_000 }

    /// Makes a node with a name: ``MetadataEngine/make(_:in:_:)``.
    func make(_ name: StoredName, in directory: NodeID, _ template: NodeTemplate) throws(Errno) -> NodeRecord {
        guard let type = template.node.mode.type, type != .symbolicLink || template.target?.bytes.isEmpty == false
        else { throw .invalidArgument }
        var parent = try self.directory(directory)
        try check(canMake: name, in: parent)
        try checkRoomForNode()
        let now = Timestamp.now
        let node = try add(template, type, in: parent, at: now)
        let cookie = parent.takeCookie()
        try rows.insertName(name, in: directory, cookie: cookie, node.id)
        parent.namesChanged(links: type == .directory ? 1 : 0, at: now)
        try store(parent)
        return node.record
    }

    /// Makes a file without a name: ``MetadataEngine/makeUnnamed(in:_:isLinkable:)``.
    func makeUnnamed(in directory: NodeID, _ template: NodeTemplate, isLinkable: Bool) throws(Errno) -> NodeRecord {
        let parent = try self.directory(directory)
        // ext4 says so of a removed directory.
        guard !parent.isRemoved, !parent.flags.contains(.immutable) else { throw .notPermitted }
        try checkRoomForNode()
        let node = try add(template, .regular, in: parent, links: 0, at: .now)
        try insertUnlinked(node.id, isLinkable: isLinkable)
        return node.record
    }

    /// Gives a node another name: ``MetadataEngine/link(_:to:in:)``.
    func link(_ id: NodeID, to name: StoredName, in directory: NodeID) throws(Errno) -> NodeRecord {
        var node = try node(id)
        guard !node.isDirectory else { throw .notPermitted }
        var parent = try self.directory(directory)
        try check(canMake: name, in: parent)
        try node.checkTakesName(isLinkable: try rows.isLinkable(id))
        let now = Timestamp.now
        try linkQuota(of: &node, to: parent)
        if node.attributes.linkCount == 0 { try rows.deleteUnlinked(id) }
        let cookie = parent.takeCookie()
        try rows.insertName(name, in: directory, cookie: cookie, id)
        node.addLinks(1, at: now)
        try store(node)
        parent.namesChanged(at: now)
        try store(parent)
        return node.record
    }

    /// Removes a name that is no directory: ``MetadataEngine/removeFile(_:in:)``.
    func removeFile(_ name: StoredName, in directory: NodeID) throws(Errno) -> NodeRecord {
        let (parent, child) = try find(name, in: directory)
        try parent.checkIsUnprotected()
        try child.checkIsUnprotected()
        guard !child.isDirectory else { throw .isDirectory }
        return try remove(name, of: child, in: parent)
    }

    /// Removes an empty directory: ``MetadataEngine/removeDirectory(_:in:)``.
    func removeDirectory(_ name: StoredName, in directory: NodeID) throws(Errno) -> NodeRecord {
        let (parent, child) = try find(name, in: directory)
        try parent.checkIsUnprotected()
        try child.checkIsUnprotected()
        guard child.isDirectory else { throw .notDirectory }
        guard try rows.isEmpty(child.id) else { throw .directoryNotEmpty }
        return try remove(name, of: child, in: parent)
    }

    // MARK: Parts

    /// Checks that a name can be made.
    ///
    /// - Throws: `EEXIST`, `ENOENT`, `EPERM`, `ENAMETOOLONG`.
    func check(canMake name: StoredName, in parent: NodeRow) throws(Errno) {
        guard try child(name, in: parent.id) == nil, !name.isDotOrDotDot else { throw .fileExists }
        try parent.checkTakesNames()
    }

    /// A directory, and what a name in it leads to.
    ///
    /// - Throws: `ENOENT`, `ENOTDIR`, `ENAMETOOLONG`, `ESTALE`.
    func find(_ name: StoredName, in directory: NodeID) throws(Errno) -> (parent: NodeRow, child: NodeRow) {
        let parent = try self.directory(directory)
        guard let id = try child(name, in: directory) else { throw .noSuchFileOrDirectory }
        return (parent, try node(id))
    }

    /// Makes a node as the directory that it is made in or for wants it; its name is the caller's to make.
    func add(
        _ template: NodeTemplate,
        _ type: NodeType,
        in parent: NodeRow,
        links: UInt32? = nil,
        at now: Timestamp
    ) throws(Errno) -> NodeRow {
        let list: AccessControlList? =
            parent.marks.contains(.defaultList) && type != .symbolicLink
            ? try self.list(ExtendedAttributeRules.defaultList, of: parent.id) : nil
        let inheritance = Inheritance(
            of: type, template.node, from: parent.attributes, parent.flags, defaultList: list)
        var node = NodeRow(try rows.takeNode(&state), type, template, inheritance, in: parent.id, at: now)
        if let links { node.attributes.linkCount = links }
        node.quota = parent.quota
        if let list = inheritance.accessList {
            try write(list.extendedAttribute, as: ExtendedAttributeRules.accessList, of: &node)
        }
        if let list = inheritance.defaultList {
            try write(list.extendedAttribute, as: ExtendedAttributeRules.defaultList, of: &node)
        }
        try insert(node, target: type == .symbolicLink ? template.target : nil)
        return node
    }

    /// Removes a name, and notes it in both nodes.
    private func remove(_ name: StoredName, of child: NodeRow, in parent: NodeRow) throws(Errno) -> NodeRecord {
        let now = Timestamp.now
        try rows.deleteName(name, in: parent.id)
        try update(parent.id) { $0.namesChanged(links: child.isDirectory ? -1 : 0, at: now) }
        return try removeLink(of: child, from: NamePlace(directory: parent.id, name: name), at: now)
    }

    /// Takes a name from a node, or both from a directory. What has lost the last one is kept in the trash, or noted as without.
    ///
    /// - Parameter place: where the name was.
    func removeLink(of child: NodeRow, from place: NamePlace, at now: Timestamp) throws(Errno) -> NodeRecord {
        var child = child
        if child.isDirectory {
            child.addLinks(-2, at: now)
            child.parent = NodeID(0)
        } else {
            child.addLinks(-1, at: now)
        }
        let isLast = child.attributes.linkCount == 0
        let isKept = isLast && isWorthKeeping(child)
        if isKept { try keep(&child, from: place, at: now) }
        try store(child)
        if isLast, !isKept { try insertUnlinked(child.id) }
        return child.record
    }

    /// Whether a directory is another one, or somewhere above it.
    ///
    /// - Throws: `EIO` where directories go round in a circle.
    /// - Complexity: O(depth).
    func contains(_ upper: NodeID, _ lower: NodeID) throws(Errno) -> Bool {
        var id = lower
        for _ in 0..<Self.deepestDirectory {
            if id == upper { return true }
            guard id != .root, let parent = try rows.parent(of: id), parent.rawValue != 0 else { return false }
            id = parent
        }
        throw .ioError
    }
}

extension StoredName {
    /// Whether it is `.` or `..`.
    var isDotOrDotDot: Bool { withName { $0.isDotOrDotDot } }
}
