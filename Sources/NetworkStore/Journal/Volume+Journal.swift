internal import RingFUSE
internal import Synchronization
internal import SystemPackage

// What is acknowledged from the journal. The data path is the one that there is without: what was acknowledged is stored and committed as
// soon as it can be, and whoever needs that waits for it with `flush`.

extension Volume {
    /// Brings in what the journal has from before, tells the volume that there is a journal, and has it take what comes. Before the volume
    /// is mounted.
    ///
    /// - Parameter progress: told how many segments of the journal are done, and how many there are.
    /// - Throws: why the volume cannot be mounted with this journal now, which stays as it is.
    public func startJournal(progress: @Sendable (Int, Int) -> Void = { _, _ in }) async throws(JournalFailure) {
        guard let journal else { return }
        let outcome = try await replay(journal, progress)
        do throws(Errno) {
            try await engine.setJournal(journal.identifier, journal.mark)
        } catch {
            throw .notReplayed(journal.directory.path, .engine(error))
        }
        if outcome.changes > 0 || outcome.saved > 0 {
            let saved = outcome.saved > 0 ? "; of \(outcome.saved) files something is saved aside" : ""
            journal.say(
                "the journal in \(journal.directory.path) had \(outcome.changes) changes with \(outcome.bytes) bytes that the "
                    + "volume had not: they are there now\(saved)")
        }
        try journal.start(at: outcome.lastSegment + 1)
    }

    private func replay(
        _ journal: Journal,
        _ progress: @Sendable (Int, Int) -> Void
    ) async throws(JournalFailure) -> JournalReplay.Outcome {
        let replay: Handover<JournalReplay>
        do throws(Errno) {
            replay = Handover(try await JournalReplay(journal, into: self))
        } catch {
            throw .notReplayed(journal.directory.path, .engine(error))
        }
        return try await background.run { (io) async throws(JournalFailure) -> JournalReplay.Outcome in
            var replay = replay.take()
            return try await replay.run(io, progress: progress)
        }
    }

    /// Has what a file has be in the journal; where there is none, or it does not take it, be committed.
    ///
    /// What has no name goes the other way: after a crash it is nobody's, and who gives it a name wants it whole. So does what could not
    /// be committed for want of room, which programs are to be told. And what is small goes into a database on this machine at once: that
    /// is a journal, too.
    ///
    /// - Parameter durably: whether it has to survive a crash of the machine.
    /// - Returns: whether all that was committed before the call is sure to survive one, too.
    /// - Throws: what the store or the engine failed with; the data stays, and is tried again.
    @discardableResult
    func acknowledge(_ file: StoredFile, durably: Bool) async throws(Errno) -> Bool {
        guard let journal else { return try await flush(file, durably: durably) }
        let small = engine.isShared ? 0 : limits.inlineBytes
        while true {
            let taken = file.state.withLock { $0.append(to: journal, beyond: small, durably: durably) }
            switch taken {
            case .refused: return try await flush(file, durably: durably)
            // Begun before it could be noted with its commit: what comes of it is known soon.
            case .busy(let attempt): _ = await attempt.wait()
            case .taken(let sealed, let number):
                if let sealed { begin(sealed, of: file) }
                // While the journal's disk is waited for: the file and its name must be there, too.
                if durably { try await engine.synchronize() }
                guard await journal.wait(for: number, durably: durably) else {
                    return try await flush(file, durably: durably)
                }
                return durably
            }
        }
    }

    /// Waits until a file that nobody has open is committed, however long the store is away.
    ///
    /// - Parameter isWanted: whether it is still to be waited for.
    func drain(_ file: StoredFile, _ io: borrowing AsyncIO, while isWanted: () -> Bool) async {
        while isOpen, isWanted(), !file.isClean {
            startFlush(of: file)
            let attempts = file.state.withLock { $0.uploads.map(\.attempt) }
            var hasFailed = false
            for attempt in attempts where await attempt.wait() != nil { hasFailed = true }
            // It is tried again without being asked for.
            if hasFailed, await !pause(for: .seconds(1), io) { return }
        }
    }

    /// Has all files be committed, as far as that goes now; what does not stays in the journal. Then the journal is closed, and where it is
    /// empty the volume knows it.
    ///
    /// - Parameter say: told what stays. What does not get into the journal, either, stays with its file.
    func emptyJournal(_ files: [StoredFile], _ say: (String) -> Void) async {
        guard let journal else { return }
        for file in files { startFlush(of: file) }
        var failure: Errno?
        for file in files where !file.isClean {
            do throws(Errno) {
                // Once the store does not answer, the others are not waited for: nothing would be different for them.
                if failure == nil { try await flush(file, durably: true) }
            } catch {
                failure = error
            }
            guard !file.isClean else { continue }
            if await keep(file, journal) { forget(file.state.withLock { Array($0.uploads) }, of: file) }
        }
        await journal.settle(engine)
        let count = journal.changeCount
        if await journal.close() {
            try? await engine.setJournal(journal.identifier, nil)
        } else if count > 0 {
            say(
                "\(count) changes could not be stored: they stay in \(journal.directory.path), and the next mount with "
                    + "--writeback \(journal.directory.path) brings them in")
        }
    }

    /// Has all that a file has be in the journal, whatever else becomes of it.
    private func keep(_ file: StoredFile, _ journal: Journal) async -> Bool {
        let number = file.state.withLock { state -> UInt64? in
            _ = state.seal()
            for upload in state.uploads where upload.sequence == nil {
                upload.sequence = journal.append(state.change(of: upload), upload.content, durably: true)
            }
            return state.uploads.last?.sequence
        }
        guard let number else { return true }
        return await journal.wait(for: number, durably: true)
    }
}

extension StoredFile {
    /// Whether something of it is in a journal that is not committed.
    var isInJournal: Bool { state.withLock { $0.uploads.contains { $0.sequence != nil } } }
}

extension StoredFile.State {
    /// What came of an attempt to have a file be in the journal.
    enum Acknowledgement {
        /// It is not to be there.
        case refused
        /// It cannot be told before an attempt to commit is over.
        case busy(Completion<Errno?>)
        /// It is appended: what has yet to be stored of it, and the number to wait for.
        case taken(Upload?, UInt64)
    }

    /// Appends to the journal what is not there.
    ///
    /// - Parameter small: bytes that are committed as fast, where nothing is before them.
    fileprivate mutating func append(to journal: Journal, beyond small: Int, durably: Bool) -> Acknowledgement {
        guard record.attributes.linkCount > 0 || record.isInTrash else { return .refused }
        guard !uploads.isEmpty || dirty.byteCount > small else { return .refused }
        for upload in uploads {
            switch upload.progress {
            case .failed(.noSpace), .failed(.diskQuotaExceeded): return .refused
            case .committing where upload.sequence == nil: return .busy(upload.attempt)
            default: continue
            }
        }
        let missing = uploads.reduce(dirty.byteCount) { $1.sequence == nil ? $0 + $1.content.byteCount : $0 }
        guard journal.takes(missing) else { return .refused }
        let sealed = seal()
        for upload in uploads where upload.sequence == nil {
            upload.sequence = journal.append(change(of: upload), upload.content, durably: durably)
        }
        return .taken(sealed, uploads.last?.sequence ?? 0)
    }

    /// An upload as the journal has it.
    fileprivate func change(of upload: Upload) -> JournalChange {
        JournalChange(
            node: record.id, base: JournalRevision(record), size: upload.size, time: upload.time, held: upload.held,
            ranges: JournalChange.ranges(of: upload.content))
    }
}
