internal import RingFUSE

// The end of a mount: the store is waited for as long as it gets on, the database as long as it answers.

extension Volume {
    /// How often is looked.
    private static let endingPeriod = Duration.milliseconds(100)

    /// What grows while the store and the engine get on.
    private var progress: UInt64 { store.progress &+ counters.stores.now &+ counters.commits.now }

    /// Does what may wait for the store at the end; once that has not got on for ``Limits/endingPatience``, all that waits for it fails.
    ///
    /// - Returns: what the body does; and for people, whose fault it is where the store or the database was not waited for any longer.
    func withinPatience<Result>(_ body: () async -> Result) async -> (result: Result, culprit: String?) {
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
        return (result, culprit(storeHasStopped: await watch.value))
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
        let place = engine.server.map { "\(store.name) and committed in \($0)" } ?? store.name
        return
            "waiting until what is unwritten of \(Rescue.text(of: count)) is stored in \(place): "
            + "where that does not get on for \(patienceInSeconds) s, it \(fate). A second SIGTERM does not wait"
    }

    private var patienceInSeconds: Int64 { limits.endingPatience.components.seconds }

    private func culprit(storeHasStopped: Bool) -> String? {
        if engine.isSilent, let server = engine.server {
            return "\(server) has not answered for \(patienceInSeconds) s"
        }
        return storeHasStopped ? "\(store.name) has not got on for \(patienceInSeconds) s" : nil
    }
}
