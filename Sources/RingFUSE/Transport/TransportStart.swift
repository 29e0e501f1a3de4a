import FUSEProtocol
import Logging
import SystemPackage

/// What a session knows before it chooses a transport.
struct SessionFacts: Sendable {
    let mounted: MountPoint
    let topology: CPUTopology
    let placement: Placement
    let configuration: SessionConfiguration
    let logger: Logger
}

/// The transport that was started.
struct StartedTransport: Sendable {
    let status: SessionStatus
    fileprivate let ring: RingTransport?
    fileprivate let devices: DeviceTransport
    fileprivate let backingFiles: BackingFiles

    /// Waits for the end of the connection.
    func join() {
        let lost = devices.join() + (ring?.join() ?? 0)
        // A notification that is under way may wait for a lock that a lost worker's request holds.
        status.connection.notifier.close(waits: lost == 0)
        backingFiles.close()
    }
}

/// Chooses a transport, answers INIT accordingly, and starts the workers.
///
/// The ring is prepared before INIT is answered: rings and memory that cannot be had must not be found missing after
/// the kernel was told to use them. Registration comes after; where the kernel refuses an entry then, the connection
/// falls back to the device by the kernel's own rules (fs/fuse/dev_uring.c, `fuse_uring_cmd`).
struct TransportStart {
    let session: SessionFacts
    let wishes: SessionWishes
    let handshake: Handshake
    let roster: Roster
    let makeHandler: (NegotiatedSession, InterruptRelay, Notifier) -> RequestHandler
    private let interrupts = InterruptRelay()
    private let notifier: Notifier
    private let backingFiles: BackingFiles

    init(
        session: SessionFacts,
        wishes: SessionWishes,
        handshake: Handshake,
        roster: Roster,
        makeHandler: @escaping (NegotiatedSession, InterruptRelay, Notifier) -> RequestHandler
    ) {
        self.session = session
        self.wishes = wishes
        self.handshake = handshake
        self.roster = roster
        self.makeHandler = makeHandler
        let logger = session.logger
        notifier = Notifier(device: session.mounted.device) { $0.log(to: logger) }
        backingFiles = BackingFiles(device: session.mounted.device)
    }

    /// Starts.
    ///
    /// - Parameter onAgreed: called when all is agreed and before the first request is answered.
    func run(onAgreed: (Connection) -> Void) throws(SessionError) -> StartedTransport {
        do throws(SessionError) {
            return try choose(onAgreed)
        } catch {
            notifier.close()
            backingFiles.close()
            throw error
        }
    }

    private func choose(_ onAgreed: (Connection) -> Void) throws(SessionError) -> StartedTransport {
        guard session.configuration.transport != .device else { return try startDevice(reason: nil, onAgreed) }
        switch prepareRing() {
        case .success(let prepared):
            return try startRing(prepared, onAgreed)
        case .failure(let unavailable):
            if session.configuration.transport == .ring {
                handshake.refuse(on: session.mounted.device)
                throw .ringUnavailable(unavailable.reason)
            }
            return try startDevice(reason: unavailable.reason, onAgreed)
        }
    }

    // MARK: The ring

    /// Workers that have their rings and their memory.
    private struct PreparedRing {
        let transport: RingTransport
        let parts: SessionParts
        let plan: BufferPlan
    }

    private struct Unavailable: Error {
        let reason: String
    }

    private func prepareRing() -> Result<PreparedRing, Unavailable> {
        guard handshake.request.flags.contains(.overIOUring) else {
            return .failure(
                Unavailable(reason: RingUnavailable.notOffered(kernelMinor: handshake.request.minor)))
        }
        let agreed = handshake.preview(wishes.wishes(usesRing: true))
        let parts = makeParts(agreed)
        let plan = BufferPlan(
            queues: session.topology.possible.count, depth: wishes.depth,
            payloadCapacity: agreed.payloadCapacity, limit: session.configuration.memoryLimit,
            reserved: EntryBuffers.byteCount(depth: controlDepth, payloadCapacity: agreed.payloadCapacity))
        do throws(Errno) {
            let transport = try RingTransport(
                parts, placement: session.placement, depth: plan.depth, poll: session.configuration.poll)
            return .success(PreparedRing(transport: transport, parts: parts, plan: plan))
        } catch {
            return .failure(Unavailable(reason: RingUnavailable.setUp(error)))
        }
    }

    private func startRing(
        _ prepared: PreparedRing,
        _ onAgreed: (Connection) -> Void
    ) throws(SessionError) -> StartedTransport {
        let agreed: NegotiatedSession
        do throws(SessionError) {
            agreed = try handshake.accept(wishes.wishes(usesRing: true), on: session.mounted.device)
        } catch {
            prepared.transport.discard()
            throw error
        }
        interrupts.connect(prepared.transport.mailboxes)
        do throws(RingTransport.RegistrationFailure) {
            try prepared.transport.register()
        } catch {
            return try fallBack(from: prepared, error, onAgreed)
        }
        let terms = begin(agreed, depth: prepared.plan.depth, usesRing: true)
        onAgreed(terms.connection)
        prepared.transport.serve()
        let control: DeviceTransport
        do throws(SessionError) {
            // A few entries: what comes this way is answered at once.
            let plan = DeviceTransport.Plan(name: "ringfuse-ctl", cpu: nil, isBesideRing: true)
            control = try startDevices(prepared.parts, [plan], depth: controlDepth)
        } catch {
            end(prepared)
            throw error
        }
        var status = status(agreed, prepared.plan, terms, reason: nil)
        status.bufferBytes += EntryBuffers.byteCount(
            depth: controlDepth, payloadCapacity: agreed.payloadCapacity)
        return StartedTransport(
            status: status, ring: prepared.transport, devices: control, backingFiles: backingFiles)
    }

    /// Registration failed after INIT: the kernel has switched the ring off for this connection.
    private func fallBack(
        from prepared: PreparedRing,
        _ failure: RingTransport.RegistrationFailure,
        _ onAgreed: (Connection) -> Void
    ) throws(SessionError) -> StartedTransport {
        let reason = RingUnavailable.registration(failure.errno)
        guard session.configuration.transport != .ring, failure.deviceCanServe else {
            end(prepared)
            throw .ringUnavailable(reason)
        }
        let terms = begin(prepared.parts.agreed, depth: prepared.plan.depth, usesRing: false)
        onAgreed(terms.connection)
        let devices: DeviceTransport
        do throws(SessionError) {
            devices = try startDevices(prepared.parts, devicePlans, depth: prepared.plan.depth)
        } catch {
            end(prepared)
            throw error
        }
        var status = status(prepared.parts.agreed, prepared.plan, terms, reason: reason)
        // The ring's buffers stay mapped, though nothing comes into them.
        status.bufferBytes += EntryBuffers.byteCount(
            depth: prepared.plan.depth * devicePlans.count, payloadCapacity: prepared.parts.agreed.payloadCapacity)
        return StartedTransport(
            status: status, ring: prepared.transport, devices: devices, backingFiles: backingFiles)
    }

    /// Ends the connection, and with it the workers of a ring that cannot be used.
    ///
    /// Programs may already wait for answers of the mount, so that unmounting alone would not end it.
    private func end(_ prepared: PreparedRing) {
        do throws(MountError) {
            try session.mounted.abort()
        } catch {
            // Without fusectl: its requests are served until the last user has gone.
            session.logger.warning("\(error)")
            let devices = try? startDevices(prepared.parts, devicePlans, depth: controlDepth)
            try? session.mounted.unmount(lazy: true)
            devices?.join()
        }
        try? session.mounted.unmount(lazy: true)
        prepared.transport.join()
    }

    /// Entries of the worker that reads /dev/fuse beside a ring.
    private var controlDepth: Int { 4 }

    // MARK: The device

    private func startDevice(
        reason: String?,
        _ onAgreed: (Connection) -> Void
    ) throws(SessionError) -> StartedTransport {
        let agreed = handshake.preview(wishes.wishes(usesRing: false))
        let parts = makeParts(agreed)
        let plan = BufferPlan(
            queues: devicePlans.count, depth: wishes.depth,
            payloadCapacity: agreed.payloadCapacity, limit: session.configuration.memoryLimit)
        _ = try handshake.accept(wishes.wishes(usesRing: false), on: session.mounted.device)
        let terms = begin(agreed, depth: plan.depth, usesRing: false)
        onAgreed(terms.connection)
        let devices = try startDevices(parts, devicePlans, depth: plan.depth)
        return StartedTransport(
            status: status(agreed, plan, terms, reason: reason), ring: nil, devices: devices,
            backingFiles: backingFiles)
    }

    private var devicePlans: [DeviceTransport.Plan] {
        session.placement.workers.map { DeviceTransport.Plan(name: "ringfuse-dev\($0.index)", cpu: $0.cpu) }
    }

    private func startDevices(
        _ parts: SessionParts,
        _ plans: [DeviceTransport.Plan],
        depth: Int
    ) throws(SessionError) -> DeviceTransport {
        do throws(Errno) {
            let transport = try DeviceTransport(parts, plans: plans, depth: depth)
            interrupts.connect(transport.mailboxes)
            return transport
        } catch {
            throw .workers("workers could not be started: \(error)")
        }
    }

    // MARK: Shared

    private func makeParts(_ agreed: NegotiatedSession) -> SessionParts {
        let mounted = session.mounted
        return SessionParts(
            device: mounted.device, cloneDevice: { () throws(Errno) in try mounted.cloneDevice() },
            agreed: agreed, handler: makeHandler(agreed, interrupts, notifier), topology: session.topology,
            threadPool: ThreadPool(), roster: roster, populatesBuffers: session.configuration.populatesBuffers,
            shortEntry: session.configuration.shortEntry,
            loanTerms: session.configuration.loanTerms, logger: session.logger)
    }

    /// What a backend is told, and why it cannot have what it is not told of.
    private struct Terms {
        let connection: Connection
        let refusal: String?
    }

    /// Has the notifier know what was agreed, which a backend is told next. INIT has been answered.
    private func begin(_ agreed: NegotiatedSession, depth: Int, usesRing: Bool) -> Terms {
        notifier.agree(agreed, usesRing: usesRing)
        var features = wishes.features.agreed(agreed.flags)
        let refusal = features.contains(.passthrough) ? refusalOfBackingFiles() : nil
        if refusal != nil { features.remove(.passthrough) }
        let logger = session.logger
        let connection = Connection(
            protocolMinor: agreed.minor, maxWrite: Int(agreed.maxWrite), maxReadahead: Int(agreed.maxReadahead),
            usesRing: usesRing, queueDepth: depth, features: features,
            backingFiles: features.contains(.passthrough) ? backingFiles : nil, notifier: notifier,
            warn: { logger.warning("\($0)") }, note: { logger.debug("\($0)") })
        return Terms(connection: connection, refusal: refusal)
    }

    /// Why no file can be registered for passthrough, although the kernel has it; `nil` where one can.
    private func refusalOfBackingFiles() -> String? {
        do throws(Errno) {
            try backingFiles.probe()
            return nil
        } catch .notPermitted {
            return "no passthrough: it needs CAP_SYS_ADMIN"
        } catch {
            return "no passthrough: the kernel registers no file: \(error)"
        }
    }

    private func status(
        _ agreed: NegotiatedSession,
        _ plan: BufferPlan,
        _ terms: Terms,
        reason: String?
    ) -> SessionStatus {
        session.logger.debug("agreed on 7.\(agreed.minor): \(agreed.flags.names.joined(separator: " "))")
        let connection = terms.connection
        return SessionStatus(
            usesRing: connection.usesRing, fallbackReason: reason, placement: session.placement, depth: plan.depth,
            bufferBytes: plan.byteCount, connection: connection,
            notices: [plan.notice].compactMap { $0 } + wishes.notices(agreed) + [terms.refusal].compactMap { $0 })
    }
}
