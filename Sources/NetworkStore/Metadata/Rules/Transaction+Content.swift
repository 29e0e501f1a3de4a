internal import FileSystems
internal import RingFUSE
internal import SystemPackage

// Operations that change content.

extension Transaction {
    /// Changes the content of a file: ``MetadataEngine/commit(_:durably:)``.
    func commit(_ change: ContentChange) throws(Errno) -> NodeRecord {
        let node = try writable(change)
        if let tag = change.tag, try rows.child(tag, in: .journal) != nil { return node.record }
        if let version = change.movedVersion, version != node.version { throw .resourceTemporarilyUnavailable }
        return try commit(change, to: node)
    }

    /// Changes the content of several files; what cannot be done of it for the file's sake is left out.
    func commit(_ changes: [ContentChange]) throws(Errno) -> [NodeRecord?] {
        var records: [NodeRecord?] = []
        for change in changes {
            var node: NodeRow?
            do throws(Errno) {
                node = try writable(change)
            } catch .staleNFSFileHandle {
                node = nil
            }
            if let version = change.movedVersion, version != node?.version { node = nil }
            if let node {
                records.append(try commit(change, to: node))
            } else {
                // What it would have used may be used by those that follow, or is garbage.
                for object in change.objects { try insert(object) }
                records.append(nil)
            }
        }
        return records
    }

    /// The file that a change is for, where it is one.
    ///
    /// - Throws: `EFBIG`, `EINVAL`, `EISDIR`, `ESTALE`.
    private func writable(_ change: ContentChange) throws(Errno) -> NodeRow {
        for extent in change.extents { try extent.check() }
        if let size = change.size { try NodeRow.check(size, 0) }
        for hole in change.holes { try NodeRow.check(hole.lowerBound, hole.length) }
        let node = try node(change.file)
        try node.checkIsFile()
        return node
    }

    /// Makes a change that may be made.
    private func commit(_ change: ContentChange, to file: NodeRow) throws(Errno) -> NodeRecord {
        var node = file
        for object in change.objects { try insert(object) }
        for hole in change.holes { try cut(hole, of: &node) }
        for extent in change.extents {
            try cut(extent.range, of: &node)
            try insert(extent, of: &node)
        }
        try count(from: file, to: node)
        let written = change.extents.reduce(0) { $1.isData ? max($0, $1.range.upperBound) : $0 }
        node.attributes.size = max(node.attributes.size, change.size ?? 0, written)
        if change.movedVersion == nil {
            let aftermath = node.contentChanged(
                at: change.time, killingFor: change.killsPrivileges ? change.caller : nil)
            try settle(aftermath, of: &node)
        }
        if let held = change.attributes {
            let id = node.id
            let aftermath = try node.apply(held, accessList: try list(ExtendedAttributeRules.accessList, of: id))
            try settle(aftermath, of: &node)
        }
        if let tag = change.tag { try rows.insertName(tag, in: .journal, cookie: node.version, .none) }
        // Of what only moves the node says nothing: it is not written, and no other mount told to drop what its kernel has cached.
        if change.movedVersion == nil || node.allocated != file.allocated { try store(node) }
        return node.record
    }

    /// Has a range share its bytes with another: ``MetadataEngine/share(_:of:with:at:_:)``.
    func share(
        _ range: Range<UInt64>,
        of sourceID: NodeID,
        with targetID: NodeID,
        at offset: UInt64,
        _ caller: Caller
    ) throws(Errno) -> NodeRecord {
        let source = try node(sourceID)
        try source.checkIsFile()
        var target = try node(targetID)
        try target.checkIsFile()
        let wanted = range.clamped(to: 0..<source.attributes.size)
        try NodeRow.check(offset, wanted.length)
        guard !target.flags.contains(.immutable) else { throw .notPermitted }
        guard !wanted.isEmpty else { return target.record }
        let replaced = offset..<offset + wanted.length
        guard sourceID != targetID || !wanted.overlaps(replaced) else { throw .invalidArgument }
        let former = target
        let shared = try rows.extents(of: sourceID, in: wanted).compactMap { $0.part(in: wanted) }
        try cut(replaced, of: &target)
        for extent in shared {
            try insert(extent.moved(to: offset + (extent.offset - wanted.lowerBound)), of: &target)
        }
        try count(from: former, to: target)
        target.attributes.size = max(target.attributes.size, replaced.upperBound)
        let now = Timestamp.now
        let aftermath = target.contentChanged(at: now, killingFor: caller.userID != 0 ? caller : nil)
        try settle(aftermath, of: &target)
        try store(target)
        if sourceID != targetID { try noteAccess(to: sourceID, at: now) }
        return target.record
    }

    /// Checks the limit of bytes, after the fact, and counts them in quotas: what fails is taken back with its transaction.
    ///
    /// - Throws: `ENOSPC`, `EDQUOT` where there are too many, and more than before.
    private func count(from former: NodeRow, to node: NodeRow) throws(Errno) {
        if let limit = volume.byteLimit, state.bytes > Int64(clamping: limit), node.allocated > former.allocated {
            throw .noSpace
        }
        try count(in: node.quota, bytes: Int64(clamping: node.allocated) - Int64(clamping: former.allocated))
    }

    // MARK: Extents

    /// Cuts a range out of a file's extents.
    func cut(_ range: Range<UInt64>, of node: inout NodeRow) throws(Errno) {
        guard !range.isEmpty, node.allocated > 0 else { return }
        for extent in try rows.extents(of: node.id, in: range) {
            try rows.deleteExtent(at: extent.offset, of: node.id)
            node.allocated -= min(node.allocated, extent.length)
            state.bytes -= Int64(extent.length)
            let parts = extent.parts(outside: range)
            for part in parts { try write(part, of: &node) }
            if case .object(let number, _) = extent.place {
                let kept = parts.reduce(0) { $0 + $1.length }
                try release(number, extents: parts.count - 1, bytes: extent.length - kept)
            }
        }
    }

    /// Adds an extent where there is none.
    private func insert(_ extent: Extent, of node: inout NodeRow) throws(Errno) {
        try write(extent, of: &node)
        if case .object(let number, let start) = extent.place {
            try use(number, upTo: start + extent.length, bytes: extent.length)
        }
    }

    /// Writes an extent's row.
    private func write(_ extent: Extent, of node: inout NodeRow) throws(Errno) {
        try rows.insertExtent(extent, of: node.id)
        node.allocated += extent.length
        state.bytes += Int64(extent.length)
    }
}
