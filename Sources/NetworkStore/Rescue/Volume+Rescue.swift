internal import RingFUSE
internal import Synchronization
internal import SystemPackage

// What cannot be committed any more is saved aside: when this session has lost the volume, and when the mount ends while the store or
// the database is away.

extension Volume {
    /// Has all files be committed, as far as that goes now: what stays unwritten has failed at least once.
    ///
    /// - Parameter say: told of files that are gone, and what was written to them with them.
    /// - Returns: why the first failed that did; `nil` where all is committed.
    func commitAll(_ files: [StoredFile], _ say: (String) -> Void) async -> Errno? {
        guard !isGivenUp else { return .staleNFSFileHandle }
        for file in files { startFlush(of: file) }
        var failure: Errno?
        for file in files {
            // Where store or database do not answer, the others are not tried again: nothing would be different for them.
            guard failure == nil || failure == .noSpace || failure == .diskQuotaExceeded else {
                for attempt in file.state.withLock({ $0.attemptsUnderWay }) { _ = await attempt.wait() }
                continue
            }
            do throws(Errno) {
                try await flush(file, durably: true)
            } catch {
                guard error == .staleNFSFileHandle, !engine.isLost else {
                    failure = error
                    continue
                }
                say("what was written to inode \(file.id) is lost: another mount has removed it")
            }
        }
        return failure
    }

    /// Saves what is unwritten of files, and forgets it; what cannot be saved stays, to be tried again.
    ///
    /// What has no name is nobody's, and what the journal has stays there.
    ///
    /// - Parameters:
    ///   - reason: why it is not committed.
    ///   - say: told of each file, in a line, and at the end how to go on.
    func saveAside(_ files: [StoredFile], _ reason: LostContent.Reason, _ say: (String) -> Void) async {
        await rescue.gate.pass {
            var count = 0
            for file in files where !file.isClean {
                if reason == .fenced { await waitForCommit(of: file) }
                if await saveAside(file, reason, say) { count += 1 }
            }
            guard count > 0, let directory = rescue.directory else { return }
            let plain = description.wrappedKey == nil ? "" : ", and not encrypted"
            say(
                "what was not committed of \(Rescue.text(of: count)) is saved in \(directory), readable by its owner only\(plain): it is "
                    + "not in the volume. Mount that again, find out names with find MOUNTPOINT -inum NUMBER, and bring in "
                    + "what is missing")
        }
    }

    /// Waits until it is known what came of the commit that is under way: this is no time to guess, since all of them fail.
    private func waitForCommit(of file: StoredFile) async {
        let attempt: Completion<Errno?>? = file.state.withLock { state in
            guard let first = state.uploads.first, case .committing = first.progress else { return nil }
            return first.attempt
        }
        if let attempt { _ = await attempt.wait() }
    }

    /// Saves what is unwritten of a file.
    ///
    /// - Returns: whether something was saved.
    private func saveAside(_ file: StoredFile, _ reason: LostContent.Reason, _ say: (String) -> Void) async -> Bool {
        let (uploads, isNameless) = file.state.withLock { state in
            _ = state.seal()
            return (Array(state.uploads), state.record.attributes.linkCount == 0 && !state.record.isInTrash)
        }
        let missing = await notInJournal(uploads)
        let contents = missing.map(\.content).filter { !$0.isEmpty }
        guard !contents.isEmpty, !isNameless else {
            if !missing.isEmpty, !isNameless {
                say("inode \(file.id) \(reason); attributes that were set of it are lost")
            }
            forget(uploads, of: file)
            return false
        }
        switch await rescue.save(contents, of: file.id, reason) {
        case .success(let line):
            say(line)
            forget(uploads, of: file)
            return rescue.directory != nil
        case .failure(let error):
            // Nobody commits it any more, so that nobody need wait for that.
            let attempts = file.state.withLock { $0.renewAttempts() }
            for attempt in attempts { attempt.finish(.staleNFSFileHandle) }
            let next = isOpen ? "it is tried again at the end of the mount" : "it is lost"
            say(
                "inode \(file.id) \(reason); what was written to it could not be saved in "
                    + "\(rescue.directory?.string ?? ""), either: \(error); \(next)")
            return false
        }
    }

    /// Those of a file's uploads that the journal has not, from which the next mount brings in what it has.
    private func notInJournal(_ uploads: [Upload]) async -> [Upload] {
        guard let journal, let last = uploads.compactMap(\.sequence).max(), await journal.wait(for: last, durably: true)
        else { return uploads }
        return uploads.filter { $0.sequence == nil }
    }

    /// Nobody commits uploads any more; whoever waits for that gets `ESTALE`.
    func forget(_ uploads: [Upload], of file: StoredFile) {
        let forgotten = file.state.withLock { state in
            let forgotten = state.uploads.filter { upload in uploads.contains { $0 === upload } }
            state.uploads.removeAll { upload in uploads.contains { $0 === upload } }
            if state.isClean {
                state.pending = nil
                dirtyFiles.remove(file)
            }
            return forgotten
        }
        for upload in forgotten {
            room.giveBack(upload.claim)
            dirtyBudget.give(upload.content.chunks.count)
            upload.attempt.finish(.staleNFSFileHandle)
        }
    }

    /// Saves what the kernel writes back of a file that has been given up.
    func saveLate(_ data: RawSpan, at offset: UInt64, of file: StoredFile, _ say: (String) -> Void) async {
        guard data.byteCount > 0, file.state.withLock({ $0.record.attributes.linkCount > 0 || $0.record.isInTrash })
        else { return }
        let bytes = unsafe ContiguousArray<UInt8>(unsafeUninitializedCapacity: data.byteCount) { buffer, count in
            unsafe data.withUnsafeBytes { unsafe UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
            count = data.byteCount
        }
        let isFirst = rescue.noteLate(file.id)
        switch await rescue.save(bytes, at: offset, of: file.id, engine.isLost ? .fenced : .aborted) {
        // There may be thousands.
        case .success(let line): if isFirst { say("\(line), and what else the kernel writes back of it") }
        case .failure(let error):
            if isFirst { say("inode \(file.id): what the kernel has written back to it could not be saved: \(error)") }
        }
    }
}

extension StoredFile.State {
    /// Takes the attempts that uploads wait for, which get others.
    fileprivate mutating func renewAttempts() -> [Completion<Errno?>] {
        let attempts = uploads.map(\.attempt)
        for upload in uploads { upload.attempt = Completion() }
        return attempts
    }

    /// Attempts to store and commit that come to something without being tried again.
    fileprivate var attemptsUnderWay: [Completion<Errno?>] {
        uploads.prefix { upload in
            if case .failed = upload.progress { false } else { true }
        }.map(\.attempt)
    }
}
