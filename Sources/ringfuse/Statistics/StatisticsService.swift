import Logging
import RingFUSE
import Synchronization
import SystemPackage

/// The statistics of a session, told while it serves.
final class StatisticsService: Sendable {
    private let server = Mutex<StatisticsServer?>(nil)

    /// Opens the socket. Where that cannot be, the session serves without, and the log says why.
    func start<Backend: FileSystem>(_ session: Session<Backend>, _ logger: Logger) {
        guard let connection = session.statistics?.connection else { return }
        guard let directory = StatisticsPath.ownDirectory else {
            return logger.info("no statistics: XDG_RUNTIME_DIR is not set")
        }
        do throws(Errno) {
            let started = try StatisticsServer(connection: connection, in: directory) { session.statistics }
            server.withLock { $0 = started }
        } catch {
            logger.notice("no statistics: no socket in \(directory): \(error)")
        }
    }

    /// Closes it.
    func stop() {
        let running = server.withLock { server in
            defer { server = nil }
            return server
        }
        running?.stop()
    }
}
