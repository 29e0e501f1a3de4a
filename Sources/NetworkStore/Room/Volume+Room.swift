internal import RingFUSE
internal import Synchronization
internal import SystemPackage

// Room for what is written, before it is.

extension Volume {
    /// Claims room for what is about to be committed without having been written.
    ///
    /// - Parameter growth: how many bytes it takes; asked again after others have been committed.
    /// - Throws: `ENOSPC`, `EDQUOT`, `EINTR`, and as the engine.
    func claimRoom(
        for file: StoredFile,
        _ io: borrowing AsyncIO,
        _ growth: () async throws(Errno) -> UInt64
    ) async throws(Errno) -> RoomLedger.Claim {
        let quota = file.state.withLock { $0.record.quota }
        guard room.isBounded(quota) else { return RoomLedger.Claim() }
        var step = 0
        while true {
            let bytes = try await growth()
            if room.claim(bytes, in: quota) { return RoomLedger.Claim(bytes: bytes, quota: quota) }
            guard try await makeRoom(step, for: file, quota, io) else { throw room.refusal(of: bytes, in: quota) }
            step += 1
        }
    }

    /// Commits a change that room has been claimed for.
    ///
    /// - Throws: as the engine.
    func commit(_ change: ContentChange, _ claim: RoomLedger.Claim) async throws(Errno) -> NodeRecord {
        do throws(Errno) {
            let record = try await engine.commit(change, durably: false)
            room.use(claim)
            return record
        } catch {
            room.giveBack(claim)
            throw error
        }
    }

    /// Looks whether there is more room than was known, and makes what can be made: more with each step.
    ///
    /// - Parameters:
    ///   - step: 0 the first time.
    ///   - quota: where room is wanted.
    /// - Returns: whether it has done anything; `false` where nothing is left to be done.
    /// - Throws: `EINTR`, and as the engine.
    func makeRoom(
        _ step: Int,
        for file: StoredFile,
        _ quota: NodeID,
        _ io: borrowing AsyncIO
    ) async throws(Errno) -> Bool {
        switch step {
        case 0:
            // What is written over takes no room.
            try await loadExtents(of: file)
        case 1:
            // What is unwritten may take less than it claims.
            for other in dirtyFiles.all { _ = try? await flush(other, durably: false) }
        case 2: await departures.wait(io)
        default: return false
        }
        guard !Task.isCancelled else { throw .interrupted }
        try await room.refresh(quota, engine)
        return true
    }

    /// Looks what others have used of the room that this mount uses. Called now and then.
    func refreshRoom() async {
        for quota in room.takeUsed() { try? await room.refresh(quota, engine) }
    }

    /// Bytes that will take room when they are committed: as claimed where the volume has a limit, and otherwise all, also those
    /// that are written over.
    var unwrittenBytes: UInt64 {
        guard description.byteLimit == nil else { return room.claimed(in: NodeID(0)) }
        return dirtyFiles.all.reduce(0) { sum, file in
            sum + UInt64(file.state.withLock { $0.uploads.reduce($0.dirty.byteCount) { $0 + $1.content.byteCount } })
        }
    }
}
