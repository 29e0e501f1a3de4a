internal import RingFUSE
internal import Synchronization
internal import SystemPackage

/// An object that is being written, from its beginning to its end.
///
/// It is stored with one request where it fits into the first part, and in parts else, several at a time. Each
/// ``store(_:)`` makes an object of what was written so far: programs hand files on to each other, and each closes its
/// descriptor. What is written after that goes on from the object that was stored, which the server then copies.
final class BucketUpload: Sendable {
    let bucket: Bucket
    let key: BucketKey
    /// Passed by whoever writes or stores.
    let gate = Gate()
    /// Passed by whoever needs to know what the server calls the upload.
    private let beginning = Gate()
    let state = Mutex(State())

    struct State {
        /// Bytes that were written.
        var size: UInt64 = 0
        /// What is not yet on its way.
        var part: PartBuffer?
        /// Where that begins.
        var partStart: UInt64 = 0
        /// The place of the next part.
        var nextNumber = 1
        /// The parts that are stored.
        var parts: [BucketPart] = []
        /// What the server calls the upload, once it has begun.
        var identifier: String?
        /// Parts on their way.
        var inFlight = 0
        /// Who waits for one of them to be over.
        var waiting: ContiguousArray<Waiter<Void>> = []
        /// Why nothing more can be written.
        var failure: Errno?
        /// What the bucket has of it, if anything.
        var stored: BucketObject?
        /// Bytes of ``stored`` that the next upload begins with.
        var copied: UInt64 = 0
    }

    /// Parts of one object that are on their way at a time.
    private static let width = 4

    /// A new object, of which nothing is stored yet.
    init(_ key: BucketKey, in bucket: Bucket) {
        self.key = key
        self.bucket = bucket
    }

    /// Bytes that were written.
    var size: UInt64 { state.withLock { $0.size } }

    /// What the bucket has, where that is all that was written.
    var complete: BucketObject? {
        state.withLock { state in state.stored.flatMap { $0.size == state.size ? $0 : nil } }
    }

    /// What the bucket has of it, if anything.
    var stored: BucketObject? { state.withLock { $0.stored } }

    // MARK: Writing

    /// Takes bytes that follow those before.
    ///
    /// - Throws: `EINVAL` where they do not; `EFBIG` where there would be too many parts; `ENOMEM` where all memory for
    ///   what is written is held by files that nobody goes on writing to; `EINTR`; and what a part before has failed with.
    func write(_ data: RawSpan, at offset: UInt64, _ io: borrowing AsyncIO) async throws(Errno) {
        try await gate.pass { () async throws(Errno) in
            let (size, failure) = state.withLock { ($0.size, $0.failure) }
            if let failure { throw failure }
            guard offset == size else { throw .invalidArgument }
            var taken = 0
            while taken < data.byteCount {
                let part = try room()
                let piece = data.extracting(taken..<min(data.byteCount, taken + part.capacity - part.count))
                guard part.reserve(piece.byteCount) else {
                    guard part.count >= PartSizes.least else {
                        try await bucket.waitForMemory(io)
                        continue
                    }
                    // Sent as it is, it gives its memory back.
                    await sendAway(part)
                    continue
                }
                part.append(piece)
                taken += piece.byteCount
                state.withLock { $0.size += UInt64(piece.byteCount) }
                bucket.noteProgress()
                if part.isFull { await sendAway(part) }
            }
        }
    }

    /// A part that has room.
    private func room() throws(Errno) -> PartBuffer {
        let (part, number) = state.withLock { ($0.part, $0.nextNumber) }
        if let part { return part }
        guard number <= PartSizes.limit else { throw .fileTooLarge }
        let fresh = try PartBuffer(capacity: bucket.partSizes.size(of: number), budget: bucket.writing)
        state.withLock { $0.part = fresh }
        return fresh
    }

    /// Begins to store a part that is full.
    private func sendAway(_ part: PartBuffer) async {
        await wait(atMost: Self.width - 1)
        let number = state.withLock { state in
            state.part = nil
            state.partStart = state.size
            state.inFlight += 1
            state.nextNumber += 1
            return state.nextNumber - 1
        }
        bucket.background.start { io in
            do throws(BucketFailure) {
                try await self.send(part, number, io)
            } catch {
                self.fail(error)
            }
            self.state.withLock { state in
                state.inFlight -= 1
                defer { state.waiting = [] }
                return state.waiting
            }.forEach { $0.resume(returning: ()) }
        }
    }

    private func send(_ part: PartBuffer, _ number: Int, _ io: borrowing AsyncIO) async throws(BucketFailure) {
        if state.withLock({ $0.failure != nil }) { return }
        let identifier = try await identifier(io)
        let sent = try await bucket.client.put(part: number, of: identifier, key, part.bytes, io)
        state.withLock { $0.parts.append(sent) }
    }

    /// What the server calls the upload, which begins with that.
    private func identifier(_ io: borrowing AsyncIO) async throws(BucketFailure) -> String {
        try await beginning.pass { () async throws(BucketFailure) in
            let (known, stored, copied) = state.withLock { ($0.identifier, $0.stored, $0.copied) }
            if let known { return known }
            await bucket.probe(key, io)
            let identifier = try await bucket.client.begin(key, io)
            state.withLock { $0.identifier = identifier }
            guard let stored, copied > 0 else { return identifier }
            let source = BucketSource(key, stored)
            for (index, range) in PartSizes.copies(of: copied).enumerated() {
                let part = try await bucket.client.copy(
                    part: index + 1, of: identifier, key, from: source, range, io)
                state.withLock { $0.parts.append(part) }
            }
            return identifier
        }
    }

    /// Nothing more can be written.
    private func fail(_ failure: BucketFailure) {
        let isFirst = state.withLock { state in
            defer { state.failure = state.failure ?? failure.errnoOfWriting }
            return state.failure == nil
        }
        if isFirst, let line = failure.line { bucket.warn(line) }
    }

    /// Waits until no more than so many parts are on their way.
    private func wait(atMost count: Int) async {
        while state.withLock({ $0.inFlight > count }) {
            await Waiter.wait { waiter in
                let isDone = state.withLock { state in
                    guard state.inFlight > count else { return true }
                    state.waiting.append(waiter)
                    return false
                }
                if isDone { waiter.resume(returning: ()) }
            }
        }
    }

    // MARK: Storing

    /// Makes an object of what was written so far. Goes on where whoever waits for it is gone.
    ///
    /// - Throws: `EEXIST` where somebody else has made one meanwhile; `EACCES`, `ENOSPC`, `EIO`: the file is lost.
    func store() async throws(Errno) {
        let outcome = Completion<Errno?>()
        bucket.background.start { io in
            await self.gate.pass { () async in
                do throws(BucketFailure) {
                    try await self.storeAll(io)
                } catch {
                    self.fail(error)
                }
            }
            outcome.finish(self.state.withLock { $0.failure })
        }
        if let failure = await outcome.wait() { throw failure }
    }

    private func storeAll(_ io: borrowing AsyncIO) async throws(BucketFailure) {
        await wait(atMost: 0)
        let now = state.withLock { $0.failure == nil ? ($0.size, $0.part, $0.partStart, $0.stored) : nil }
        guard let (size, part, partStart, stored) = now, stored?.size != size else { return }
        let condition: BucketClient.Condition =
            stored.map { .has(tag: $0.tag) } ?? (bucket.options.allowsOverwriting ? .none : .isNew)
        guard partStart > 0 else {
            await bucket.probe(key, io)
            let object: BucketObject
            if let part {
                object = try await bucket.client.put(key, part.bytes, if: condition, io)
            } else {
                object = try await bucket.client.put(key, RawSpan(), if: condition, io)
            }
            return state.withLock { $0.stored = object }
        }
        let identifier = try await identifier(io)
        if let part, part.count > 0 {
            // Not counted as sent: what is written next goes on in it.
            let number = state.withLock { $0.nextNumber }
            let sent = try await bucket.client.put(part: number, of: identifier, key, part.bytes, io)
            state.withLock { $0.parts.append(sent) }
        }
        let parts = state.withLock { $0.parts }
        let object = try await bucket.client.complete(identifier, key, parts, size: size, if: condition, io)
        state.withLock { state in
            state.stored = object
            state.identifier = nil
            state.parts = []
            state.copied = state.partStart
            state.nextNumber = PartSizes.copies(of: state.partStart).count + 1
        }
    }

    /// Nobody has it open any more: what is not stored is, and what cannot be is given up.
    func finish() async {
        if complete == nil { try? await store() }
        await giveUp()
    }

    /// Gives up what is not stored.
    func giveUp() async {
        let done = Completion<Void>()
        bucket.background.start { io in
            self.state.withLock { $0.failure = $0.failure ?? .canceled }
            await self.gate.pass { () async in
                await self.wait(atMost: 0)
                let identifier = self.state.withLock { state in
                    state.part = nil
                    defer { state.identifier = nil }
                    return state.identifier
                }
                if let identifier { await self.bucket.client.abort(identifier, self.key, io) }
            }
            done.finish(())
        }
        await done.wait()
    }
}

extension BucketFailure {
    /// What a program sees that writes.
    fileprivate var errnoOfWriting: Errno {
        switch self {
        // Of a new file: somebody else has made it; of one that was stored: somebody else has replaced it.
        case .changed: .fileExists
        // The bucket, or the upload.
        case .missing: .ioError
        default: errno
        }
    }
}
