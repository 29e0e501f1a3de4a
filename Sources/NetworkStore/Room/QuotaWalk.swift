public import RingFUSE
public import SystemPackage

/// Has all below a directory counted by its quota, or by it no longer, in many small transactions while the volume is used. May be
/// interrupted at any point; setting or clearing it again goes on.
public struct QuotaWalk: Sendable {
    private let engine: any MetadataEngine

    /// Names that are looked at in one transaction.
    private static let batch = 128

    /// A walk through a volume.
    public init(_ engine: any MetadataEngine) { self.engine = engine }

    /// Sets a quota, and counts what there is, unless that has been done.
    ///
    /// Each directory is counted before its names are listed: what is made in it afterwards is counted as it is made. What is there
    /// cannot get from where names have not been looked at to where they have (``MetadataEngine/rename(_:in:to:in:_:_:)``).
    /// - Parameters:
    ///   - progress: told now and then how many names have been looked at.
    ///   - counted: called when all is counted, before the quota says so.
    /// - Returns: the quota; not complete where the task was cancelled.
    /// - Throws: `ENOTDIR`, `ENOENT`, `ESTALE`, `EIO`.
    @discardableResult
    public func set(
        _ directory: NodeID,
        _ limits: QuotaRecord.Limits,
        progress: (UInt64) -> Void = { _ in },
        counted: () async throws(Errno) -> Void = {}
    ) async throws(Errno) -> QuotaRecord {
        let quota = try await engine.setQuota(of: directory, limits)
        guard !quota.isComplete else { return quota }
        var (pending, seen) = ([(directory: directory, quota: directory)], UInt64(0))
        while let next = pending.popLast() {
            var cookie: UInt64 = 0
            while true {
                guard !Task.isCancelled else { return quota }
                let names: [NameRecord]
                do throws(Errno) {
                    names = try await engine.names(in: next.directory, after: cookie, limit: Self.batch)
                } catch .staleNFSFileHandle {
                    // Removed since.
                    break
                }
                guard let last = names.last else { break }
                try await engine.adopt(names.map(\.name), of: next.directory, into: next.quota)
                for name in names where name.node.type == .directory {
                    let id = name.node.id
                    if name.node.quota != id {
                        pending.append((id, next.quota))
                    } else if try await engine.quotas(at: id).first?.isComplete == false {
                        // What a quota further in has not counted is not in this one, either, and would never be.
                        pending.append((id, id))
                    }
                }
                seen += UInt64(names.count)
                progress(seen)
                cookie = last.cookie
            }
        }
        try await counted()
        try await engine.completeQuota(of: directory)
        return try await engine.quotas(at: directory).first ?? quota
    }

    /// Takes a quota away. Its limits hold no longer from the start.
    ///
    /// - Parameter progress: told now and then how many nodes are out of it.
    /// - Returns: whether it is gone; not where the task was cancelled.
    /// - Throws: `ENODATA` where the directory has none; `ESTALE`, `EIO`.
    @discardableResult
    public func clear(_ directory: NodeID, progress: (UInt64) -> Void = { _ in }) async throws(Errno) -> Bool {
        guard try await engine.quotas(at: directory).first != nil else { throw .noData }
        var count: UInt64 = 0
        while !Task.isCancelled {
            if try await engine.clearQuota(of: directory, limit: Self.batch) { return true }
            count += UInt64(Self.batch)
            progress(count)
        }
        return false
    }
}
