internal import RingFUSE
internal import SystemPackage

// Quotas: their rows, and what is in them.

extension QuotaRecord {
    /// The columns, in the order in which they are read and written.
    static let columns = "directory, outer_quota, byte_limit, node_limit, bytes, nodes, complete"

    /// A quota out of its columns; a limit of -1 is none.
    init(_ column: (Int32) -> Int64) {
        func limit(_ index: Int32) -> UInt64? { column(index) < 0 ? nil : UInt64(column(index)) }
        self.init(
            directory: NodeID(UInt64(bitPattern: column(0))), outer: NodeID(UInt64(bitPattern: column(1))),
            limits: Limits(bytes: limit(2), nodes: limit(3)), bytes: column(4), nodes: column(5),
            isComplete: column(6) != 0)
    }

    /// The columns.
    var values: [Int64] {
        func limit(_ value: UInt64?) -> Int64 { value.map { Int64(clamping: $0) } ?? -1 }
        return [
            Int64(bitPattern: directory), Int64(bitPattern: outer), limit(limits.bytes), limit(limits.nodes), bytes,
            nodes, isComplete ? 1 : 0,
        ]
    }
}

extension Database {
    /// A quota and those around it, from the inside out.
    func quotas(at id: NodeID) throws(Errno) -> [QuotaRecord] {
        var chain: [QuotaRecord] = []
        var next = id
        while next.rawValue != 0, chain.count < QuotaRecord.deepest {
            guard let quota = try quotas(.quota, Int64(bitPattern: next.rawValue)).first else { break }
            chain.append(quota)
            next = NodeID(quota.outer)
        }
        return chain
    }

    /// The quotas that are directly within one.
    func quotas(in id: NodeID) throws(Errno) -> [QuotaRecord] {
        try quotas(.innerQuotas, Int64(bitPattern: id.rawValue))
    }

    /// All quotas.
    func allQuotas() throws(Errno) -> [QuotaRecord] { try quotas(.allQuotas) }

    private func quotas(_ sql: SQL, _ parameter: Int64? = nil) throws(Errno) -> [QuotaRecord] {
        let row = try statement(sql)
        defer { row.reset() }
        if let parameter { row.bind(1, parameter) }
        var quotas: [QuotaRecord] = []
        while try row.step() { quotas.append(QuotaRecord(row.int64)) }
        return quotas
    }

    /// Nodes that are in a quota and in none within it.
    func members(of id: NodeID, limit: Int) throws(Errno) -> (nodes: [NodeID], areAll: Bool) {
        let row = try statement(.members)
        defer { row.reset() }
        row.bind(1, id)
        row.bind(2, Int64(limit))
        var members: [NodeID] = []
        while try row.step() { members.append(NodeID(row.uint64(0))) }
        return (members, members.count < limit)
    }

    /// Adds a quota.
    func insert(_ quota: QuotaRecord) throws(Errno) { try run(.insertQuota, quota.values) }

    /// Writes a quota that is there.
    func store(_ quota: QuotaRecord) throws(Errno) { try run(.updateQuota, quota.values) }

    /// Removes a quota.
    func deleteQuota(_ id: NodeID) throws(Errno) { try run(.deleteQuota, [Int64(bitPattern: id.rawValue)]) }

    private func run(_ sql: SQL, _ values: [Int64]) throws(Errno) {
        let statement = try statement(sql)
        for (index, value) in values.enumerated() { statement.bind(Int32(index + 1), value) }
        try statement.run()
    }
}
