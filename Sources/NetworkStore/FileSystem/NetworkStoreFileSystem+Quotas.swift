internal import FoundationEssentials
internal import RingFUSE
internal import Synchronization
internal import SystemPackage

// Quotas of a volume that is mounted are set, told and cleared by an extended attribute of directories that no listing tells:
// who has the volume is the mount. The kernel lets only the superuser near names that begin with `trusted.`.

extension NetworkStoreFileSystem {
    /// Sets the quota of a directory, and begins to count what is in it.
    ///
    /// - Parameter value: ``QuotaRecord/Limits`` as JSON.
    /// - Throws: `EINVAL` where it is none; `ENOTDIR`, `ENOENT`, `ESTALE`, `EIO`.
    func setQuota(of node: NodeID, to value: ContiguousArray<UInt8>) async throws(Errno) {
        guard let limits = try? JSONDecoder().decode(QuotaRecord.Limits.self, from: Data(value)) else {
            throw .invalidArgument
        }
        let quota = try await volume.engine.setQuota(of: node, limits)
        try await settleRoom(of: node)
        guard !quota.isComplete else { return }
        volume.start { _ in
            // What the walk has counted is known here before anybody is told that it is over.
            let settle = { () async throws(Errno) in
                await self.learnQuotas()
                try await self.settleRoom(of: node)
            }
            _ = try? await QuotaWalk(self.volume.engine).set(node, limits, counted: settle)
        }
    }

    /// Takes the limits of a directory's quota away at once, and the quota in a while.
    ///
    /// - Throws: `ENODATA` where it has none; `ESTALE`, `EIO`.
    func clearQuota(of node: NodeID) async throws(Errno) {
        guard try await volume.engine.quotas(at: node).first != nil else { throw .noData }
        let isGone = try await volume.engine.clearQuota(of: node, limit: 1)
        try await settleRoom(of: node)
        guard !isGone else { return }
        volume.start { _ in
            _ = try? await QuotaWalk(self.volume.engine).clear(node)
            await self.learnQuotas()
        }
    }

    /// The quotas that hold at a node, from the inside out, as JSON: by that is known that it is on a volume, too.
    ///
    /// - Throws: `ESTALE`, `EIO`.
    func quotas(of node: NodeID) async throws(Errno) -> ContiguousArray<UInt8> {
        let quotas = try await volume.engine.quotas(at: try await volume.engine.node(node).quota)
        guard let json = try? JSONEncoder().encode(quotas) else { throw .ioError }
        return ContiguousArray(json)
    }

    /// What is known of room there is out of date.
    private func settleRoom(of directory: NodeID) async throws(Errno) {
        for quota in volume.room.known { try await volume.room.refresh(quota, volume.engine) }
        try await volume.room.refresh(directory, volume.engine)
    }

    /// Files that are open may belong to another quota now.
    private func learnQuotas() async {
        for file in nodes.files {
            guard let record = try? await volume.engine.node(file.id) else { continue }
            file.state.withLock { $0.record.quota = record.quota }
        }
    }
}

extension StoredName {
    /// The extended attribute by which quotas are set.
    static let quota = StoredName(QuotaRecord.attribute)
}
