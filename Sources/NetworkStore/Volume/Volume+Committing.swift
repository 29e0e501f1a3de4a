internal import RingFUSE
internal import Synchronization
internal import SystemPackage

// From memory into the volume: an upload is stored (all of a file's at the same time, each as objects or, where it is
// small, in the metadata), and then committed in the order in which they were written.

extension Volume {
    /// Starts an upload in the background.
    func begin(_ upload: Upload, of file: StoredFile) {
        guard let change = inlineChange(upload, of: file) else {
            return start { io in
                await self.store(upload, of: file, io)
                await self.advance(file)
            }
        }
        file.state.withLock { _ in upload.progress = .stored(change) }
        start { _ in await self.advance(file) }
    }

    /// A small change as the metadata takes it; `nil` for a larger one.
    private func inlineChange(_ upload: Upload, of file: StoredFile) -> ContentChange? {
        guard upload.content.byteCount <= limits.inlineBytes else { return nil }
        var change = emptyChange(upload, of: file)
        for chunk in upload.content.chunks {
            let start = chunk.index * UInt64(upload.content.blockSize)
            for range in chunk.ranges {
                let bytes = chunk.block.bytes(range)
                change.extents.append(
                    Extent(
                        offset: start + UInt64(range.lowerBound), length: UInt64(range.count), place: .inline(bytes)))
            }
        }
        return change
    }

    private func emptyChange(_ upload: Upload, of file: StoredFile) -> ContentChange {
        var change = ContentChange(of: file.id)
        change.size = upload.size
        change.time = upload.time
        return change
    }

    /// Puts what an upload has into objects.
    private func store(_ upload: Upload, of file: StoredFile, _ io: borrowing AsyncIO) async {
        var change = emptyChange(upload, of: file)
        do throws(VolumeFailure) {
            try await writer.store(upload.content, into: &change, io)
            for object in change.objects {
                if let layout = ObjectLayout(of: object) { reader.remember(layout, of: object.number) }
            }
            file.state.withLock { _ in upload.progress = .stored(change) }
        } catch {
            fail(upload, of: file, error.errno)
        }
    }

    /// Commits what is stored and has nothing before it that is not committed.
    func advance(_ file: StoredFile) async {
        while let (upload, change, isUrgent) = file.state.withLock({ $0.nextCommit(journal) }) {
            do throws(Errno) {
                let record = try await engine.commit(change, durably: isUrgent)
                counters.commits.count()
                finish(upload, change, of: file, record, isDurable: isUrgent)
            } catch {
                counters.failedCommits.count()
                fail(upload, of: file, error)
                // What is gone holds nobody up: those behind it go, too. What has failed is tried again before them.
                guard error == .staleNFSFileHandle else { return }
            }
        }
    }

    /// An upload has been committed.
    private func finish(
        _ upload: Upload,
        _ change: ContentChange,
        of file: StoredFile,
        _ record: NodeRecord,
        isDurable: Bool
    ) {
        keep(upload, change)
        let attempt = file.state.withLock { state -> Completion<Errno?>? in
            // It may have been given up, and saved aside.
            guard state.uploads.first === upload else { return nil }
            state.uploads.removeFirst()
            state.commits += 1
            state.extents?.apply(change)
            state.take(record)
            if !isDurable { state.isVolatile = true }
            if state.isClean { dirtyFiles.remove(file) }
            return upload.attempt
        }
        if let sequence = upload.sequence { journal?.noteCommit(of: sequence, record) }
        guard let attempt else { return }
        dirtyBudget.accept()
        dirtyBudget.give(upload.content.chunks.count)
        room.use(upload.claim)
        attempt.finish(nil)
    }

    /// Keeps blocks that were written and are blocks of an object now as they are.
    private func keep(_ upload: Upload, _ change: ContentChange) {
        let size = UInt64(blockSize)
        for extent in change.extents {
            guard case .object(let number, let start) = extent.place, start % size == 0, extent.offset % size == 0,
                let layout = change.objects.first(where: { $0.number == number })
            else { continue }
            for step in stride(from: UInt64(0), to: extent.length, by: Int(size)) {
                // All of the block must be there: the object may go on with another part of the file.
                let content = min(size, layout.length - start - step)
                guard extent.length - step >= content,
                    let block = upload.content.block((extent.offset + step) / size)
                else { break }
                cache.insert(block, for: BlockCache.Key(object: number, index: Int((start + step) / size)))
            }
        }
    }

    /// An upload has failed. It stays, can be read, and is tried again after a while, or when somebody asks; but where this session has
    /// lost the volume it stays to be saved aside (``saveAside(_:_:_:)``), unless the journal has it.
    private func fail(_ upload: Upload, of file: StoredFile, _ error: Errno) {
        let isGone = error == .staleNFSFileHandle && (!engine.isLost || upload.sequence != nil)
        let failed = file.state.withLock { state -> ([Completion<Errno?>], Duration)? in
            // It may have been given up, and saved aside.
            guard state.uploads.contains(where: { $0 === upload }) else { return nil }
            upload.progress = .failed(error)
            upload.failures += 1
            // Those behind it wait for it, and whoever waits for them is told why.
            let behind = state.uploads.drop { $0 !== upload }
            let attempts = behind.map(\.attempt)
            for upload in behind { upload.attempt = Completion() }
            // Nobody can ever read it: the node is gone.
            if isGone {
                state.uploads.removeAll { $0 === upload }
                if state.isClean { dirtyFiles.remove(file) }
            }
            return (attempts, Duration.seconds(min(30, 1 << min(upload.failures, 5))))
        }
        guard let (attempts, delay) = failed else { return }
        if let sequence = upload.sequence {
            if isGone { journal?.noteLoss(of: sequence) } else { journal?.noteFailure(error) }
        }
        for attempt in attempts { attempt.finish(error) }
        if error == .noSpace || error == .diskQuotaExceeded { dirtyBudget.refuse(with: error) }
        guard !isGone else {
            room.giveBack(upload.claim)
            return dirtyBudget.give(upload.content.chunks.count)
        }
        guard error != .staleNFSFileHandle else { return }
        start { io in
            if await self.pause(for: delay, io) { self.retry(file) }
        }
    }

    /// Tries again what has failed.
    func retry(_ file: StoredFile) {
        let failed = file.state.withLock { $0.takeFailed() }
        for upload in failed { begin(upload, of: file) }
    }

    /// Writes out what a file has, and waits until all of it is committed.
    ///
    /// - Parameter durably: whether it has to survive a crash of the machine.
    /// - Returns: whether all that was committed before the call is sure to survive one, too.
    /// - Throws: what the store or the engine failed with; the data stays, and is tried again.
    @discardableResult
    func flush(_ file: StoredFile, durably: Bool) async throws(Errno) -> Bool {
        guard !isGivenUp else { throw .staleNFSFileHandle }
        // All at once: an attempt that is begun before it is waited for may be over by then, and the next one may never come.
        let (failed, sealed, attempts) = file.state.withLock { state in
            let (failed, sealed) = (state.takeFailed(), state.seal())
            if durably { for upload in state.uploads { upload.isUrgent = true } }
            return (failed, sealed, state.uploads.map(\.attempt))
        }
        for upload in failed { begin(upload, of: file) }
        if let sealed {
            if let change = inlineChange(sealed, of: file) {
                // No object, no other worker: the engine's commit is all there is to wait for.
                file.state.withLock { _ in sealed.progress = .stored(change) }
                await advance(file)
            } else {
                begin(sealed, of: file)
            }
        }
        var failure: Errno?
        for attempt in attempts { failure = await attempt.wait() ?? failure }
        if let failure { throw failure }
        guard durably else { return false }
        // A commit that was under way may have begun too early for what came before the call.
        guard let commits = file.state.withLock({ $0.isVolatile ? $0.commits : nil }) else { return sealed != nil }
        try await engine.synchronize()
        // Not before: whoever closes the file meanwhile must not be told that all is safe.
        file.state.withLock { if $0.commits == commits { $0.isVolatile = false } }
        return true
    }
}

extension StoredFile.State {
    /// Uploads that have failed, which are begun again.
    fileprivate mutating func takeFailed() -> [Upload] {
        uploads.filter { upload in
            guard case .failed = upload.progress else { return false }
            upload.progress = .storing
            return true
        }
    }

    /// The change to be committed next, if it is stored and no other is being committed.
    fileprivate mutating func nextCommit(_ journal: Journal?) -> (Upload, ContentChange, isUrgent: Bool)? {
        guard let first = uploads.first, case .stored(var change) = first.progress else { return nil }
        change.attributes = first.held
        if let sequence = first.sequence { change.tag = journal?.tag(of: sequence).name }
        first.progress = .committing(change)
        return (first, change, first.isUrgent)
    }
}
