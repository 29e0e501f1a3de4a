internal import FileSystems
internal import RingFUSE
internal import SystemPackage

// Operations that change extended attributes.

extension Transaction {
    /// Sets an extended attribute: ``MetadataEngine/setExtendedAttribute(_:of:to:_:_:)``.
    func setExtendedAttribute(
        _ name: StoredName,
        of id: NodeID,
        to value: ContiguousArray<UInt8>,
        _ condition: ExtendedAttributeCondition,
        _ caller: Caller
    ) throws(Errno) -> NodeRecord {
        var node = try node(id)
        try ExtendedAttributeRules.check(name, on: node.type)
        // The kernel passes no condition with a list.
        guard !name.isAccessControl else { return try setAccessControl(name, of: node, to: value, caller) }
        try node.checkIsUnprotected()
        let former = try self.value(of: name, of: node)
        try ExtendedAttributeRules.check(condition, exists: former != nil)
        guard value.count <= ExtendedAttributeRules.largestValue else { throw .argListTooLong }
        guard former != value else { return node.record }
        if former == nil { try checkRoom(for: name, of: node) }
        try write(value, as: name, of: &node)
        node.changed(at: .now)
        try store(node)
        return node.record
    }

    /// Removes an extended attribute: ``MetadataEngine/removeExtendedAttribute(_:of:)``.
    func removeExtendedAttribute(_ name: StoredName, of id: NodeID) throws(Errno) -> NodeRecord {
        var node = try node(id)
        try ExtendedAttributeRules.check(name, on: node.type)
        try node.checkIsUnprotected()
        guard try value(of: name, of: node) != nil else {
            // A list that is not there says the same as none.
            guard name.isAccessControl else { throw .noData }
            return node.record
        }
        try erase(name, of: &node)
        node.changed(at: .now)
        try store(node)
        return node.record
    }

    /// Sets a list, which changes the mode too.
    private func setAccessControl(
        _ name: StoredName,
        of former: NodeRow,
        to value: ContiguousArray<UInt8>,
        _ caller: Caller
    ) throws(Errno) -> NodeRecord {
        guard former.type != .symbolicLink else { throw .notSupported }
        let list = unsafe try AccessControlList(extendedAttribute: value.span.bytes)
        if list == nil, !former.isDirectory, name == ExtendedAttributeRules.defaultList { return former.record }
        var node = former
        let kept = try node.setAccessControl(name, to: list, by: caller)
        let before = try self.value(of: name, of: node)
        // As ext4: the same list again changes no time, unless the mode comes with it.
        let setsMode = name == ExtendedAttributeRules.accessList && list != nil
        guard before != kept?.extendedAttribute || setsMode else { return former.record }
        if let kept {
            if before == nil { try checkRoom(for: name, of: node) }
            try write(kept.extendedAttribute, as: name, of: &node)
        } else if before != nil {
            try erase(name, of: &node)
        }
        node.changed(at: .now)
        try store(node)
        return node.record
    }

    // MARK: Parts

    /// The value of an attribute; `nil` for none.
    func value(of name: StoredName, of node: NodeRow) throws(Errno) -> ContiguousArray<UInt8>? {
        guard node.marks.contains(.attributes) else { return nil }
        return try rows.attribute(name, of: node.id)
    }

    /// A list that a node has; `nil` for none, or for what cannot be read.
    func list(_ name: StoredName, of id: NodeID) throws(Errno) -> AccessControlList? {
        guard let bytes = try rows.attribute(name, of: id) else { return nil }
        return unsafe try? AccessControlList(extendedAttribute: bytes.span.bytes)
    }

    /// Checks that the names of a node's attributes do not get too long.
    ///
    /// - Throws: `ENOSPC`.
    private func checkRoom(for name: StoredName, of node: NodeRow) throws(Errno) {
        guard node.marks.contains(.attributes) else { return }
        let size = try rows.attributeNamesSize(of: node.id)
        guard size + name.bytes.count + 1 <= ExtendedAttributeRules.largestList else { throw .noSpace }
    }

    /// Writes an attribute; the node's own row is the caller's to store.
    func write(_ value: ContiguousArray<UInt8>, as name: StoredName, of node: inout NodeRow) throws(Errno) {
        try rows.setAttribute(name, of: node.id, to: value)
        node.marks.insert(.attributes)
        if let mark = NodeRow.Marks(of: name) { node.marks.insert(mark) }
    }

    /// Removes an attribute that is there; the node's own row is the caller's to store.
    func erase(_ name: StoredName, of node: inout NodeRow) throws(Errno) {
        try rows.deleteAttribute(name, of: node.id)
        if let mark = NodeRow.Marks(of: name) { node.marks.remove(mark) }
        if try rows.attributeNamesSize(of: node.id) == 0 { node.marks.remove(.attributes) }
    }

    /// Does with attributes what a change of a node has left to be done.
    func settle(_ aftermath: NodeRow.Aftermath, of node: inout NodeRow) throws(Errno) {
        if aftermath.dropsCapability { try erase(ExtendedAttributeRules.capability, of: &node) }
        if let list = aftermath.accessList {
            try write(list.extendedAttribute, as: ExtendedAttributeRules.accessList, of: &node)
        }
    }
}
