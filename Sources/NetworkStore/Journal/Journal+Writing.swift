internal import DequeModule
internal import Glibc
internal import RingFUSE
internal import Synchronization
internal import SystemPackage

// The task that writes. There is one at a time; it ends when there is nothing to do.

extension Journal {
    /// Bytes from which on the next record goes to another segment.
    private static let segmentSize: UInt64 = 16 << 20
    /// Bytes from which on that is so, too, where all that was written is in the volume.
    private static let idleSegmentSize: UInt64 = 1 << 20
    /// Bytes that are written at once, about.
    private static let batchSize = 4 << 20
    /// Changes that the engine forgets in one transaction, so that others need not wait for long.
    private static let forgottenAtOnce = 256

    /// Makes the first segment, after those that there were.
    func start(at number: UInt64) throws(JournalFailure) {
        try directory.raiseFormat()
        do throws(Errno) {
            let bytes = header(number).bytes
            try JournalDirectory.write(bytes, to: directory.path(ofSegment: number))
            try JournalDirectory.synchronize(directory.path)
            let file = try JournalDirectory.open(directory.path(ofSegment: number), O_WRONLY)
            self.file.withLock { $0 = file }
            state.withLock { state in
                state.segments = [Segment(number: number, bytes: UInt64(bytes.count))]
                state.isOpen = true
            }
        } catch {
            throw .system(directory.path(ofSegment: number), error)
        }
    }

    private func header(_ number: UInt64) -> JournalSegment.Header {
        JournalSegment.Header(
            volume: directory.volume, journal: identifier, generation: generation, number: number)
    }

    /// Writes what waits, and has it be on the disk where somebody wants that.
    func write(_ io: borrowing AsyncIO) async {
        while let batch = takeBatch() {
            do throws(Errno) {
                try await write(batch, io)
            } catch {
                return fail(error)
            }
        }
    }

    /// What is to be written next.
    private struct Batch {
        var items: [(number: UInt64, item: Item)] = []
        /// Bytes that they were taken to have.
        var estimate: UInt64 = 0
        /// Whether it goes to another segment.
        var rotates = false
    }

    /// Takes what is to be written next; `nil` where there is nothing to do.
    private func takeBatch() -> Batch? {
        state.withLock { state in
            guard state.isOpen, state.hasWork else {
                state.isWriting = false
                return nil
            }
            var batch = Batch()
            while batch.estimate < Self.batchSize, let next = state.queue.popFirst() {
                batch.items.append(next)
                batch.estimate += next.item.byteCount
            }
            let size = state.segments.last?.bytes ?? 0
            let isIdle = state.segments.allSatisfy { $0.undone == 0 }
            batch.rotates =
                !batch.items.isEmpty && (size > Self.segmentSize || (isIdle && size > Self.idleSegmentSize))
            return batch
        }
    }

    private func write(_ batch: consuming Batch, _ io: borrowing AsyncIO) async throws(Errno) {
        if batch.rotates { try await rotate(io) }
        guard let file = file.withLock({ $0 }) else { throw .badFileDescriptor }
        if !batch.items.isEmpty {
            let part = encoded(batch.items)
            var done = 0
            while done < part.bytes.count {
                done += try await unsafe io.write(
                    file, from: part.bytes.span.bytes.extracting(done...), at: part.start + UInt64(done))
            }
            note(batch, UInt64(part.bytes.count))
        }
        let (written, isWanted) = state.withLock { ($0.written, $0.wanted > $0.synchronized) }
        guard isWanted else { return }
        try await io.synchronize(file, dataOnly: true)
        let waiting = state.withLock { state in
            state.synchronized = written
            return state.takeWaiting { $0.number <= written }
        }
        for waiting in waiting { waiting.waiter.resume(returning: true) }
    }

    /// Records as they come behind what the last segment has.
    private func encoded(_ items: [(number: UInt64, item: Item)]) -> JournalPart {
        let (number, start) = state.withLock { ($0.segments.last?.number ?? 0, $0.segments.last?.bytes ?? 0) }
        var part = JournalPart(of: header(number), at: start)
        for (number, item) in items {
            switch item {
            case .change(let change, let content):
                JournalRecord.append(change, content, number, key: key, to: &part)
            case .done(let sequence, let landing): JournalRecord.append(done: landing, sequence, to: &part)
            case .removed(let node): JournalRecord.append(removed: node, number, to: &part)
            }
        }
        return part
    }

    /// Notes what has been written, and resumes who waits for no more than that.
    private func note(_ batch: borrowing Batch, _ byteCount: UInt64) {
        let (items, estimate) = (batch.items, batch.estimate)
        let waiting = state.withLock { state in
            let segment = state.segments.count - 1
            let number = state.segments[segment].number
            state.segments[segment].bytes += byteCount
            state.queuedBytes -= estimate
            state.written = items.last?.number ?? state.written
            for (sequence, item) in items {
                guard case .change = item else { continue }
                state.undone[sequence] = number
                state.segments[segment].undone += 1
            }
            let written = state.written
            return state.takeWaiting { !$0.durably && $0.number <= written }
        }
        for waiting in waiting { waiting.waiter.resume(returning: true) }
    }

    /// Goes on in another segment; all that was written before is on the disk then.
    private func rotate(_ io: borrowing AsyncIO) async throws(Errno) {
        let number = state.withLock { ($0.segments.last?.number ?? 0) + 1 }
        if let former = file.withLock({ $0.take() }) {
            try await io.synchronize(former, dataOnly: true)
            try await io.close(former)
        }
        let path = directory.path(ofSegment: number)
        let file = try await PathBytes(path.string).open(
            in: FileDescriptor(rawValue: AT_FDCWD), flags: O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode: 0o600, io)
        self.file.withLock { $0 = file }
        let bytes = header(number).bytes
        guard try await unsafe io.write(file, from: bytes.span.bytes, at: 0) == bytes.count else { throw .ioError }
        try await io.synchronize(file)
        let parent = try await PathBytes(directory.path.string).open(
            in: FileDescriptor(rawValue: AT_FDCWD), flags: O_RDONLY | O_DIRECTORY | O_CLOEXEC, io)
        try await io.synchronize(parent)
        try await io.close(parent)
        state.withLock { $0.segments.append(Segment(number: number, bytes: UInt64(bytes.count))) }
    }

    /// The journal cannot be written: it takes nothing more, and programs wait for the store. What it has stays.
    private func fail(_ error: Errno) {
        say("the journal in \(directory.path) takes nothing more, and programs wait for the store: \(error)")
        stop()
    }

    /// Takes nothing more; who waits is told.
    func stop() {
        let waiting = state.withLock { state in
            state.isOpen = false
            state.isWriting = false
            state.queue = []
            state.queuedBytes = 0
            return state.takeWaiting { _ in true }
        }
        for waiting in waiting { waiting.waiter.resume(returning: false) }
    }

    // MARK: What is in the volume

    /// Has what was committed be durable, notes that it is in the volume, and removes segments that have nothing else. Called now and then.
    ///
    /// - Parameter engine: the volume's.
    func settle(_ engine: any MetadataEngine) async {
        await gate.pass { await settleAlone(engine) }
    }

    private func settleAlone(_ engine: any MetadataEngine) async {
        let landed = state.withLock { state in
            defer { state.landed = [] }
            return state.isOpen ? state.landed : []
        }
        guard !landed.isEmpty else { return }
        do throws(Errno) {
            try await engine.synchronize()
        } catch {
            state.withLock { $0.landed = landed + $0.landed }
            if error == .staleNFSFileHandle { lose() }
            return
        }
        let last = state.withLock { state in
            var last: UInt64 = 0
            for (sequence, landing) in landed {
                last = state.append(.done(sequence: sequence, landing), durably: true)
            }
            return last
        }
        // Before the engine forgets it: one of both must know it.
        guard await wait(for: last, durably: true) else { return }
        state.withLock { state in
            for (sequence, _) in landed { state.settle(sequence) }
        }
        // What is not forgotten now is forgotten by the next mount.
        let tags = landed.filter { $0.landing != nil }.map { tag(of: $0.sequence) }
        for start in stride(from: 0, to: tags.count, by: Self.forgottenAtOnce) {
            let part = tags[start..<min(start + Self.forgottenAtOnce, tags.count)]
            try? await engine.forgetChanges(Array(part), durably: false)
        }
        removeSettled()
    }

    /// Removes the first segments as long as they have nothing that the volume has not.
    private func removeSettled() {
        while let number = state.withLock({ $0.firstSettled }) {
            // What stays is removed by the next mount.
            try? directory.remove(segment: number)
            state.withLock { _ = $0.segments.popFirst() }
        }
    }

    /// This session has lost the volume.
    private func lose() {
        say(
            "what the journal in \(directory.path) has and the volume has not stays there; the next mount with --writeback "
                + "\(directory.path) brings it in, and saves what somebody else has changed meanwhile in \(directory.lostAndFound)"
        )
        stop()
    }

    /// Ends: nothing is appended any more.
    ///
    /// - Returns: whether all that it had is in the volume; then its segments are gone.
    func close() async -> Bool {
        let (isEmpty, segments) = state.withLock { state in
            (state.isOpen && state.undone.isEmpty && state.queue.isEmpty, state.segments)
        }
        stop()
        await worker.shutDown()
        if let file = file.withLock({ $0.take() }) { try? file.close() }
        defer { directory.close() }
        guard isEmpty else { return false }
        for segment in segments {
            do throws(JournalFailure) { try directory.remove(segment: segment.number) } catch { return false }
        }
        return true
    }
}

extension Journal.State {
    /// Takes those out who wait for something that is so.
    fileprivate mutating func takeWaiting(_ isDue: (Journal.Waiting) -> Bool) -> [Journal.Waiting] {
        let due = waiting.filter(isDue)
        if !due.isEmpty { waiting.removeAll(where: isDue) }
        return due
    }

    /// A change is known to be in the volume.
    fileprivate mutating func settle(_ sequence: UInt64) {
        guard let number = undone.removeValue(forKey: sequence),
            let index = segments.firstIndex(where: { $0.number == number })
        else { return }
        segments[index].undone -= 1
    }

    /// The first segment, where it has nothing that the volume has not, and is not written to any more.
    fileprivate var firstSettled: UInt64? {
        guard segments.count > 1, let first = segments.first, first.undone == 0 else { return nil }
        return first.number
    }
}
