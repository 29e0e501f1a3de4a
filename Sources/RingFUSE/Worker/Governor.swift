import CRingFUSE
import Logging
import Synchronization
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// A thread that moves workers between their homes and their neighbours, has them share a load (``SeatTrial``), or run
/// wherever there is room (``RoamTrial``), as the load at hand is served faster, and has them look for callers that move
/// (``TrailWatch``): what `Placement/Pin/auto` means on the ring.
///
/// It looks at what workers count anyway (``MeterCells``), so that it costs requests nothing: ten times a second while
/// there is a load or has been one lately, once otherwise; sooner at a load that has just begun.
final class Governor: Sendable {
    private let roster: Roster
    private let logger: Logger
    private let bell: Mailbox
    private let thread = Mutex<DedicatedThread?>(nil)

    /// A governor, asleep.
    ///
    /// - Throws: `EMFILE`, `ENFILE`, `ENOMEM`.
    init(roster: Roster, logger: Logger) throws(Errno) {
        self.roster = roster
        self.logger = logger
        bell = try Mailbox()
    }

    /// Starts the thread, where there is a worker that can be moved.
    ///
    /// - Throws: `EAGAIN` where there can be no more threads.
    func start() throws(Errno) {
        guard roster.members.contains(where: { $0.alternate != nil }) else { return }
        let started = try DedicatedThread(name: "ringfuse-place") { _ in self.run() }
        thread.withLock { $0 = started }
    }

    /// Ends the thread, and waits for that. What it asks of a worker's thread that has ended already fails (`ESRCH`).
    func stop() {
        bell.post(.stop)
        thread.withLock { thread in
            defer { thread = nil }
            return thread
        }?.join()
    }

    // MARK: The thread

    /// A worker that can be moved.
    private struct Subject {
        let member: Roster.Member
        let home: Int
        let alternate: Int
        var trial: SeatTrial
        var work: Work
        /// What it has done between the last two looks.
        private(set) var done: Work
        private var cpuTime: Duration
        /// The part of a CPU that its thread has used between them.
        private(set) var cpuShare = 0.0
        private var lastLook = ContinuousClock.now
        /// Whether the helper, and its CPU, had nothing else to do.
        var isNeighbourFree = true

        init?(_ member: Roster.Member) {
            guard let home = member.cpu, let alternate = member.alternate else { return nil }
            self.member = member
            self.home = home
            self.alternate = alternate
            trial = SeatTrial(hasHelper: member.loan != nil)
            work = Work(of: member.meter.cells)
            done = work - work
            cpuTime = member.meter.cpuTime
        }

        /// Takes a look.
        ///
        /// - Parameter pause: milliseconds since the last one; `nil` after a trial, which tells nothing of the load.
        mutating func look(after pause: Int32?) {
            let now = Work(of: member.meter.cells)
            done = now - work
            work = now
            lookAtTime()
            guard let pause else { return }
            let part = Double(min(pause, 100)) / 100
            isLoaded =
                Double(done.ownRequests) >= Governor.leastRequests * part
                || Double(done.ownBytes) >= Governor.leastBytes * part
        }

        private mutating func lookAtTime() {
            let now = (time: member.meter.cpuTime, moment: ContinuousClock.now)
            cpuShare = (now.time - cpuTime).inSeconds / max((now.moment - lastLook).inSeconds, 0.001)
            (cpuTime, lastLook) = now
        }

        /// Whether it had something to do.
        private(set) var isLoaded = false

        /// Whether that takes it so long that its CPU is its own.
        var isBusy: Bool { isLoaded && cpuShare >= Governor.leastBusy }

        /// Whether that were small requests, most of which came alone.
        var isOneAtATime: Bool { 2 * done.requests < 3 * done.turns && done.bytes <= done.requests * 16384 }

        /// The CPU of a seat.
        func cpu(_ seat: SeatTrial.Seat) -> Int { seat == .away ? alternate : home }
    }

    private func run() {
        var subjects = roster.members.compactMap { Subject($0) }
        var idle = IdleTime()
        idle.look()
        // A mount that was just made is likely to be used.
        var quietLooks = 1
        var loadedLooks = 0
        var roaming = RoamTrial()
        var watch = TrailWatch()
        while true {
            let pause = Self.pause(quietLooks, loadedLooks)
            if isStopped(within: pause) { return }
            idle.look()
            for index in subjects.indices { subjects[index].look(after: pause) }
            follow(subjects, &watch)
            settleTogether(&subjects, &roaming, idle)
            if !roaming.isRoaming { settleEach(&subjects, idle) }
            let isQuiet = !subjects.contains(where: \.isLoaded)
            quietLooks = isQuiet ? min(quietLooks + 1, Self.recentLooks) : 0
            loadedLooks = isQuiet ? 0 : min(loadedLooks + 1, Self.earlyLooks)
        }
    }

    /// Looks without a load after which it looks less often.
    private static let recentLooks = 100
    /// Looks at a load that has just begun, which is tried at the second.
    private static let earlyLooks = 2

    /// Milliseconds to the next look.
    private static func pause(_ quietLooks: Int, _ loadedLooks: Int) -> Int32 {
        if quietLooks == 0 && loadedLooks < earlyLooks { return 40 }
        return quietLooks < recentLooks ? 100 : 1000
    }

    /// Sleeps.
    private func isStopped(within milliseconds: Int32) -> Bool {
        var polled = pollfd(fd: bell.eventFile.rawValue, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&polled, 1, milliseconds) > 0
    }

    /// Decides whether workers follow callers that move.
    private func follow(_ subjects: [Subject], _ watch: inout TrailWatch) {
        guard let trail = subjects.first?.member.trail else { return }
        let loaded = subjects.filter(\.isLoaded)
        if loaded.isEmpty {
            watch.rest()
        } else {
            watch.look(isTogether: loaded.count > 1 && loaded.allSatisfy(\.isOneAtATime), moves: trail.moves)
        }
        guard trail.isFollowed != watch.isFollowing else { return }
        trail.isFollowed = watch.isFollowing
        logger.debug("workers \(watch.isFollowing ? "follow callers that move" : "follow nobody")")
    }

    /// Decides on all workers after a look: whether they roam.
    private func settleTogether(_ subjects: inout [Subject], _ roaming: inout RoamTrial, _ idle: IdleTime) {
        let loaded = subjects.filter(\.isLoaded)
        guard !loaded.isEmpty else {
            if roaming.rest() { for subject in subjects { move(subject, to: .home) } }
            return
        }
        guard roaming.look(loadedCount: loaded.count) else { return }
        let room = loaded.reduce(0) { $0 + idle.share(of: $1.home) } / Double(loaded.count)
        guard roaming.isRoaming || room >= Self.leastRoom else { return }
        let here = subjects
        let isRoaming = roaming.isRoaming
        let comparison = compare(subjects, pause: 0) { isAsTried in
            place(here, areRoaming: isRoaming != isAsTried)
        }
        roaming.conclude(isBetter: comparison.isBetter)
        if roaming.isRoaming != isRoaming {
            for index in subjects.indices { _ = subjects[index].trial.rest() }
            place(subjects, areRoaming: roaming.isRoaming)
            let percent = Int(comparison.there / max(comparison.here, 1) * 100)
            logger.debug("workers \(isRoaming ? "go home" : "roam"), which serves the load at \(percent) %")
        }
        for index in subjects.indices { subjects[index].look(after: nil) }
    }

    /// Lets all workers run on both of their CPUs, or puts each where it was.
    private func place(_ subjects: [Subject], areRoaming: Bool) {
        for subject in subjects {
            if areRoaming { roam(subject) } else { move(subject, to: subject.trial.seat) }
        }
    }

    /// Decides on each worker after a look.
    private func settleEach(_ subjects: inout [Subject], _ idle: IdleTime) {
        let busy = Set(subjects.lazy.filter(\.isBusy).map(\.home))
        for index in subjects.indices { settle(index, of: &subjects, busy, idle) }
        for index in subjects.indices { agree(index, of: &subjects, busy, idle) }
    }

    /// Decides on one worker after a look, and tries its other seat where it is time for that.
    ///
    /// - Parameter busy: the homes of workers that have something to do. Such a CPU is its own worker's: two that visit
    ///   each other would both be far from their callers, and neither could better that by itself.
    private func settle(_ index: Int, of subjects: inout [Subject], _ busy: Set<Int>, _ idle: IdleTime) {
        let subject = subjects[index]
        guard subject.isLoaded, !busy.contains(subject.alternate) else {
            if subjects[index].trial.rest() { move(subject, to: .home) }
            return
        }
        let done = subject.done
        let shape = SeatTrial.Shape(requests: done.ownRequests, bytes: done.bytes, turns: done.turns)
        guard subjects[index].trial.look(shape) else { return }
        // A neighbour that others use is theirs.
        guard subject.trial.seat != .home || idle.share(of: subject.alternate) >= Self.leastIdle else { return }
        let candidate = subjects[index].trial.candidate
        let comparison = compare(subjects, pause: candidate == .both || subject.trial.seat == .both ? 1000 : 0) {
            move(subject, to: $0 ? candidate : subject.trial.seat)
        }
        subjects[index].trial.conclude(isBetter: comparison.isBetter)
        let seat = subjects[index].trial.seat
        for index in subjects.indices { subjects[index].look(after: nil) }
        guard seat != subject.trial.seat else { return }
        move(subject, to: seat)
        let percent = Int(comparison.there / max(comparison.here, 1) * 100)
        let place = seat == .both ? "shares its load with its neighbour" : "moved to CPU \(subject.cpu(seat))"
        logger.debug("\(subject.member.name): \(place), which serves it at \(percent) %")
    }

    /// Tells a worker what it may lend.
    private func agree(_ index: Int, of subjects: inout [Subject], _ busy: Set<Int>, _ idle: IdleTime) {
        let subject = subjects[index]
        guard let loan = subject.member.loan, let helper = subjects.first(where: { $0.home == subject.alternate })
        else { return }
        // What the helper does, it does for this worker, or nearly all of it: its queue is not in use.
        let ours = helper.cpuShare + (subject.trial.seat == .away ? subject.cpuShare : 0)
        subjects[index].isNeighbourFree =
            !busy.contains(subject.alternate) && idle.share(of: subject.alternate) + ours >= Self.leastIdle
        loan.terms = LoanTerms(seat: subject.trial.seat, isNeighbourFree: subjects[index].isNeighbourFree)
    }

    /// Requests in a tenth of a second from which on a worker is worth a trial.
    private static let leastRequests = 100.0
    /// Bytes in that time which are as much: large requests are few.
    private static let leastBytes = 32.0 * 1024 * 1024
    /// The share of a CPU's time from which on a worker needs it.
    private static let leastBusy = 0.2
    /// The share of a CPU's time that must be idle for a worker of another CPU to be tried there.
    private static let leastIdle = 0.5
    /// The share of the time of CPUs, of all whose workers have a load, that must be idle for these to be tried roaming.
    private static let leastRoom = 0.1

    /// Tries another way to place workers, some milliseconds at a time, in turn with the present one.
    ///
    /// - Parameters:
    ///   - pause: microseconds until a change has come about: entries are lent with the requests that come.
    ///   - change: has workers be as is to be tried, or as they were.
    /// - Returns: what all workers did in a second as they were, and as was tried. Of all: one worker's gain must not be
    ///   another's loss.
    private func compare(_ all: [Subject], pause: UInt32, change: (_ isAsTried: Bool) -> Void) -> SeatComparison {
        var comparison = SeatComparison()
        while !comparison.isDecided {
            let here = measure(all, Self.windowMilliseconds)
            change(true)
            usleep(pause)
            let there = measure(all, comparison.pairs == 0 ? Self.firstMilliseconds : Self.windowMilliseconds)
            change(false)
            comparison.add(here: here, there: there)
            usleep(pause)
        }
        return comparison
    }

    private static let windowMilliseconds: Int32 = 6
    /// The first window at the other seat is short, since it mostly is worse.
    private static let firstMilliseconds: Int32 = 3

    /// Work a second of all workers while they are left where they are.
    private func measure(_ all: [Subject], _ milliseconds: Int32) -> Double {
        let start = ContinuousClock.now
        let before = amount(all)
        usleep(UInt32(milliseconds) * 1000)
        return (amount(all) - before) / (ContinuousClock.now - start).inSeconds
    }

    private func amount(_ all: [Subject]) -> Double {
        all.reduce(0) { $0 + Work(of: $1.member.meter.cells).amount }
    }

    private func move(_ subject: Subject, to seat: SeatTrial.Seat) {
        subject.member.loan?.terms = LoanTerms(seat: seat, isNeighbourFree: subject.isNeighbourFree)
        pin(subject, to: [subject.cpu(seat)])
    }

    private func roam(_ subject: Subject) {
        // Its helper may be on the same CPU.
        subject.member.loan?.terms = .nothing
        pin(subject, to: [subject.home, subject.alternate])
    }

    private func pin(_ subject: Subject, to cpus: [Int]) {
        var list = cpus.map(UInt32.init)
        // A CPU that has gone leaves the worker where it is.
        if unsafe rfuse_set_affinity(subject.member.meter.thread, &list, list.count) == 0 {
            subject.member.meter.moved(to: cpus[0])
        }
    }
}
