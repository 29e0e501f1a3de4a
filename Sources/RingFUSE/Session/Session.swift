public import Logging
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
    /// - Parameter onReady: called once the mount answers.
    /// - Throws: ``SessionError``; then nothing stays mounted.
    public func run(onReady: @Sendable (SessionStatus) -> Void = { _ in }) async throws(SessionError) {
        throw .failed("not yet")
    }

    /// Takes the mount away. A mount in use is detached: it is served until its last user closes, then ``run(onReady:)`` returns.
    ///
    /// - Throws: ``MountError`` where it can't be unmounted at all.
    public func unmount() async throws(MountError) {
    }

    /// Ends the connection at once: every request fails with `ENOTCONN` or `ECONNABORTED`, unwritten data is lost.
    public func abort() {
    }
}
