import Glibc
import Logging
import RingFUSE
import ServiceLifecycle
import SystemPackage

/// A session as a service: it runs until its mount is gone, and a graceful shutdown takes the mount away.
struct MountService<Backend: FileSystem>: Service {
    /// The session.
    let session: Session<Backend>
    /// Called once the mount answers.
    let onReady: @Sendable (SessionStatus) -> Void
    /// Called before it is unmounted because somebody has asked for that.
    let onLeaving: @Sendable () -> Void
    /// Who waits to hear that it ends.
    let manager: ServiceManager?
    /// Gets what goes wrong.
    let logger: Logger

    /// Serves.
    func run() async throws {
        try await withGracefulShutdownHandler {
            try await session.run(onReady: onReady)
        } onGracefulShutdown: {
            try? manager?.tell(.stopping)
            onLeaving()
            logger.notice("unmounting \(session.mountPoint); a second signal aborts the connection")
            Task {
                do throws(MountError) {
                    guard try await session.unmount() else { return }
                    logger.notice("\(session.mountPoint) is in use: detached, and served until its last user closes")
                } catch {
                    logger.error("\(error)")
                }
            }
        }
    }
}
