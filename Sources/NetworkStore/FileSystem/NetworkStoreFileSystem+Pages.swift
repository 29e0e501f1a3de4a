internal import RingFUSE
internal import Synchronization
internal import SystemPackage

// What a program writes is in the kernel's pages before it is here. Where other mounts change the file, too, pages are dropped and read
// again meanwhile: see ``KernelPages``.

extension NetworkStoreFileSystem {
    /// How long a write waits for its pages to be dropped. One of them may be locked until the write is answered: where the kernel took it
    /// for other uses since it was read. Such a page is read anew after that. Or notifications may be held up by a page that is being read.
    private static let dropLimit = Duration.milliseconds(100)

    /// Whether the pages of a write are to be looked after: not where it is what they have.
    func keepsPages(_ options: WriteOptions) -> Bool { isShared && !options.contains(.fromCache) }

    /// Whether what a program appends is at another place in the kernel's pages: it takes the end to be where it was before another mount has
    /// moved it (`fuse_perform_write` does not ask for the size). Then what it caches is not believed.
    func isElsewhere(_ offset: UInt64, in file: StoredFile) -> Bool {
        file.state.withLock { state in
            guard state.size != offset else { return false }
            state.pages.version = nil
            return true
        }
    }

    /// Tells the kernel how long a file is that others have changed. Who gets a lock before it knows waits for that
    /// (``setLock(_:on:waits:_:)``): it is counted in ``KernelPages/untold`` by now.
    func tellSize(of file: StoredFile) {
        let end = { @Sendable (_: Errno?) in file.state.withLock { $0.pages.untold -= 1 } }
        guard let notifier else { return end(nil) }
        do throws(Errno) {
            try notifier.extend(file.id, to: file.state.withLock { $0.size }, onOutcome: end)
        } catch {
            end(error)
        }
    }

    /// Has the kernel drop what pages may lack of a write that was taken, or have at the wrong place, before the write is answered: so that
    /// whoever reads after that finds it.
    ///
    /// - Parameter range: where the kernel has written, in bytes.
    func dropStalePages(of file: StoredFile, after range: Range<UInt64>, isElsewhere: Bool) async {
        guard let notifier else { return }
        // After it was taken: whoever has read before that is known of.
        let stale = file.state.withLock { $0.pages.noteWrite(range, isElsewhere: isElsewhere) }
        if let stale { await drop(stale, of: file, notifier) }
    }

    /// Waits until the kernel has dropped pages, but not for long. Where it has not by then, whoever gets a lock waits for it
    /// (``setLock(_:on:waits:_:)``).
    private func drop(_ range: Range<UInt64>, of file: StoredFile, _ notifier: Notifier) async {
        let outcome = Completion<Bool>()
        let isOver = Atomic(false)
        let end = { @Sendable (isDropped: Bool) in
            if !isOver.exchange(true, ordering: .relaxed) { outcome.finish(isDropped) }
        }
        do throws(Errno) {
            try notifier.dropContent(of: file.id, in: range) { end($0 == nil) }
        } catch {
            return file.state.withLock { state in
                state.pages.version = nil
                state.pages.loseTrack()
            }
        }
        let timer = volume.background.start { io in
            try? await io.sleep(for: Self.dropLimit)
            end(false)
        }
        if await !outcome.wait() { file.state.withLock { $0.pages.version = nil } }
        timer.cancel()
    }
}
