import CRingFUSE
import Logging
import Synchronization
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// A thread that moves workers between their homes and their neighbours, or has them share a load, as the load at hand is
/// served faster (``SeatTrial``): what `Placement/Pin/auto` means on the ring.
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
        var done: Work

        init?(_ member: Roster.Member) {
            guard let home = member.cpu, let alternate = member.alternate else { return nil }
            self.member = member
            self.home = home
            self.alternate = alternate
            trial = SeatTrial(hasHelper: member.loan != nil)
            work = Work(of: member.meter.cells)
            done = work - work
        }

        /// Takes a look.
        ///
        /// - Parameter pause: milliseconds since the last one; `nil` after a trial, which tells nothing of the load.
        mutating func look(after pause: Int32?) {
            let now = Work(of: member.meter.cells)
            done = now - work
            work = now
            guard let pause else { return }
            isLoaded = done.ownRequests * 100 >= Governor.leastRequests * UInt64(clamping: min(pause, 100))
        }

        /// Whether it had something to do.
        private(set) var isLoaded = false

        /// The CPU of a seat.
        func cpu(_ seat: SeatTrial.Seat) -> Int { seat == .away ? alternate : home }
    }

    private func run() {
        var subjects = roster.members.compactMap { Subject($0) }
        var idle = IdleTime()
        // A mount that was just made is likely to be used.
        var quietLooks = 1
        var loadedLooks = 0
        while true {
            let pause = Self.pause(quietLooks, loadedLooks)
            if isStopped(within: pause) { return }
            idle.look()
            for index in subjects.indices { subjects[index].look(after: pause) }
            let busy = Set(subjects.lazy.filter(\.isLoaded).map(\.home))
            for index in subjects.indices { settle(index, of: &subjects, busy, idle) }
            quietLooks = busy.isEmpty ? min(quietLooks + 1, Self.recentLooks) : 0
            loadedLooks = busy.isEmpty ? 0 : min(loadedLooks + 1, Self.earlyLooks)
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
        let (here, there) = compare(subject, with: candidate, among: subjects)
        subjects[index].trial.conclude(here: here, there: there)
        let seat = subjects[index].trial.seat
        for index in subjects.indices { subjects[index].look(after: nil) }
        guard seat != subject.trial.seat else { return }
        move(subject, to: seat)
        let percent = Int(there / max(here, 1) * 100)
        let place = seat == .both ? "shares its load with its neighbour" : "moved to CPU \(subject.cpu(seat))"
        logger.debug("\(subject.member.name): \(place), which serves it at \(percent) %")
    }

    /// Requests in a tenth of a second from which on a worker is worth a trial.
    fileprivate static let leastRequests: UInt64 = 100
    /// The share of a CPU's time that must be idle for a worker of another CPU to be tried there.
    private static let leastIdle = 0.5

    /// Tries another seat of a worker, some milliseconds at a time, in turn with the present one.
    ///
    /// - Returns: what all workers did in a second with this one here, and there. Of all: one worker's gain must not be
    ///   another's loss.
    private func compare(
        _ subject: Subject,
        with candidate: SeatTrial.Seat,
        among all: [Subject]
    ) -> (here: Double, there: Double) {
        let seat = subject.trial.seat
        var here = Rate()
        var there = Rate()
        for window in 0..<Self.windows {
            here.add(measure(all, Self.windowMilliseconds))
            move(subject, to: candidate)
            settle(candidate)
            there.add(measure(all, window == 0 ? Self.firstMilliseconds : Self.windowMilliseconds))
            let isHopeless = window == 0 && there.perSecond < here.perSecond * SeatTrial.hopeless
            move(subject, to: seat)
            if isHopeless { break }
            settle(seat)
        }
        return (here.perSecond, there.perSecond)
    }

    /// Waits until a seat is what it is going to be: entries are lent with the requests that come.
    private func settle(_ seat: SeatTrial.Seat) {
        if seat == .both { usleep(1000) }
    }

    /// Pairs of windows of a trial.
    private static let windows = 4
    private static let windowMilliseconds: Int32 = 6
    /// The first window at the other seat is short, since it mostly is worse.
    private static let firstMilliseconds: Int32 = 3

    /// Work a second of all workers while they are left where they are.
    private func measure(_ all: [Subject], _ milliseconds: Int32) -> Rate {
        let start = ContinuousClock.now
        let before = amount(all)
        usleep(UInt32(milliseconds) * 1000)
        return Rate(amount: amount(all) - before, seconds: (ContinuousClock.now - start).inSeconds)
    }

    private func amount(_ all: [Subject]) -> Double {
        all.reduce(0) { $0 + Work(of: $1.member.meter.cells).amount }
    }

    private func move(_ subject: Subject, to seat: SeatTrial.Seat) {
        subject.member.loan?.isOn = seat == .both
        var cpu = UInt32(subject.cpu(seat))
        // A CPU that has gone leaves the worker where it is.
        if unsafe rfuse_set_affinity(subject.member.meter.thread, &cpu, 1) == 0 {
            subject.member.meter.moved(to: subject.cpu(seat))
        }
    }
}

/// Work that was measured over some time.
private struct Rate {
    var amount = 0.0
    var seconds = 0.0

    mutating func add(_ other: Rate) {
        amount += other.amount
        seconds += other.seconds
    }

    var perSecond: Double { seconds > 0 ? amount / seconds : 0 }
}
