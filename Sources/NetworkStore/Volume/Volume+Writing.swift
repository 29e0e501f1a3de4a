internal import RingFUSE
internal import Synchronization
internal import SystemPackage

extension Volume {
    /// The longest file: offsets are signed in POSIX.
    static let largestFile = UInt64(Int64.max)

    /// What came of an attempt to take what is written into memory.
    enum WriteOutcome {
        /// It is there.
        case done
        /// There is no memory for it now.
        case noMemory
        /// The volume, or a quota, has no room for it, as far as is known.
        case noRoom
        /// The kernel's pages may have to be dropped.
        case isContended
    }

    /// Takes what is written into memory, or nothing where that cannot be done now.
    ///
    /// - Parameters:
    ///   - offset: bytes from the start of the file; `nil` for its end.
    ///   - time: when it is written.
    ///   - cachedAt: where the kernel has it in its pages; `nil` where those need not be looked after. Where they may have to be dropped
    ///     nothing is written.
    /// - Throws: `EFBIG`; `ESTALE` where what is unwritten has been given up.
    func writeImmediately(
        _ file: StoredFile,
        at offset: UInt64?,
        from data: RawSpan,
        at time: Timestamp,
        cachedAt: UInt64? = nil
    ) throws(Errno) -> WriteOutcome {
        let (outcome, upload) = try file.state.withLock { (state) throws(Errno) -> (WriteOutcome, Upload?) in
            // Within the lock: what is taken before is saved aside.
            guard !isGivenUp else { throw .staleNFSFileHandle }
            let start = offset ?? state.size
            if let cachedAt, state.pages.isContended || start != cachedAt { return (.isContended, nil) }
            guard start <= Self.largestFile - UInt64(data.byteCount) else { throw .fileTooLarge }
            guard data.byteCount > 0 else { return (.done, nil) }
            let end = start + UInt64(data.byteCount)
            let quota = state.claim.quota(of: state.record.quota)
            let growth = room.isBounded(quota) ? state.growth(in: start..<end) : 0
            guard room.claim(growth, in: quota) else { return (.noRoom, nil) }
            guard take(data, at: start, into: &state.dirty) else {
                room.giveBack(RoomLedger.Claim(bytes: growth, quota: quota))
                return (.noMemory, nil)
            }
            state.claim.add(growth, quota: quota)
            state.noteWrite()
            state.pending = (max(state.size, end), time)
            if state.dirtySince == nil {
                state.dirtySince = .now
                dirtyFiles.insert(file)
            }
            let isFull =
                state.dirty.byteCount >= Int(description.objectSize)
                || state.dirty.chunks.count >= Self.dirtyChunkLimit
            return (.done, isFull ? state.seal() : nil)
        }
        if let upload { begin(upload, of: file) }
        return outcome
    }

    /// The most blocks of a file that are unwritten before they are written out: where a program writes here and there, a
    /// block may hold little.
    private static let dirtyChunkLimit = 256

    /// Copies what is written into blocks.
    ///
    /// - Returns: false where there is no room, and nothing was changed.
    private func take(_ data: RawSpan, at start: UInt64, into dirty: inout DirtyMap) -> Bool {
        let size = UInt64(blockSize)
        let end = start + UInt64(data.byteCount)
        let indices = start / size...(end - 1) / size
        var fresh: [Block] = []
        let count = indices.reduce(0) { dirty.block($1) == nil ? $0 + 1 : $0 }
        if count > 0 {
            guard dirtyBudget.take(count) else { return false }
            for _ in 0..<count {
                guard let block = cache.take() else {
                    dirtyBudget.give(count)
                    return false
                }
                fresh.append(block)
            }
        }
        for index in indices {
            let first = max(start, index * size)
            let last = min(end, (index + 1) * size)
            let block = dirty.block(index) == nil ? fresh.popLast() : nil
            dirty.write(
                data.extracting(Int(first - start)..<Int(last - start)), to: index, at: Int(first - index * size),
                fresh: block)
        }
        return true
    }

    /// Takes what is written into memory, waiting for memory; as much of it as there is room for.
    ///
    /// - Parameter isWhole: whether nothing is to be written where there is no room for all.
    /// - Returns: how many bytes were taken, from the first on.
    /// - Throws: `EFBIG`; `ENOSPC` where the volume is full, `EDQUOT` where a quota is; these, too, where what is written could not
    ///   be stored for that reason and no room is left in memory, which would last until somebody makes some; `EINTR` where the
    ///   task is cancelled; `ESTALE` where what is unwritten has been given up.
    func write(
        _ file: StoredFile,
        at offset: UInt64?,
        from data: RawSpan,
        at time: Timestamp,
        isWhole: Bool,
        _ io: borrowing AsyncIO
    ) async throws(Errno) -> Int {
        var (count, step) = (data.byteCount, 0)
        while true {
            switch try writeImmediately(file, at: offset, from: data.extracting(first: count), at: time) {
            case .done: return count
            case .isContended: preconditionFailure("nobody has asked about pages")
            case .noMemory:
                if let refusal = dirtyBudget.refusal { throw refusal }
                flushOldest()
                await dirtyBudget.wait(for: count / blockSize + 2)
                if Task.isCancelled { throw .interrupted }
            case .noRoom:
                let quota = file.state.withLock { $0.claim.quota(of: $0.record.quota) }
                if try await makeRoom(step, for: file, quota, io) {
                    step += 1
                    continue
                }
                // As a disk takes what fits.
                let fitting = fittingCount(of: data.byteCount, at: offset, in: file, quota)
                guard !isWhole, fitting > 0, fitting < count else {
                    throw room.refusal(of: UInt64(fitting + 1), in: quota)
                }
                count = fitting
            }
        }
    }

    /// How many bytes of what is written there is room for.
    private func fittingCount(of count: Int, at offset: UInt64?, in file: StoredFile, _ quota: NodeID) -> Int {
        file.state.withLock { state in
            let start = offset ?? state.size
            guard start <= Self.largestFile - UInt64(count) else { return 0 }
            return Int(state.prefix(of: start..<start + UInt64(count), growingBy: room.left(in: quota)).length)
        }
    }

    /// Writes out what has waited longest, to make room.
    func flushOldest() {
        for file in dirtyFiles.all where dirtyBudget.isPressing { startFlush(of: file) }
    }

    /// Writes out what has waited longer than it should. Called now and then.
    func flushExpired() {
        let limit = ContinuousClock.now - limits.flushDelay
        for file in dirtyFiles.all {
            let isExpired = file.state.withLock { state in
                // Cut off before it was written out.
                if state.isClean { dirtyFiles.remove(file) }
                return state.dirtySince.map { $0 <= limit } ?? false
            }
            if isExpired { startFlush(of: file) }
        }
    }

    /// Begins to write out what a file has; nobody waits for it.
    func startFlush(of file: StoredFile) {
        let upload = file.state.withLock { $0.seal() }
        if let upload { begin(upload, of: file) }
    }
}
