import FUSEProtocol
import Ring
import SystemPackage

/// The ring transport of a session: its workers, from their first memory to their last entry.
struct RingTransport: Sendable {
    /// What is decided when workers have reported on a step.
    enum Verdict: Sendable {
        /// Go on with the next step.
        case goOn
        /// End: nothing was registered.
        case quit
        /// Give up what is not registered, and wait for the end of the connection.
        case linger
    }

    private let crew: Crew<Verdict>

    /// The mailboxes of the workers.
    var mailboxes: [Mailbox] { crew.mailboxes }

    /// Starts workers and has them set up rings and buffers. The kernel has not heard of them yet.
    ///
    /// - Throws: the first errno that a worker met; then none is left.
    init(_ parts: SessionParts, placement: Placement, depth: Int, poll: Duration) throws(Errno) {
        // Each queue must have an entry before the kernel uses the ring; the last one registered opens the gate.
        let gate = placement.workers.lazy.compactMap(\.queues.first).first
        let plans = placement.workers
        let neighbours = Self.neighbours(plans)
        let terms = parts.loanTerms ?? .writeback
        // One entry stays: a worker without any would have nothing more to wait for, and end.
        let loans = plans.map { _ in Loan(limit: min(depth - 1, Self.mostGuests), terms: terms) }
        let trail = CallerTrail()
        let posts = plans.map { Crew<Verdict>.Post(name: "ringfuse-ring\($0.index)", cpu: $0.cpu) }
        crew = try Crew(posts, quit: .quit) { member in
            let neighbour = neighbours[member.index]
            let side = { (lender: Int) in neighbour.map { LoanSide(loans[lender], with: member.mailboxes[$0]) } }
            Self.work(
                member, parts: parts, plan: plans[member.index], depth: depth, gate: gate, poll: poll,
                lending: side(member.index), hosting: neighbour.flatMap { side($0) }, trail: trail)
        }
        if let failure = crew.firstFailure() {
            crew.decide(.quit)
            crew.join()
            throw failure
        }
    }

    /// Entries of another worker that one has room for: two thirds of what a caller is likely to have in flight, of large
    /// requests.
    private static let mostGuests = 16

    /// For each worker the one whose home is where it may be moved to, and which may be moved to its home.
    private static func neighbours(_ plans: [Placement.Worker]) -> [Int?] {
        plans.map { plan in
            plans.firstIndex { $0.index != plan.index && $0.home == plan.alternate && $0.alternate == plan.home }
        }
    }

    /// Lets the prepared workers go: another transport is taken.
    func discard() {
        crew.decide(.quit)
        crew.join()
    }

    /// Why entries could not be registered. The kernel has switched the ring off for this connection. Workers stay
    /// until it ends, since entries of theirs may be registered.
    struct RegistrationFailure: Error {
        /// What the kernel said.
        let errno: Errno
        /// Whether the device can serve the connection: not once requests travel on the ring.
        let deviceCanServe: Bool
    }

    /// Registers all entries. INIT has been answered, with the ring in it. Requests wait until ``serve()``.
    func register() throws(RegistrationFailure) {
        // All queues but one; the first entry of that one, which opens the gate; the others of it.
        for deviceCanServe in [true, true, false] {
            crew.decide(.goOn)
            if let failure = crew.firstFailure() {
                crew.decide(.linger)
                throw RegistrationFailure(errno: failure, deviceCanServe: deviceCanServe)
            }
        }
    }

    /// Lets the workers answer requests.
    func serve() { crew.decide(.goOn) }

    /// Waits until all workers have ended, which is after the end of the connection, or were given up.
    ///
    /// - Returns: how many were given up.
    @discardableResult
    func join() -> Int { crew.join() }

    /// The life of a worker.
    private static func work(
        _ member: Crew<Verdict>.Member,
        parts: SessionParts,
        plan: Placement.Worker,
        depth: Int,
        gate: UInt16?,
        poll: Duration,
        lending: LoanSide?,
        hosting: LoanSide?,
        trail: CallerTrail
    ) {
        do throws(Errno) {
            let entries = depth * plan.queues.count + (hosting?.loan.limit ?? 0)
            let ring = try makeRing(entries: entries, parts: parts, mailbox: member.mailbox)
            let io = RingIO(queue: ring.handle, mailbox: member.mailbox)
            let arenas = try makeArenas(plan.queues, parts: parts, depth: depth, gate: gate)
            let channel = RingChannel(
                worker: plan.index, ring: ring.handle, io: io, arenas: arenas, poll: poll,
                lending: lending, hosting: hosting, trail: trail, report: parts.handler.report)
            let worker = Worker(
                index: plan.index, channel: channel, handler: parts.handler, io: io, mailbox: member.mailbox)
            if member.meet(nil) == .goOn {
                // Not before: one that is to quit again would look like one that is stuck.
                parts.roster.add(
                    Roster.Member(
                        name: "ringfuse-ring\(plan.index)", cpu: plan.cpu, alternate: plan.alternate,
                        loan: lending?.loan, trail: trail, queues: plan.queues, meter: worker.meter,
                        lifeline: ring.lifeline,
                        mailbox: member.mailbox,
                        giveUp: { member.giveUp() }, giveBack: giveBack(member.mailbox, parts, ring.features),
                        useHugePages: { for arena in arenas { arena.buffers.extent.useHugePages() } }))
                serve(worker, member)
            }
            // The ring goes before the memory that its commands name.
            ring.close()
            withExtendedLifetime(worker) {}
        } catch {
            _ = member.meet(error)
        }
    }

    /// What has a worker give back buffers that it does not use; `nil` where it may not, see
    /// ``RingChannel/giveBack(unless:)``.
    private static func giveBack(
        _ mailbox: Mailbox,
        _ parts: SessionParts,
        _ features: RingFeatures
    ) -> (@Sendable () -> Bool)? {
        guard !parts.populatesBuffers, features.contains(.deferTaskRun) else { return nil }
        return {
            mailbox.post(.giveBack)
            return true
        }
    }

    private static func serve(_ worker: Worker<RingChannel<RingHandle>>, _ member: Crew<Verdict>.Member) {
        typealias Channel = RingChannel<RingHandle>
        var verdict = member.meet(failure { () throws(Errno) in try worker.start() })
        if verdict == .goOn {
            verdict = member.meet(
                failure { () throws(Errno) in
                    try worker.withChannel { (channel: inout Channel) throws(Errno) in try channel.openGate() }
                })
        }
        if verdict == .goOn {
            verdict = member.meet(
                failure { () throws(Errno) in
                    try worker.withChannel { (channel: inout Channel) throws(Errno) in try channel.completeGate() }
                })
        }
        if verdict == .linger { worker.withChannel { $0.abandon() } }
        worker.run()
    }

    private static func failure(of step: () throws(Errno) -> Void) -> Errno? {
        do throws(Errno) {
            try step()
            return nil
        } catch {
            return error
        }
    }

    private static func makeRing(entries: Int, parts: SessionParts, mailbox: Mailbox) throws(Errno) -> Ring {
        // Room to submit all commits of a turn at once, and as many operations of backends; more are submitted in
        // between.
        let submissions = UInt32(clamping: min(4096, max(64, 2 * entries)))
        let ring = try Ring(
            entries: submissions, completions: max(256, 2 * submissions), required: .wideSubmissions)
        try ring.register(files: [parts.device.rawValue, mailbox.eventFile.rawValue])
        let refused = RingFeatures.optional.subtracting(ring.features)
        parts.debug("ring with \(ring.features.names.joined(separator: ", "))")
        if !refused.isEmpty { parts.debug("refused by this kernel: \(refused.names.joined(separator: ", "))") }
        return ring
    }

    private static func makeArenas(
        _ queues: [UInt16],
        parts: SessionParts,
        depth: Int,
        gate: UInt16?
    ) throws(Errno) -> [QueueArena] {
        var arenas: [QueueArena] = []
        for queue in queues {
            let buffers = try EntryBuffers(
                count: depth, payloadCapacity: parts.agreed.payloadCapacity,
                node: parts.topology.node(of: Int(queue)), populated: parts.populatesBuffers)
            let short = parts.shortEntry.flatMap { $0.queue == queue ? $0.entry : nil }
            arenas.append(
                QueueArena(queue: queue, opensGate: queue == gate, buffers: buffers, shortEntry: short))
        }
        return arenas
    }
}
