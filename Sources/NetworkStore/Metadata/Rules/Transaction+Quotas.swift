internal import RingFUSE
internal import SystemPackage

// What quotas count, and how nodes get into them and out.

extension Transaction {
    /// Counts what a node has more, in its quota and those around it. Costs nothing for a node that is in none.
    ///
    /// - Throws: `EDQUOT` where that is more than may be.
    func count(in quota: NodeID, bytes: Int64 = 0, nodes: Int64 = 0) throws(Errno) {
        guard quota.rawValue != 0, bytes != 0 || nodes != 0 else { return }
        var counted: [QuotaRecord] = []
        for row in try rows.quotas(at: quota) {
            guard let sum = row.adding(bytes: bytes, nodes: nodes) else { throw .diskQuotaExceeded }
            counted.append(sum)
        }
        for row in counted { try store(row) }
    }

    /// Writes a quota; one that nothing is in goes: its directory counts for one as long as there is one.
    private func store(_ quota: QuotaRecord) throws(Errno) {
        if quota.nodes > 0 { try rows.store(quota) } else { try rows.deleteQuota(quota.id) }
    }

    /// Has a node belong to another quota.
    ///
    /// - Throws: `EDQUOT`.
    private func move(_ node: inout NodeRow, into quota: NodeID) throws(Errno) {
        guard node.quota != quota else { return }
        let bytes = Int64(clamping: node.allocated)
        // In this order, so that a quota around both never has it twice.
        try count(in: node.quota, bytes: -bytes, nodes: -1)
        try count(in: quota, bytes: bytes, nodes: 1)
        node.quota = quota
    }

    /// Has a node that is moved from one directory to another belong where it gets.
    ///
    /// - Throws: `EDQUOT`; `EXDEV` for what cannot be moved from one quota to another, as XFS has it: a directory, since all below
    ///   it would have to be counted anew, and a file with other names. Programs copy it then. So it is with a directory that is
    ///   not counted yet (``QuotaWalk``): moved to where names have been looked at already, it would never be.
    func moveQuota(of node: inout NodeRow, from old: NodeRow, to new: NodeRow) throws(Errno) {
        guard try !isCounted(node, in: old, new) else { return }
        guard !node.isDirectory, node.attributes.linkCount == 1 else { throw .improperLink }
        try move(&node, into: new.quota)
    }

    /// Checks that two nodes may change places.
    ///
    /// - Throws: `EXDEV` where one of them would have to be counted elsewhere.
    func checkQuotas(
        exchanging first: NodeRow,
        in parent: NodeRow,
        with second: NodeRow,
        in other: NodeRow
    ) throws(Errno) {
        guard try isCounted(first, in: parent, other), try isCounted(second, in: other, parent)
        else { throw .improperLink }
    }

    /// Whether a node that is moved between directories is counted where it gets: a quota's directory belongs to the quota around it,
    /// and a file with other names to wherever it was made.
    private func isCounted(_ node: NodeRow, in old: NodeRow, _ new: NodeRow) throws(Errno) -> Bool {
        guard node.quota != new.quota else { return true }
        guard node.quota != node.id else { return try rows.quotas(at: node.id).first?.outer == new.quota.rawValue }
        return old.quota == new.quota && !node.isDirectory && node.attributes.linkCount > 1
    }

    /// Has a node that gets another name belong where that is.
    ///
    /// - Throws: `EDQUOT`; `EXDEV` for one that has names elsewhere.
    func linkQuota(of node: inout NodeRow, to directory: NodeRow) throws(Errno) {
        guard node.quota != directory.quota else { return }
        guard node.attributes.linkCount == 0 else { throw .improperLink }
        try move(&node, into: directory.quota)
    }

    // MARK: Setting

    /// Sets the quota of a directory: ``MetadataEngine/setQuota(of:_:)``.
    func setQuota(of id: NodeID, _ limits: QuotaRecord.Limits) throws(Errno) -> QuotaRecord {
        var node = try directory(id)
        guard !node.isRemoved else { throw .noSuchFileOrDirectory }
        if var quota = try rows.quotas(at: id).first {
            quota.limits = limits
            if node.quota != id {
                // It was being cleared, and the directory is out of it already.
                quota.bytes += Int64(clamping: node.allocated)
                quota.nodes += 1
                node.quota = id
                try store(node)
            }
            try rows.store(quota)
            return quota
        }
        let quota = QuotaRecord(
            directory: id, outer: node.quota, limits: limits, bytes: Int64(clamping: node.allocated), nodes: 1,
            isComplete: try rows.isEmpty(id))
        try rows.insert(quota)
        node.quota = id
        try store(node)
        return quota
    }

    /// Counts what was in a directory before the quota was set: ``MetadataEngine/adopt(_:of:into:)``.
    func adopt(_ names: [StoredName], of directory: NodeID, into id: NodeID) throws(Errno) {
        // It may have been moved since it was listed.
        guard try self.directory(directory).quota == id, try !rows.quotas(at: id).isEmpty else { return }
        for name in names {
            guard let child = try child(name, in: directory), child != id else { continue }
            var node = try node(child)
            if node.quota == child {
                guard var inner = try rows.quotas(at: child).first, inner.outer != id.rawValue else { continue }
                try recount(bytes: inner.bytes, nodes: inner.nodes, from: NodeID(inner.outer), to: id)
                inner.outer = id.rawValue
                try rows.store(inner)
            } else if node.quota != id, try isInward(of: node, id) {
                try recount(bytes: Int64(clamping: node.allocated), nodes: 1, from: node.quota, to: id)
                node.quota = id
                try store(node)
            }
        }
    }

    /// Whether a node that belongs elsewhere belongs to a quota that it is in: one with other names only where that is further in.
    private func isInward(of node: NodeRow, _ quota: NodeID) throws(Errno) -> Bool {
        guard !node.isDirectory, node.attributes.linkCount > 1, node.quota.rawValue != 0 else { return true }
        return try rows.quotas(at: quota).contains { $0.id == node.quota }
    }

    /// Has something count in other quotas, whatever their limits.
    private func recount(bytes: Int64, nodes: Int64, from old: NodeID, to new: NodeID) throws(Errno) {
        let (outside, inside) = (try rows.quotas(at: old), try rows.quotas(at: new))
        // Those around both have it already.
        for var quota in outside where !inside.contains(where: { $0.id == quota.id }) {
            quota.bytes -= bytes
            quota.nodes -= nodes
            try store(quota)
        }
        for var quota in inside where !outside.contains(where: { $0.id == quota.id }) {
            quota.bytes += bytes
            quota.nodes += nodes
            try store(quota)
        }
    }

    /// All is counted: ``MetadataEngine/completeQuota(of:)``.
    func completeQuota(of id: NodeID) throws(Errno) {
        guard var quota = try rows.quotas(at: id).first, !quota.isComplete else { return }
        quota.isComplete = true
        try rows.store(quota)
    }

    /// Takes nodes out of a quota, and the quota away after the last: ``MetadataEngine/clearQuota(of:limit:)``.
    func clearQuota(of id: NodeID, limit: Int) throws(Errno) -> Bool {
        guard var quota = try rows.quotas(at: id).first else { return true }
        quota.limits = QuotaRecord.Limits()
        quota.isComplete = false
        for var inner in try rows.quotas(in: id) {
            inner.outer = quota.outer
            quota.bytes -= inner.bytes
            quota.nodes -= inner.nodes
            try rows.store(inner)
        }
        let members = try rows.members(of: id, limit: limit)
        for member in members.nodes {
            var node = try node(member)
            node.quota = NodeID(quota.outer)
            quota.bytes -= Int64(clamping: node.allocated)
            quota.nodes -= 1
            try store(node)
        }
        // Whatever it counts.
        guard members.areAll else {
            try rows.store(quota)
            return false
        }
        try rows.deleteQuota(id)
        return true
    }
}
