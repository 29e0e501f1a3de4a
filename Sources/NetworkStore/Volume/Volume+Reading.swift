internal import RingFUSE
internal import Synchronization
internal import SystemPackage

extension Volume {
    /// Reads what is in memory, or little that the store has at hand; otherwise nothing.
    ///
    /// - Returns: whether the read is done; if not, the buffer is as empty as it was.
    func readImmediately(_ file: StoredFile, at offset: UInt64, into buffer: inout OutputRawSpan) -> Bool {
        if readFromMemory(file, at: offset, into: &buffer) { return true }
        // More than that is better fetched while others are answered.
        guard buffer.freeCapacity <= blockSize, !isGivenUp else { return false }
        let missing = missing(offset..<offset + UInt64(buffer.freeCapacity), of: file)
        guard !missing.isEmpty, missing.allSatisfy({ reader.fetchImmediately($1, of: $0) }) else { return false }
        return readFromMemory(file, at: offset, into: &buffer)
    }

    /// Reads what is in memory, or nothing.
    ///
    /// - Returns: whether the read is done; if not, the buffer is as empty as it was.
    private func readFromMemory(_ file: StoredFile, at offset: UInt64, into buffer: inout OutputRawSpan) -> Bool {
        file.state.withLock { state in
            guard state.extents != nil, !state.extentsAreOld else { return false }
            let size = state.size
            state.pages.noteRead(offset..<offset + UInt64(buffer.freeCapacity))
            guard offset < size else { return true }
            let end = min(size, offset + UInt64(buffer.freeCapacity))
            note(offset..<end, of: file, &state)
            guard append(offset..<end, of: state, to: &buffer) else {
                buffer.removeAll()
                return false
            }
            return true
        }
    }

    /// Appends a range of a file.
    ///
    /// - Returns: false where something of it is not in memory.
    private func append(
        _ range: Range<UInt64>,
        of state: borrowing StoredFile.State,
        to buffer: inout OutputRawSpan
    ) -> Bool {
        var position = range.lowerBound
        while position < range.upperBound {
            let (run, end) = state.run(at: position, limit: range.upperBound)
            let count = Int(end - position)
            switch run {
            case .memory(let block, let place): block.append(place..<place + count, to: &buffer)
            case .zeros: buffer.append(zeros: count)
            case .inline(let bytes, let place):
                unsafe bytes.withUnsafeBytes {
                    unsafe buffer.append(UnsafeRawBufferPointer(rebasing: $0[place..<place + count]))
                }
            case .object(let number, let start):
                guard cache.append(start..<start + UInt64(count), of: number, blockSize, to: &buffer) else {
                    return false
                }
            }
            position = end
        }
        return true
    }

    /// Reads, fetching what is not in memory.
    ///
    /// - Throws: `EIO`, `EINTR`, `ESTALE`.
    func read(
        _ file: StoredFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ io: borrowing AsyncIO
    ) async throws(Errno) {
        guard !isGivenUp else { throw .staleNFSFileHandle }
        try await loadExtents(of: file)
        let capacity = UInt64(buffer.freeCapacity)
        var suspects: Set<ObjectNumber> = []
        while !readFromMemory(file, at: offset, into: &buffer) {
            let commits = file.state.withLock { $0.commits }
            for (object, range) in missing(offset..<offset + capacity, of: file) {
                do throws(Errno) {
                    try await fetch(range, of: object, io)
                } catch {
                    // An object that was overwritten meanwhile may be gone.
                    guard file.state.withLock({ $0.commits }) == commits else { break }
                    // By another mount, too, of which nobody has told yet; or its bytes were moved, which nobody tells. What is
                    // referred to by who has asked since then is there, or lost: so each round is about another object.
                    guard file.state.withLock({ $0.isShared }), suspects.insert(object).inserted else { throw error }
                    file.state.withLock { $0.noteForeignChange() }
                    break
                }
            }
            // What was unwritten when the run was looked up may be in an object now, or saved aside.
            guard !isGivenUp else { throw .staleNFSFileHandle }
            try await loadExtents(of: file)
        }
    }

    /// Fetches part of an object, as much at a time as half of the cache surely has room for.
    private func fetch(
        _ range: Range<UInt64>,
        of object: ObjectNumber,
        _ io: borrowing AsyncIO
    ) async throws(Errno) {
        do throws(Errno) {
            try await reader.fetch(range, of: object, io)
        } catch .noMemory {
            // All of the cache is being read this moment, by others.
            try await io.sleep(for: .milliseconds(1))
        }
    }

    /// What has to be fetched before a range can be read.
    private func missing(_ range: Range<UInt64>, of file: StoredFile) -> [(ObjectNumber, Range<UInt64>)] {
        file.state.withLock { state in
            guard state.extents != nil, !state.extentsAreOld else { return [] }
            var missing: [(ObjectNumber, Range<UInt64>)] = []
            var position = range.lowerBound
            let limit = min(range.upperBound, state.size)
            while position < limit {
                let (run, end) = state.run(at: position, limit: limit)
                if case .object(let number, let start) = run {
                    missing.append((number, start..<start + end - position))
                }
                position = end
            }
            return missing
        }
    }

    /// Asks the engine where the bytes of a file are, unless it is known.
    ///
    /// - Throws: `EIO`, `ESTALE`.
    func loadExtents(of file: StoredFile) async throws(Errno) {
        while true {
            let commits = file.state.withLock { $0.extents == nil || $0.extentsAreOld ? $0.commits : nil }
            guard let commits else { return }
            let map = ExtentMap(try await engine.extents(of: file.id, in: 0..<UInt64(Int64.max)))
            let isTaken = file.state.withLock { state in
                // What was committed meanwhile may be in it, or not.
                guard state.commits == commits else { return false }
                if state.extents == nil || state.extentsAreOld { state.extents = map }
                state.extentsAreOld = false
                return true
            }
            if isTaken { return }
        }
    }

    // MARK: Ahead

    /// Notes what is read, and fetches what comes next.
    private func note(_ range: Range<UInt64>, of file: StoredFile, _ state: inout StoredFile.State) {
        guard let ahead = state.readahead.note(range, size: state.size, limit: limits.readahead) else { return }
        let missing = missingBlocks(ahead, of: state)
        guard !missing.isEmpty else { return }
        start { io in
            for (object, range) in missing {
                // Whoever reads it will find out.
                try? await self.reader.fetch(range, of: object, io)
            }
        }
    }

    /// The parts of objects that are needed for a range and not in the cache.
    private func missingBlocks(
        _ range: Range<UInt64>,
        of state: borrowing StoredFile.State
    ) -> [(ObjectNumber, Range<UInt64>)] {
        var missing: [(ObjectNumber, Range<UInt64>)] = []
        var position = range.lowerBound
        let size = UInt64(blockSize)
        while position < range.upperBound {
            let (run, end) = state.run(at: position, limit: range.upperBound)
            if case .object(let number, let start) = run {
                let blocks = Int(start / size)...Int((start + end - position - 1) / size)
                if blocks.contains(where: { cache.block(BlockCache.Key(object: number, index: $0)) == nil }) {
                    missing.append((number, start..<start + end - position))
                }
            }
            position = end
        }
        return missing
    }
}
