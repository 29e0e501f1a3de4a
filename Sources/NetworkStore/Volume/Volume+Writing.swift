internal import RingFUSE
internal import Synchronization
internal import SystemPackage

extension Volume {
    /// The longest file: offsets are signed in POSIX.
    static let largestFile = UInt64(Int64.max)

    /// Takes what is written into memory, or nothing where there is no room now.
    ///
    /// - Parameters:
    ///   - offset: bytes from the start of the file; `nil` for its end.
    ///   - time: when it is written.
    /// - Returns: whether it is done.
    /// - Throws: `EFBIG`.
    func writeImmediately(
        _ file: StoredFile,
        at offset: UInt64?,
        from data: RawSpan,
        at time: Timestamp
    ) throws(Errno) -> Bool {
        let (isDone, upload) = try file.state.withLock { (state) throws(Errno) -> (Bool, Upload?) in
            let start = offset ?? state.size
            guard start <= Self.largestFile - UInt64(data.byteCount) else { throw .fileTooLarge }
            guard data.byteCount > 0 else { return (true, nil) }
            guard take(data, at: start, into: &state.dirty) else { return (false, nil) }
            let end = start + UInt64(data.byteCount)
            state.noteWrite()
            state.pending = (max(state.size, end), time)
            if state.dirtySince == nil {
                state.dirtySince = .now
                dirtyFiles.insert(file)
            }
            let isFull =
                state.dirty.byteCount >= Int(description.objectSize)
                || state.dirty.chunks.count >= Self.dirtyChunkLimit
            return (true, isFull ? state.seal() : nil)
        }
        if let upload { begin(upload, of: file) }
        return isDone
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

    /// Takes what is written into memory, waiting for room.
    ///
    /// - Throws: `EFBIG`; `ENOSPC` and `EDQUOT` where what is written could not be stored for that reason and no room is left
    ///   in memory, which would last until somebody makes some; `EINTR` where the task is cancelled.
    func write(
        _ file: StoredFile,
        at offset: UInt64?,
        from data: RawSpan,
        at time: Timestamp
    ) async throws(Errno) {
        while try !writeImmediately(file, at: offset, from: data, at: time) {
            if let refusal = dirtyBudget.refusal { throw refusal }
            flushOldest()
            await dirtyBudget.wait(for: data.byteCount / blockSize + 2)
            if Task.isCancelled { throw .interrupted }
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
