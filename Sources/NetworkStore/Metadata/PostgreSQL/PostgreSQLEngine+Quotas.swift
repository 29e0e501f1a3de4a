public import RingFUSE
public import SystemPackage

// Quotas.

extension PostgreSQLEngine {
    /// A quota and those around it.
    public func quotas(at quota: NodeID) async throws(Errno) -> [QuotaRecord] {
        Self.quotas(try await readers.read(.quotas, PostgreSQLParameters(Int64(bitPattern: quota.rawValue))))
    }

    /// All quotas.
    public func quotas() async throws(Errno) -> [QuotaRecord] { Self.quotas(try await readers.read(.allQuotas)) }

    private static func quotas(_ rows: PostgreSQLRows) -> [QuotaRecord] {
        (0..<rows.count).map { QuotaRecord(rows[$0].int64) }
    }

    /// Sets a quota.
    public func setQuota(of directory: NodeID, _ limits: QuotaRecord.Limits) async throws(Errno) -> QuotaRecord {
        try await write(.nodes(directory), durably: true) { (transaction) throws(Errno) in
            try transaction.setQuota(of: directory, limits)
        }
    }

    /// Counts what was there before.
    public func adopt(_ names: [StoredName], of directory: NodeID, into quota: NodeID) async throws(Errno) {
        var needs = RowNeeds.nodes(directory)
        needs.names = names.map { NamePlace(directory: directory, name: $0) }
        try await write(needs) { (transaction) throws(Errno) in
            try transaction.adopt(names, of: directory, into: quota)
        }
    }

    /// All is counted.
    public func completeQuota(of directory: NodeID) async throws(Errno) {
        try await write(.none, durably: true) { (transaction) throws(Errno) in
            try transaction.completeQuota(of: directory)
        }
    }

    /// Takes nodes out of a quota.
    public func clearQuota(of directory: NodeID, limit: Int) async throws(Errno) -> Bool {
        try await write(.none, durably: true) { (transaction) throws(Errno) in
            try transaction.clearQuota(of: directory, limit: limit)
        }
    }
}
