import FUSEProtocol
import Ring
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// Workers that read /dev/fuse: all of a session without a ring; beside a ring, one for what never travels on it
/// (FORGET, BATCH_FORGET, INTERRUPT).
struct DeviceTransport: Sendable {
    /// What is decided when workers have reported.
    private enum Verdict: Sendable {
        case goOn
        case quit
    }

    private let crew: Crew<Verdict>

    /// The mailboxes of the workers.
    var mailboxes: [Mailbox] { crew.mailboxes }

    /// One worker: its name and its CPU.
    struct Plan: Sendable {
        let name: String
        let cpu: Int?
        /// Whether it serves beside a ring, and sees no request that anybody waits for.
        var isBesideRing = false
    }

    /// Starts workers. They serve as soon as all of them are ready.
    ///
    /// - Throws: the first errno that a worker met; then none is left.
    init(_ parts: SessionParts, plans: [Plan], depth: Int) throws(Errno) {
        crew = try Crew(plans.map { Crew.Post(name: $0.name, cpu: $0.cpu) }, quit: .quit) { member in
            Self.work(member, parts: parts, plan: plans[member.index], depth: depth)
        }
        if let failure = crew.firstFailure() {
            crew.decide(.quit)
            crew.join()
            throw failure
        }
        crew.decide(.goOn)
    }

    /// Waits until all workers have ended, which is after the end of the connection, or were given up.
    ///
    /// - Returns: how many were given up.
    @discardableResult
    func join() -> Int { crew.join() }

    /// What is to be known of a worker to give back what it does not use.
    private struct Rest: Sendable {
        let parking: Parking
        /// Its buffers, which live as long as it can be found parked.
        let extent: EntryExtent

        /// What gives back all but the entry that the worker reads into, while it sleeps in that; one that serves
        /// requests sleeps elsewhere, and looks into its mailbox.
        func giveBack(or mailbox: Mailbox) -> @Sendable () -> Bool {
            {
                if parking.whileParked({ kept in extent.giveBack { $0 != kept } }) { return true }
                mailbox.post(.giveBack)
                return true
            }
        }
    }

    /// The life of a worker.
    private static func work(_ member: Crew<Verdict>.Member, parts: SessionParts, plan: Plan, depth: Int) {
        do throws(Errno) {
            let descriptors = try clone(parts)
            defer {
                try? descriptors.blocking.close()
                try? descriptors.nonblocking.close()
            }
            let buffers = try EntryBuffers(
                count: depth, payloadCapacity: parts.agreed.payloadCapacity,
                node: plan.cpu.flatMap { parts.topology.node(of: $0) }, populated: parts.populatesBuffers)
            try serve(member, parts, plan, descriptors, buffers)
        } catch {
            _ = member.meet(error)
        }
    }

    private static func serve(
        _ member: Crew<Verdict>.Member,
        _ parts: SessionParts,
        _ plan: Plan,
        _ descriptors: DeviceChannel<RingHandle>.Descriptors,
        _ buffers: consuming EntryBuffers
    ) throws(Errno) {
        let rest = Rest(parking: Parking(), extent: buffers.extent)
        guard let ring = makeRing(mailbox: member.mailbox) else {
            let channel = makeChannel(member, parts, plan, descriptors, buffers, rest, operations: nil)
            run(channel, io: ThreadPoolIO(parts.threadPool), member, parts, plan, rest)
            return
        }
        let io = RingIO(queue: ring.handle, mailbox: member.mailbox)
        let operations = DeviceChannel<RingHandle>.Operations(ring: ring.handle, io: io)
        let channel = makeChannel(member, parts, plan, descriptors, buffers, rest, operations: operations)
        run(channel, io: io, member, parts, plan, rest)
        ring.close()
    }

    private static func run(
        _ channel: consuming DeviceChannel<RingHandle>,
        io: IOEngine,
        _ member: Crew<Verdict>.Member,
        _ parts: SessionParts,
        _ plan: Plan,
        _ rest: Rest
    ) {
        let worker = Worker(
            index: member.index, channel: channel, handler: parts.handler, io: io, mailbox: member.mailbox)
        parts.roster.add(
            Roster.Member(
                name: plan.name, cpu: plan.cpu, queues: [], meter: worker.meter, lifeline: nil,
                mailbox: member.mailbox, giveUp: { member.giveUp() },
                giveBack: parts.populatesBuffers ? nil : rest.giveBack(or: member.mailbox),
                useHugePages: { rest.extent.useHugePages() }))
        guard member.meet(nil) == .goOn else { return }
        // A device channel has nothing to start that could fail.
        try? worker.start()
        worker.run()
    }

    private static func makeChannel(
        _ member: Crew<Verdict>.Member,
        _ parts: SessionParts,
        _ plan: Plan,
        _ descriptors: DeviceChannel<RingHandle>.Descriptors,
        _ buffers: consuming EntryBuffers,
        _ rest: Rest,
        operations: DeviceChannel<RingHandle>.Operations?
    ) -> DeviceChannel<RingHandle> {
        DeviceChannel(
            worker: member.index, descriptors: descriptors, mailbox: member.mailbox, buffers: buffers,
            format: DeviceFormat(parts.agreed), operations: operations, gathersForgets: plan.isBesideRing,
            parking: rest.parking,
            report: parts.handler.report)
    }

    private static func clone(_ parts: SessionParts) throws(Errno) -> DeviceChannel<RingHandle>.Descriptors {
        let blocking = try parts.cloneDevice()
        do throws(Errno) {
            let nonblocking = try parts.cloneDevice()
            try setNonblocking(nonblocking)
            return DeviceChannel.Descriptors(blocking: blocking, nonblocking: nonblocking)
        } catch {
            try? blocking.close()
            throw error
        }
    }

    /// A ring for asynchronous operations; `nil` where there is no io_uring, and threads do them.
    private static func makeRing(mailbox: Mailbox) -> Ring? {
        guard let ring = try? Ring(entries: 128, completions: 512, required: []) else { return nil }
        guard (try? ring.register(eventFile: mailbox.eventFile.rawValue)) != nil else { return nil }
        return ring
    }
}

/// Makes reads from a descriptor return instead of sleeping.
private func setNonblocking(_ file: FileDescriptor) throws(Errno) {
    if fcntl(file.rawValue, F_SETFL, O_RDWR | O_NONBLOCK) < 0 { throw Errno(rawValue: errno) }
}
