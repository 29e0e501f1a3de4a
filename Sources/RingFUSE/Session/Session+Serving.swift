import FUSEProtocol
import Logging
import Synchronization
import SystemPackage

// From the mount to its end, on the session's own thread.

extension Session {
    /// Mounts, agrees, serves, and returns when the connection is gone.
    func serve(_ onReady: @Sendable (SessionStatus) -> Void) throws(SessionError) {
        let topology = CPUTopology.read()
        let placement: Placement
        let mounted: MountPoint
        do throws(PlacementError) {
            placement = try Placement(on: topology, wishes: configuration.placement)
        } catch {
            throw .placement(error)
        }
        do throws(MountError) {
            mounted = try Mounter.mount(at: mountPoint, options: mountOptions)
        } catch {
            throw .mount(error)
        }
        do throws(SessionError) {
            guard begin(mounted) else {
                try? mounted.unmount(lazy: true)
                return
            }
            try serve(mounted, topology, placement, onReady)
        } catch {
            let isWanted = isEndWanted(error, of: mounted)
            try? mounted.unmount(lazy: true)
            if !isWanted { throw error }
        }
    }

    /// Whether an error is the end that was asked for: the mount was taken away before it was served.
    private func isEndWanted(_ error: SessionError, of mounted: MountPoint) -> Bool {
        guard !aborts.hasCome, !mounted.isAttached else { return false }
        if case .leaving = state.withLock({ $0 }) { return true }
        if case .handshake = error { return true }
        return false
    }

    /// Sets the mount's share of dirty memory, where one is wished for.
    ///
    /// - Returns: why it could not be set, for the user; the mount is safe with the kernel's own, and so is served.
    private func limitDirtyMemory(of mounted: MountPoint) -> String? {
        if let reason = ProcessSettings.reasonAgainstFlusher {
            logger.debug("allocations of this server may start I/O and wait for it: \(reason)")
        }
        guard let wished = configuration.dirtyRatio else { return nil }
        guard let connection = mounted.connection else {
            return "the dirty limit of this mount stays as the kernel has it, 1 %: its number is not known"
        }
        let limit = DirtyLimit(connection: connection)
        do throws(Errno) {
            try limit.setPercent(wished)
            return nil
        } catch {
            return limit.notice(about: error, settingPercent: wished)
        }
    }

    private var mountOptions: MountOptions {
        var options = options
        if backend.features.completed.contains(.kernelChecksPermissions) { options.defaultPermissions = true }
        return options
    }

    private func serve(
        _ mounted: MountPoint,
        _ topology: CPUTopology,
        _ placement: Placement,
        _ onReady: @Sendable (SessionStatus) -> Void
    ) throws(SessionError) {
        configuration.onMounted?()
        let wishes = SessionWishes(
            configuration: configuration, features: backend.features,
            kernelChecksPermissions: mountOptions.defaultPermissions)
        let handshake = try Handshake.receive(from: mounted.device, wishes: wishes.wishes(usesRing: true))
        let roster = Roster()
        let watchdog = try makeWatchdog(roster, mounted)
        let start = TransportStart(
            session: SessionFacts(
                mounted: mounted, topology: topology, placement: placement, configuration: configuration,
                logger: logger),
            wishes: wishes, handshake: handshake, roster: roster, makeHandler: { self.makeHandler($0, $1, $2) })
        let notice = limitDirtyMemory(of: mounted)
        let transport = try start.run { connection in backend.connected(connection) }
        var status = transport.status
        if let notice { status.notices.append(notice) }
        let gauges = SessionGauges(
            roster: roster, watchdog: watchdog, status: status, mounted: mounted,
            backend: backend as? any ReportingFileSystem)
        self.gauges.withLock { $0 = gauges }
        // Without it the session serves as well.
        do throws(Errno) { try watchdog.start() } catch { logger.error("no thread for the watchdog: \(error)") }
        onReady(status)
        let governor = startGovernor(roster)
        transport.join()
        governor?.stop()
        self.gauges.withLock { $0 = nil }
        watchdog.stop()
        try end(mounted, lost: watchdog.findings.lost)
    }

    /// Clears up when the connection is gone.
    private func end(_ mounted: MountPoint, lost: [String]) throws(SessionError) {
        // Nobody took the mount away, and its connection has ended: it was aborted, and would answer ENOTCONN to all.
        let isAborted = aborts.hasCome || mounted.isAttached
        try? mounted.unmount(lazy: true)
        let path = mounted.path.string
        if !lost.isEmpty { throw .unresponsive(workers: lost, mountPoint: path) }
        if isAborted { throw .aborted(mountPoint: path) }
    }

    /// Starts what moves workers; without it the session serves as well.
    private func startGovernor(_ roster: Roster) -> Governor? {
        // Terms that are given hold, whatever it would find.
        if configuration.loanTerms != nil { return nil }
        do throws(Errno) {
            let governor = try Governor(roster: roster, logger: logger)
            try governor.start()
            return governor
        } catch {
            logger.error("no thread to move workers to better CPUs: \(error)")
            return nil
        }
    }

    private func makeWatchdog(_ roster: Roster, _ mounted: MountPoint) throws(SessionError) -> Watchdog {
        let aborts = aborts
        do throws(Errno) {
            return try Watchdog(
                Watchdog.Settings(
                    stuckAfter: configuration.stuckAfter, giveBackAfter: configuration.givesBuffersBackAfter),
                roster: roster, device: mounted.device, mountPoint: mounted.path, logger: logger,
                isAborted: { aborts.hasCome || mounted.isAttached })
        } catch {
            throw .workers("no watchdog: \(error)")
        }
    }

    /// Makes what answers requests, once it is known what was agreed.
    private func makeHandler(
        _ agreed: NegotiatedSession,
        _ interrupts: InterruptRelay,
        _ notifier: Notifier
    ) -> RequestHandler {
        let (logger, aborts) = (logger, aborts)
        return Dispatcher(
            backend: backend, agreed: agreed, caching: configuration.fileCaching, notifier: notifier,
            onInterrupt: { interrupts.send($0) },
            onEvent: { [weak self] event in
                event.log(to: logger)
                switch event {
                case .disconnected: interrupts.stop()
                case .connectionAborted: aborts.note()
                // Requests would wait for ever on what is lost.
                case .transportFailed, .queueLost: self?.abortOnThread()
                case .entryLost, .replyRefused, .malformedRequest, .unknownOpcode, .notificationRefused,
                    .tasksAbandoned:
                    break
                }
            })
    }
}

extension Session {
    /// Aborts the connection from a worker, which must not wait.
    private func abortOnThread() {
        let logger = logger
        do throws(Errno) {
            try DedicatedThread(name: "ringfuse-abort") { _ in
                do throws(MountError) { try self.abort() } catch { logger.critical("cannot abort: \(error)") }
            }.detach()
        } catch {
            logger.critical("cannot abort: no thread for it: \(error)")
        }
    }
}

/// Remembers that the connection was aborted instead of unmounted.
final class AbortWitness: Sendable {
    private let flag = Atomic(false)

    /// Whether it was.
    var hasCome: Bool { flag.load(ordering: .acquiring) }

    /// It was.
    func note() { flag.store(true, ordering: .releasing) }
}
