public import RingFUSE
public import SystemPackage

// Quotas.

extension SQLiteEngine {
    /// A quota and those around it.
    public func quotas(at quota: NodeID) throws(Errno) -> [QuotaRecord] {
        try readers.read { (database) throws(Errno) in try database.quotas(at: quota) }
    }

    /// All quotas.
    public func quotas() throws(Errno) -> [QuotaRecord] {
        try readers.read { (database) throws(Errno) in try database.allQuotas() }
    }

    /// Sets a quota.
    public func setQuota(of directory: NodeID, _ limits: QuotaRecord.Limits) async throws(Errno) -> QuotaRecord {
        try await write(durably: true) { (transaction) throws(Errno) in
            try transaction.setQuota(of: directory, limits)
        }
    }

    /// Counts what was there before.
    public func adopt(_ names: [StoredName], of directory: NodeID, into quota: NodeID) async throws(Errno) {
        try await write(isLong: true) { (transaction) throws(Errno) in
            try transaction.adopt(names, of: directory, into: quota)
        }
    }

    /// All is counted.
    public func completeQuota(of directory: NodeID) async throws(Errno) {
        try await write(durably: true) { (transaction) throws(Errno) in try transaction.completeQuota(of: directory) }
    }

    /// Takes nodes out of a quota.
    public func clearQuota(of directory: NodeID, limit: Int) async throws(Errno) -> Bool {
        try await write(durably: true, isLong: true) { (transaction) throws(Errno) in
            try transaction.clearQuota(of: directory, limit: limit)
        }
    }
}
