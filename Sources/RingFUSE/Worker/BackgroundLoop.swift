import Ring
import SystemPackage

/// The life of a ``BackgroundWorker``'s thread: a worker without entries.
struct BackgroundLoop: Sendable {
    /// What tasks of other threads need of it.
    struct Parts: Sendable {
        let executor: WorkerExecutor
        let io: IOEngine
        let usesRing: Bool
    }

    let mailbox: Mailbox
    let engine: BackgroundWorker.Engine

    /// Serves until it is told to stop.
    ///
    /// - Parameter started: called once, when tasks may come.
    func run(_ started: (Parts) -> Void) {
        if engine == .automatic, let ring = makeRing() {
            serveOnRing(ring, started)
        } else {
            let pool = ThreadPool()
            _ = serve(MailChannel(mailbox: mailbox), ThreadPoolIO(pool), usesRing: false, started)
            pool.shutDown()
        }
    }

    private func serveOnRing(_ ring: consuming Ring, _ started: (Parts) -> Void) {
        let io = RingIO(queue: ring.handle, mailbox: mailbox)
        let channel = RingChannel(worker: 0, ring: ring.handle, io: io, arenas: [])
        let worker = serve(channel, io, usesRing: true, started)
        // The ring goes before the memory that its reads name.
        ring.close()
        withExtendedLifetime(worker) {}
    }

    private func serve<Channel: RequestChannel & ~Copyable>(
        _ channel: consuming Channel,
        _ io: IOEngine,
        usesRing: Bool,
        _ started: (Parts) -> Void
    ) -> Worker<Channel> {
        let worker = Worker(index: 0, channel: channel, handler: RequestHandler(), io: io, mailbox: mailbox)
        // Without entries there is nothing to start that could fail.
        try? worker.start()
        started(Parts(executor: worker.executor, io: io, usesRing: usesRing))
        while !worker.isStopping {
            worker.turn()
            if worker.isHopeless {
                worker.abandonTasks()
                return worker
            }
        }
        worker.run()
        return worker
    }

    /// A ring; `nil` where there is none that has all operations (Linux 6.1, which has the newest of these flags).
    private func makeRing() -> Ring? {
        let required: RingFeatures = [.singleIssuer, .deferTaskRun]
        guard let ring = try? Ring(entries: 256, completions: 2048, required: required) else { return nil }
        // In the place of the connection, which is none here.
        let wake = mailbox.eventFile.rawValue
        guard (try? ring.register(files: [wake, wake])) != nil else { return nil }
        return ring
    }
}
