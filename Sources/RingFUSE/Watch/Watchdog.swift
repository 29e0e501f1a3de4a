import CRingFUSE
import Logging
import Ring
import Synchronization
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// A thread that looks after the workers of a session: names requests and workers that are stuck, and, when the
/// connection was aborted, gets workers out that cannot come back by themselves.
///
/// It looks at what workers leave in memory anyway (``MeterCells``), once a second, so that it costs them nothing. It
/// must not wait for anything that a stuck worker may hold, and never touches the mount's files.
final class Watchdog: Sendable {
    /// What the watchdog needs to know.
    struct Settings: Sendable {
        /// From which age on a request or worker is stuck; zero for never.
        var stuckAfter: Duration
        /// How long workers have to end after an abort before their rings are taken away, and then again before
        /// they are given up.
        var patience: Duration = .seconds(3)
        /// After which rest of a worker its buffers are given back; zero for never.
        var giveBackAfter: Duration = .zero
    }

    /// What is stuck.
    struct Findings: Sendable {
        var requests: [StuckRequest] = []
        var workers: [StuckWorker] = []
        /// Names of workers for which all were given up.
        var lost: [String] = []
    }

    private let settings: Settings
    private let roster: Roster
    private let device: FileDescriptor
    private let mountPoint: FilePath
    private let isAborted: @Sendable () -> Bool
    private let logger: Logger
    private let bell: Mailbox
    private let published = Mutex(Findings())
    private let thread = Mutex<DedicatedThread?>(nil)

    /// A watchdog, asleep.
    ///
    /// - Parameters:
    ///   - device: the connection; it must stay open until ``stop()``.
    ///   - isAborted: whether the connection, which has ended, was aborted instead of unmounted.
    /// - Throws: `EMFILE`, `ENFILE`, `ENOMEM`.
    init(
        _ settings: Settings,
        roster: Roster,
        device: FileDescriptor,
        mountPoint: FilePath,
        logger: Logger,
        isAborted: @escaping @Sendable () -> Bool
    ) throws(Errno) {
        self.settings = settings
        self.roster = roster
        self.device = device
        self.mountPoint = mountPoint
        self.isAborted = isAborted
        self.logger = logger
        bell = try Mailbox()
    }

    /// Starts the thread.
    ///
    /// - Throws: `EAGAIN` where there can be no more threads.
    func start() throws(Errno) {
        let started = try DedicatedThread(name: "ringfuse-watch") { _ in self.run() }
        thread.withLock { $0 = started }
    }

    /// Ends the thread, and waits for that.
    func stop() {
        bell.post(.stop)
        thread.withLock { thread in
            defer { thread = nil }
            return thread
        }?.join()
    }

    /// What was stuck when it last looked.
    var findings: Findings { published.withLock { $0 } }

    // MARK: The thread

    private struct State {
        var watches: [WorkerWatch] = []
        var rests: [IdleWatch] = []
        /// When the connection was found to have been aborted.
        var abortedSince: ContinuousClock.Instant?
        /// Workers whose rings were taken away, by their place in `watches`.
        var severed: Set<Int> = []
        var hasGivenUp = false
        /// Whether anything was stuck at the last look.
        var hasFindings = false
    }

    /// Time between two looks: a second, or less where less is asked for.
    private var interval: Duration {
        let wished = [settings.stuckAfter, settings.giveBackAfter].filter { $0 > .zero }.map { $0 / 4 }
        return max(.milliseconds(20), min(.seconds(1), wished.min() ?? .seconds(1)))
    }

    private func run() {
        var state = State()
        let milliseconds = interval.pollMilliseconds
        while !isStopped(within: milliseconds) {
            look(&state)
            rescue(&state)
            giveBack(&state)
        }
    }

    /// Sleeps.
    private func isStopped(within milliseconds: Int32) -> Bool {
        var polled = pollfd(fd: bell.eventFile.rawValue, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&polled, 1, milliseconds) > 0
    }

    private func look(_ state: inout State) {
        let members = roster.members
        for member in members.dropFirst(state.watches.count) { state.watches.append(WorkerWatch(member)) }
        let now = ContinuousClock.now
        var isNew = false
        for index in state.watches.indices {
            state.watches[index].look(at: now, limit: settings.stuckAfter) { finding in
                isNew = true
                log(finding)
            }
        }
        guard isNew || state.hasFindings else { return }
        let requests = state.watches.flatMap { $0.stuckRequests(at: now) }
        let workers = state.watches.compactMap { $0.stuckWorker(at: now) }
        state.hasFindings = !requests.isEmpty || !workers.isEmpty
        published.withLock { findings in
            findings.requests = requests
            findings.workers = workers
        }
    }

    private func log(_ finding: WorkerWatch.Finding) {
        switch finding {
        case .stuckRequest(let request):
            logger.warning("\(mountPoint): unanswered for \(Int(request.age)) s: \(request)")
        case .finishedRequest(let unique, let age):
            logger.notice("\(mountPoint): request \(unique) has been answered after \(age.wholeSeconds)")
        case .stuckWorker(let worker):
            logger.critical(
                """
                \(mountPoint): \(worker) for \(Int(worker.age)) s: what it serves stands still. Should it not come \
                back, run `ringfuse abort \(mountPoint)`, and kill the server only after that
                """)
        case .workerIsBack(let name, let age):
            logger.notice("\(mountPoint): \(name) is back after \(age.wholeSeconds)")
        }
    }

    /// Has workers that rest give their buffers back.
    ///
    /// Not while a worker stands still: the kernel may hold the process's address space for it, and this thread has to
    /// stay free to get it out.
    private func giveBack(_ state: inout State) {
        let now = ContinuousClock.now
        for watch in state.watches.dropFirst(state.rests.count) { state.rests.append(IdleWatch(watch.member)) }
        guard settings.giveBackAfter > .zero, state.abortedSince == nil,
            state.watches.allSatisfy({ $0.stillness(at: now) < .milliseconds(500) })
        else { return }
        for index in state.rests.indices { state.rests[index].look(at: now, limit: settings.giveBackAfter) }
    }

    // MARK: After an abort

    /// Gets workers out that the end of the connection does not.
    ///
    /// An abort ends requests that wait in a queue or are with the server. One that was assigned to an entry and waits
    /// for the task work of the entry's thread it does not end (fs/fuse/dev_uring.c, `fuse_uring_teardown_entries`;
    /// seen on 6.18): where that thread is the one that waits for the request, neither ever moves, and no signal ends
    /// it. The end of its ring does; see ``RingLifeline``.
    private func rescue(_ state: inout State) {
        let now = ContinuousClock.now
        guard let since = state.abortedSince else {
            if hasConnectionEnded && isAborted() { state.abortedSince = now }
            return
        }
        for (index, watch) in state.watches.enumerated() where watch.stillness(at: now) >= settings.patience {
            if now - since >= settings.patience && state.severed.insert(index).inserted {
                sever(watch.member)
            } else if now - since >= settings.patience * 2 && !state.hasGivenUp {
                state.hasGivenUp = true
                giveUp(state.watches, at: now)
            }
        }
    }

    private func sever(_ member: Roster.Member) {
        guard let lifeline = member.lifeline else { return }
        let isGone = lifeline.sever(replacement: member.mailbox.eventFile.rawValue)
        let outcome = isGone ? "its ring was taken away" : "its ring cannot be taken away"
        logger.warning("\(mountPoint): \(member.name) did not end with the connection: \(outcome)")
    }

    /// Has the session end without its workers.
    ///
    /// One that waits inside of `io_uring_enter`, for a page that its own reply is to bring, holds its ring, and an
    /// abort waits for that in the kernel (`__io_uring_cmd_done`) before it comes to the others.
    private func giveUp(_ watches: [WorkerWatch], at now: ContinuousClock.Instant) {
        let lost = watches.filter { $0.stillness(at: now) >= settings.patience }.map(\.member.name)
        logger.critical(
            "\(mountPoint): stuck in the kernel until the process ends: \(lost.joined(separator: ", "))")
        published.withLock { $0.lost = lost }
        for watch in watches { watch.member.giveUp() }
    }

    /// Whether the connection is gone. Asked anew each time: one that waits for it would be woken with each request
    /// (`fuse_dev_wake_and_unlock`).
    private var hasConnectionEnded: Bool {
        var polled = pollfd(fd: device.rawValue, events: 0, revents: 0)
        return unsafe poll(&polled, 1, 0) > 0 && polled.revents & Int16(POLLERR | POLLHUP) != 0
    }
}
