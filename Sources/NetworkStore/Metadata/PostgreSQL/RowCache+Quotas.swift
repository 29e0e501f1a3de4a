internal import RingFUSE
internal import SystemPackage

// Quotas. Their rows are locked until the transaction is over: mounts that change what is in the same quota take turns, so that
// none exceeds it.

extension RowCache {
    /// A quota and those around it, from the inside out.
    func quotas(at id: NodeID) throws(Errno) -> [QuotaRecord] {
        if let chain = cachedChain(from: id) { return chain }
        try ask(.lockQuotas, PostgreSQLParameters(Int64(bitPattern: id.rawValue)))
        var last = id
        for _ in 0..<QuotaRecord.deepest {
            guard let quota = quotas[last]?.value, quota.outer != 0 else { break }
            last = NodeID(quota.outer)
        }
        // All there are have been read.
        if quotas[last] == nil { quotas[last] = Slot(isStored: false, value: nil) }
        return cachedChain(from: id) ?? []
    }

    /// The chain as far as it is known; `nil` where something of it has not been read.
    private func cachedChain(from id: NodeID) -> [QuotaRecord]? {
        var chain: [QuotaRecord] = []
        var next = id
        while next.rawValue != 0, chain.count < QuotaRecord.deepest {
            guard let slot = quotas[next] else { return nil }
            guard let quota = slot.value else { break }
            chain.append(quota)
            next = NodeID(quota.outer)
        }
        return chain
    }

    /// The quotas that are directly within one.
    func quotas(in id: NodeID) throws(Errno) -> [QuotaRecord] {
        try ask(.lockInnerQuotas, PostgreSQLParameters(Int64(bitPattern: id.rawValue)))
        return quotas.values.compactMap(\.value).filter { $0.outer == id.rawValue }
    }

    /// Reads quotas, and locks them.
    private func ask(_ statement: PostgreSQLStatement, _ parameters: PostgreSQLParameters) throws(Errno) {
        let rows = try ask { () throws(PostgreSQLFailure) in try connection.run(statement, parameters) }
        for index in 0..<rows.count {
            let quota = QuotaRecord(rows[index].int64)
            if quotas[quota.id] == nil { quotas[quota.id] = Slot(isStored: true, value: quota) }
        }
    }

    /// Nodes that are in a quota and in none within it: those that the database has, and those of this transaction. Whoever has the
    /// quota's row locked knows of all.
    func members(of id: NodeID, limit: Int) throws(Errno) -> (nodes: [NodeID], areAll: Bool) {
        let rows = try ask { () throws(PostgreSQLFailure) in
            try connection.run(.members, PostgreSQLParameters(Int64(bitPattern: id.rawValue), Int64(limit)))
        }
        let ids = (0..<rows.count).map { NodeID(rows[$0].uint64(0)) }
        let nodes = try ask { () throws(PostgreSQLFailure) in try connection.run(.lockNodes, Self.numbers(ids)) }
        keepNodes(nodes, of: [])
        let others = self.nodes.keys.filter { !ids.contains($0) }
        // This transaction may have taken some away, or added some.
        return ((ids + others).filter { self.nodes[$0]?.value?.row.quota == id }, ids.count < limit)
    }

    /// Adds a quota.
    func insert(_ quota: QuotaRecord) throws(Errno) {
        let slot = quotas[quota.id] ?? Slot(isStored: false, value: nil)
        note(.quota(quota.id, quotas[quota.id]))
        quotas[quota.id] = slot.changed(to: quota)
    }

    /// Writes a quota that is there.
    func store(_ quota: QuotaRecord) throws(Errno) {
        guard let slot = quotas[quota.id], slot.value != nil else { throw .ioError }
        note(.quota(quota.id, slot))
        quotas[quota.id] = slot.changed(to: quota)
    }

    /// Removes a quota.
    func deleteQuota(_ id: NodeID) throws(Errno) {
        guard let slot = quotas[id] else { throw .ioError }
        note(.quota(id, slot))
        quotas[id] = slot.changed(to: nil)
    }

    /// Sends what has changed of quotas.
    func sendQuotas() throws(PostgreSQLFailure) {
        for (id, slot) in quotas where slot.isDirty {
            guard let quota = slot.value else {
                if slot.isStored {
                    try connection.send(.deleteQuota, PostgreSQLParameters(Int64(bitPattern: id.rawValue)))
                }
                continue
            }
            var parameters = PostgreSQLParameters()
            for value in quota.values { parameters.add(value) }
            try connection.send(slot.isStored ? .updateQuota : .insertQuota, parameters)
        }
    }
}
