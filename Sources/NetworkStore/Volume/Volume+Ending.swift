internal import RingFUSE

// The end of a mount: the store is waited for as long as it gets on.

extension Volume {
    /// How often is looked.
    private static let endingPeriod = Duration.milliseconds(100)

    /// What grows while the store and the engine get on.
    private var progress: UInt64 { store.progress &+ counters.stores.now &+ counters.commits.now }

    /// Does what may wait for the store at the end; once that has not got on for ``Limits/endingPatience``, all that waits for it fails.
    ///
    /// - Returns: what the body does, and whether that was so.
    func withinPatience<Result>(_ body: () async -> Result) async -> (result: Result, hasRunOut: Bool) {
        let watch = Task {
            var (last, since) = (self.progress, ContinuousClock.now)
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.endingPeriod)
                let (now, time) = (self.progress, ContinuousClock.now)
                if now != last { (last, since) = (now, time) }
                guard time - since < self.limits.endingPatience else {
                    self.tasks.cancel()
                    return true
                }
            }
            return false
        }
        let result = await body()
        watch.cancel()
        return (result, await watch.value)
    }

    /// What is waited for at the end, for people; `nil` where nothing is unwritten.
    func textOfWaiting(for files: [StoredFile]) -> String? {
        let count = files.count { !$0.isClean }
        guard count > 0 else { return nil }
        let fate =
            switch (journal?.directory.path, rescue.directory) {
            case (let journal?, _): "stays in \(journal)"
            case (nil, let directory?): "is saved in \(directory)"
            case (nil, nil): "is lost"
            }
        let patience = limits.endingPatience.components.seconds
        return
            "waiting until what is unwritten of \(Rescue.text(of: count)) is stored in \(store.name): "
            + "where that does not get on for \(patience) s, it \(fate). A second SIGTERM does not wait"
    }
}
