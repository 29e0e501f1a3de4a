import CRingFUSE
import FUSEProtocol
import SystemPackage

/// What the watchdog remembers of one worker between two looks. Confined to its thread.
struct WorkerWatch {
    /// Something that has not changed since it was first seen.
    struct Sighting: Equatable {
        var value: UInt64 = 0
        var since = ContinuousClock.now
        /// Whether the log has been told.
        var isTold = false
    }

    /// What a look found.
    enum Finding {
        case stuckRequest(StuckRequest)
        case finishedRequest(unique: UInt64, age: Duration)
        case stuckWorker(StuckWorker)
        case workerIsBack(name: String, age: Duration)
    }

    let member: Roster.Member
    private var phase = Sighting()
    private var entries: [Sighting]
    /// Since when the thread has been seen waiting uninterruptibly, in the same turn.
    private var blocked: ContinuousClock.Instant?

    init(_ member: Roster.Member) {
        self.member = member
        entries = [Sighting](repeating: Sighting(), count: member.meter.cells.entryCount)
    }

    /// For how long the worker has been away from its loop, or blocked in the system call of it.
    ///
    /// A worker that has nothing to do sleeps interruptibly (S). One that waits in D copies a request or a reply and
    /// meets a page that does not come, or has been sent to sleep there by a backend.
    func stillness(at now: ContinuousClock.Instant) -> Duration {
        let isWorking = WorkerMeter.Phase(rawValue: phase.value).isWorking
        guard let since = isWorking ? phase.since : blocked else { return .zero }
        return now - since
    }

    /// Looks.
    ///
    /// - Parameters:
    ///   - limit: from which age on something is stuck; zero for never.
    ///   - report: gets what is new.
    mutating func look(at now: ContinuousClock.Instant, limit: Duration, _ report: (Finding) -> Void) {
        lookAtLoop(now)
        guard limit > .zero else { return }
        let stillness = stillness(at: now)
        if stillness >= limit && !phase.isTold {
            phase.isTold = true
            report(.stuckWorker(stuckWorker(stillness)))
        }
        for entry in entries.indices { look(at: entry, now, limit, report) }
        if let told = finishedPhase {
            finishedPhase = nil
            report(.workerIsBack(name: member.name, age: now - told))
        }
    }

    /// When a phase that was told of began, once it is over.
    private var finishedPhase: ContinuousClock.Instant?

    private mutating func lookAtLoop(_ now: ContinuousClock.Instant) {
        let current = member.meter.phase
        if current.rawValue != phase.value {
            if phase.isTold { finishedPhase = phase.since }
            phase = Sighting(value: current.rawValue, since: now)
            blocked = nil
            return
        }
        if current.isWorking { return }
        let isBlocked = rfuse_thread_state(member.meter.thread) == CChar(bitPattern: UInt8(ascii: "D"))
        blocked = isBlocked ? blocked ?? now : nil
        if !isBlocked && phase.isTold {
            finishedPhase = phase.since
            phase = Sighting(value: current.rawValue, since: now)
        }
    }

    private mutating func look(
        at entry: Int,
        _ now: ContinuousClock.Instant,
        _ limit: Duration,
        _ report: (Finding) -> Void
    ) {
        let unique = member.meter.cells.unique(in: entry)
        let seen = entries[entry]
        if unique != seen.value {
            if seen.isTold { report(.finishedRequest(unique: seen.value, age: now - seen.since)) }
            entries[entry] = Sighting(value: unique, since: now)
        } else if unique != 0, !seen.isTold, now - seen.since >= limit, !mayWait(entry),
            let request = stuckRequest(entry, age: now - seen.since)
        {
            entries[entry].isTold = true
            report(.stuckRequest(request))
        }
    }

    /// Whether an entry has a request that waits for other programs, for as long as they like: for a lock.
    private func mayWait(_ entry: Int) -> Bool {
        member.meter.cells.request(in: entry)?.opcode == Opcode.setLockWaiting.rawValue
    }

    /// All requests that have been told of and are not over.
    func stuckRequests(at now: ContinuousClock.Instant) -> [StuckRequest] {
        entries.indices.compactMap { entry in
            entries[entry].isTold ? stuckRequest(entry, age: now - entries[entry].since) : nil
        }
    }

    /// The worker, if it has been told of and is not back.
    func stuckWorker(at now: ContinuousClock.Instant) -> StuckWorker? {
        phase.isTold ? stuckWorker(stillness(at: now)) : nil
    }

    private func stuckRequest(_ entry: Int, age: Duration) -> StuckRequest? {
        guard let request = member.meter.cells.request(in: entry), request.unique == entries[entry].value else {
            return nil
        }
        let name = SystemFile.text(of: FilePath("/proc/\(request.processID)/comm"))
        let opcode = Opcode(rawValue: request.opcode).map { "\($0.name)" } ?? "\(request.opcode)"
        return StuckRequest(
            unique: request.unique, opcode: opcode, node: request.node, processID: request.processID,
            command: (name ?? "").printable, worker: member.name, queue: member.queue(of: entry),
            age: age.inSeconds)
    }

    private func stuckWorker(_ age: Duration) -> StuckWorker {
        let place = SystemFile.text(of: FilePath("/proc/self/task/\(member.meter.thread)/wchan")) ?? ""
        return StuckWorker(
            worker: member.name, thread: member.meter.thread, place: place == "0" ? "" : place.printable,
            age: age.inSeconds)
    }
}
