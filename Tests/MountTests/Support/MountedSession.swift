import Foundation
import RingFUSE
import Synchronization
import SystemPackage
import Testing

/// A mount that this process serves while a test runs.
final class MountedSession: Sendable {
    /// Where its mount point is, and directories beside it.
    let scratch: Scratch
    /// What the session chose.
    let status: SessionStatus

    /// Whether the test has looked at how the session ended.
    private let isSettled = Mutex(false)
    private let task: Task<Void, Never>
    private let ending: Promise<Result<Void, SessionError>>
    private let unmountSession: @Sendable () async throws(MountError) -> Bool
    private let abortSession: @Sendable () throws(MountError) -> Void
    private let sessionStatistics: @Sendable () -> SessionStatistics?

    /// The mount point.
    var path: FilePath { scratch.mountPoint }

    /// Mounts, and waits until the mount answers.
    ///
    /// - Throws: what the session throws; ``TimeIsUp`` where it never gets ready.
    init<Backend: FileSystem>(
        _ backend: Backend,
        scratch: Scratch,
        options: MountOptions,
        configuration: SessionConfiguration
    ) async throws {
        let session = Session(backend, at: scratch.mountPoint, options: options, configuration: configuration)
        let ready = Promise<Result<SessionStatus, SessionError>>()
        let ending = Promise<Result<Void, SessionError>>()
        let task = Task {
            do throws(SessionError) {
                try await session.run { ready.keep(.success($0)) }
                ending.keep(.success(()))
                ready.keep(.failure(.failed("the session ended before it was ready")))
            } catch {
                ending.keep(.failure(error))
                ready.keep(.failure(error))
            }
        }
        self.scratch = scratch
        self.ending = ending
        self.task = task
        unmountSession = { () async throws(MountError) in try await session.unmount() }
        sessionStatistics = { session.statistics }
        abortSession = { () throws(MountError) in try session.abort() }
        do {
            status = try await ready.value(within: .seconds(60), "the mount to get ready").get()
        } catch {
            if error is TimeIsUp {
                try? session.abort()
                try? Mounter.unmount(scratch.mountPoint, lazy: true)
            }
            throw error
        }
    }

    /// Takes the mount away.
    ///
    /// - Returns: whether it was in use and has been detached only.
    @discardableResult
    func unmount() async throws(MountError) -> Bool { try await unmountSession() }

    /// Ends the connection.
    func abort() throws(MountError) { try abortSession() }

    /// What the session has done.
    var statistics: SessionStatistics? { sessionStatistics() }

    /// Cancels the task that runs the session.
    func cancel() { task.cancel() }

    /// Whether `run` has returned.
    var hasEnded: Bool { ending.current != nil }

    /// Waits until `run` returns.
    ///
    /// - Throws: what it throws; ``TimeIsUp``.
    func ended() async throws {
        let result = try await ending.value(within: .seconds(60), "the session to end")
        isSettled.withLock { $0 = true }
        try result.get()
    }

    /// Waits until `run` tells that the connection was aborted; nothing may be mounted then.
    func endedByAbort(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let error = await #expect(throws: SessionError.self, sourceLocation: sourceLocation) {
            try await ended()
        }
        guard case .aborted(let mountPoint) = error else {
            Issue.record("\(error as Any)", sourceLocation: sourceLocation)
            return
        }
        #expect(mountPoint == path.string, sourceLocation: sourceLocation)
        let isMounted = try isMounted
        #expect(!isMounted, sourceLocation: sourceLocation)
    }

    /// Whether the mount is in the kernel's table.
    var isMounted: Bool { get throws { try scratch.isMounted } }

    /// Runs a script of bash in the root of the mount; it must succeed.
    @discardableResult
    func check(
        _ script: String,
        limit: Duration = .seconds(60),
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> ChildProcess.Ending {
        try await Program.check(
            script: script, scratch: scratch, in: path, limit: limit, sourceLocation: sourceLocation)
    }

    /// Starts a script of bash in the root of the mount.
    func start(_ script: String, limit: Duration = .seconds(60)) async throws -> ChildProcess {
        try await Program.start(script: script, scratch: scratch, in: path, limit: limit)
    }

    /// Ends the mount by force where it has not ended by itself.
    ///
    /// - Throws: ``TimeIsUp`` where not even that ends it.
    fileprivate func forceEnd() async throws {
        if hasEnded { return }
        try? abort()
        _ = try? await unmount()
        try? Mounter.unmount(path, lazy: true)
        _ = try await ending.value(within: .seconds(60), "the session to end after its connection was aborted")
    }

    /// Ends the mount as a user does, after a test that has not.
    fileprivate func finish(_ sourceLocation: SourceLocation) async throws {
        if isSettled.withLock({ $0 }) { return }
        if hasEnded {
            try await ended()
            return
        }
        let detached = try await unmount()
        #expect(!detached, "still in use when the test was done", sourceLocation: sourceLocation)
        try await ended()
        #expect(try !isMounted, "still mounted after its session", sourceLocation: sourceLocation)
    }
}

/// Mounts a backend, runs the body, and unmounts however the body ends.
///
/// A session that the body has not ended must end by a plain unmount, and `run` must return without an error.
@discardableResult
func withMount<Backend: FileSystem, Result>(
    _ backend: Backend,
    scratch: Scratch? = nil,
    options: MountOptions = MountOptions(),
    configuration: SessionConfiguration = SessionConfiguration(),
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: (MountedSession) async throws -> Result
) async throws -> Result {
    guard let scratch else {
        return try await withScratch { scratch in
            try await withMount(
                backend, scratch: scratch, options: options, configuration: configuration,
                sourceLocation: sourceLocation, body)
        }
    }
    let session = try await MountedSession(
        backend, scratch: scratch, options: options, configuration: configuration)
    do {
        let result = try await body(session)
        try await session.finish(sourceLocation)
        return result
    } catch {
        try await session.forceEnd()
        throw error
    }
}
