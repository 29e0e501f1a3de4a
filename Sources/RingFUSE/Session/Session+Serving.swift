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
            try? mounted.unmount(lazy: true)
            throw error
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
        let wishes = SessionWishes(
            configuration: configuration, features: backend.features,
            kernelChecksPermissions: mountOptions.defaultPermissions)
        let handshake = try Handshake.receive(from: mounted.device, wishes: wishes.wishes(usesRing: true))
        let aborts = AbortWitness()
        let start = TransportStart(
            session: SessionFacts(
                mounted: mounted, topology: topology, placement: placement, configuration: configuration,
                logger: logger),
            wishes: wishes, handshake: handshake,
            makeHandler: { self.makeHandler($0, $1, aborts) })
        let transport = try start.run { connection in backend.connected(connection) }
        onReady(transport.status)
        transport.join()
        // The connection is gone. After an abort its mount is still there, and would answer ENOTCONN to all.
        try? mounted.unmount(lazy: true)
        if aborts.hasCome { throw .aborted(mountPoint: mounted.path.string) }
    }

    /// Makes what answers requests, once it is known what was agreed.
    private func makeHandler(
        _ agreed: NegotiatedSession,
        _ interrupts: InterruptRelay,
        _ aborts: AbortWitness
    ) -> RequestHandler {
        let logger = logger
        return Dispatcher(
            backend: backend, agreed: agreed, caching: configuration.fileCaching,
            onInterrupt: { interrupts.send($0) },
            onEvent: { [weak self] event in
                event.log(to: logger)
                switch event {
                case .disconnected: interrupts.stop()
                case .connectionAborted: aborts.note()
                // Requests would wait for ever on what is lost.
                case .transportFailed, .queueLost: self?.abortOnThread()
                case .entryLost, .replyRefused, .malformedRequest, .unknownOpcode: break
                }
            })
    }
}

extension Session {
    /// Aborts the connection from a worker, which must not wait.
    private func abortOnThread() {
        try? DedicatedThread(name: "ringfuse-abort") { _ in try? self.abort() }.detach()
    }
}

/// Remembers that the connection was aborted instead of unmounted.
private final class AbortWitness: Sendable {
    private let flag = Atomic(false)

    /// Whether it was.
    var hasCome: Bool { flag.load(ordering: .acquiring) }

    /// It was.
    func note() { flag.store(true, ordering: .releasing) }
}
