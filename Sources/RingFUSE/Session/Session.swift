public import Logging
import Ring
import Synchronization
public import SystemPackage

/// One mount, served: mounts, agrees with the kernel, carries requests to the backend, and ends with the mount.
///
/// ```swift
/// let session = Session(MyFileSystem(), at: "/mnt/my")
/// try await session.run()
/// ```
public final class Session<Backend: FileSystem>: Sendable {
    /// The file system that is served.
    public let backend: Backend
    /// Where it is to be mounted.
    public let mountPoint: FilePath
    let options: MountOptions
    let configuration: SessionConfiguration
    let logger: Logger
    let state = Mutex(SessionState.idle)
    let aborts = AbortWitness()
    let gauges = Mutex<SessionGauges?>(nil)

    /// A session, not yet mounted.
    ///
    /// - Parameters:
    ///   - backend: the file system to serve.
    ///   - mountPoint: an existing directory.
    ///   - options: what the mount is called and who may use it.
    ///   - configuration: transport, workers, buffers.
    ///   - logger: gets what an operator should know; nothing is logged for each request.
    public init(
        _ backend: Backend,
        at mountPoint: FilePath,
        options: MountOptions = MountOptions(),
        configuration: SessionConfiguration = SessionConfiguration(),
        logger: Logger = Logger(label: "ringfuse")
    ) {
        self.backend = backend
        self.mountPoint = mountPoint
        self.options = options
        self.configuration = configuration
        self.logger = logger
    }

    /// Mounts and serves until the mount is gone, however that comes: ``unmount()``, umount(8), ``abort()``.
    ///
    /// Call it once. Cancelling the task unmounts.
    ///
    /// - Parameter onReady: called once the mount answers, on a thread of the session's.
    /// - Throws: ``SessionError``; then nothing stays mounted.
    public func run(
        onReady: @escaping @Sendable (SessionStatus) -> Void = { _ in }
    ) async throws(SessionError) {
        try configuration.validate()
        guard start() else { throw .failed("a session can be run only once") }
        let result = await withTaskCancellationHandler {
            await serveOnThread(onReady)
        } onCancel: {
            // Unmounting may wait for the server: never on the thread that cancels.
            try? DedicatedThread(name: "ringfuse-cancel") { _ in _ = self.unmountNow() }.detach()
        }
        end()
        await backend.disconnected()
        try result.get()
    }

    /// Takes the mount away. A mount in use is detached: it is served until its last user closes, then
    /// ``run(onReady:)`` returns.
    ///
    /// Unmounting writes back what is dirty, which the session serves: it may take as long as the backend takes.
    ///
    /// Does nothing where the session is not mounted; one that is being mounted ends as soon as it is.
    ///
    /// - Returns: whether the mount was in use and has been detached only.
    /// - Throws: ``MountError`` where it can't be unmounted at all.
    @discardableResult
    public func unmount() async throws(MountError) -> Bool {
        let result: Result<Bool, MountError>
        do throws(Errno) {
            result = try await DedicatedThread.run(name: "ringfuse-umount") { self.unmountNow() }
        } catch {
            result = unmountNow()
        }
        return try result.get()
    }

    /// Ends the connection at once: every request fails with `ENOTCONN` or `ECONNABORTED`, unwritten data is lost.
    /// The mount stays until it is unmounted. Does nothing where the session is not mounted.
    ///
    /// Where fusectl cannot be used, the mount is taken away by force, which aborts as well and asks for more
    /// privileges.
    ///
    /// - Throws: ``MountError`` where neither is there and permitted.
    public func abort() throws(MountError) {
        guard let mounted = state.withLock({ $0.mounted }) else { return }
        try mounted.abort()
        aborts.note()
    }

    /// What the session has done so far, and what is stuck; `nil` while it does not serve.
    ///
    /// Any thread may ask, also while every worker hangs: nothing is waited for.
    public var statistics: SessionStatistics? { gauges.withLock { $0 }?.read() }
}

/// The states of a session. They only ever move downwards.
enum SessionState: Sendable {
    /// Not run yet.
    case idle
    /// Being mounted and agreed on.
    case starting
    /// To be unmounted as soon as it is mounted.
    case stopping
    /// Mounted.
    case serving(MountPoint)
    /// Mounted, and its owner has asked for the end.
    case leaving(MountPoint)
    /// The connection is gone.
    case ended

    var mounted: MountPoint? {
        switch self {
        case .serving(let mounted), .leaving(let mounted): mounted
        case .idle, .starting, .stopping, .ended: nil
        }
    }
}

extension Session {
    /// Takes the one chance to run.
    ///
    /// - Returns: false where it has been taken.
    private func start() -> Bool {
        state.withLock { state in
            guard case .idle = state else { return false }
            state = .starting
            return true
        }
    }

    private func end() {
        state.withLock { $0 = .ended }
    }

    /// Notes the mount.
    ///
    /// - Returns: false where the session is to stop already.
    func begin(_ mounted: MountPoint) -> Bool {
        state.withLock { state in
            guard case .starting = state else { return false }
            state = .serving(mounted)
            return true
        }
    }

    private func unmountNow() -> Result<Bool, MountError> {
        let mounted = state.withLock { state in
            if case .starting = state { state = .stopping }
            if case .serving(let mounted) = state { state = .leaving(mounted) }
            return state.mounted
        }
        guard let mounted else { return .success(false) }
        do throws(MountError) {
            try mounted.unmount()
            return .success(false)
        } catch .inUse {
            do throws(MountError) {
                try mounted.unmount(lazy: true)
                return .success(true)
            } catch {
                return .failure(error)
            }
        } catch {
            return .failure(error)
        }
    }

    private func serveOnThread(
        _ onReady: @escaping @Sendable (SessionStatus) -> Void
    ) async -> Result<Void, SessionError> {
        do throws(Errno) {
            return try await DedicatedThread.run(name: "ringfuse-session") {
                do throws(SessionError) {
                    try self.serve(onReady)
                    return .success(())
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            return .failure(.workers("no thread for the session: \(error)"))
        }
    }
}
