import ArgumentParser
import Glibc
import Logging
import RingFUSE
import ServiceLifecycle
import SystemPackage
import UnixSignals

/// Serves one mount for `ringfuse mount`, in the foreground or in the background.
struct Server<Backend: FileSystem>: Sendable {
    /// What is served, such as `memory`.
    let name: String
    /// What the user asked for.
    let options: ServingOptions
    /// Makes the file system, in the process that serves it.
    let backend: @Sendable () async throws -> Backend
    /// Told that the mount is to be unmounted, which may take as long as it is in use.
    var onLeaving: @Sendable (Backend) -> Void = { _ in }
    /// Saves what an abort would lose; called before, and waited for.
    var abandon: (@Sendable (Backend) async -> Void)?
    /// What the backend could not keep in the end, in a sentence: then the tool fails with it.
    var leftover: @Sendable (Backend) -> String? = { _ in nil }

    /// How long a session may take to end after its connection was aborted.
    private static var abortLimit: Duration { .seconds(5) }

    /// Serves until the mount is gone.
    ///
    /// - Throws: what `RingfuseTool` turns into one line and an exit code.
    func run() async throws {
        if options.mounting.daemon, Launcher.inherited == nil { try Launcher.launch() }
        try openLog()
        options.mounting.logging.start()
        if options.memory.lockMemory { try ServerMemory.lock() }
        // A reader of standard output or of the launcher's pipe that went away must not end the mount.
        _ = signal(SIGPIPE, SIG_IGN)
        do {
            try await serve()
        } catch let error as SessionError {
            // Workers that do not fit the machine are options that do not.
            if case .placement(let placement) = error, placement != .nothingUsable {
                throw ValidationError("\(placement)")
            }
            throw error
        }
    }

    /// Runs the session under a service group.
    private func serve() async throws {
        let logger = Logger(label: "ringfuse")
        let session = Session(
            try await backend(),
            at: options.path,
            options: try options.mounting.mountOptions(),
            configuration: options.configuration,
            logger: logger
        )
        let manager = ServiceManager.inherited
        let statistics = StatisticsService()
        defer { statistics.stop() }
        let service = MountService(
            session: session,
            onReady: { status in
                statistics.start(session, logger)
                ready(status, manager, logger)
            },
            onLeaving: { onLeaving(session.backend) },
            manager: manager,
            logger: logger
        )
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigint, .sigterm],
                logger: Self.quiet
            )
        )
        let signals = StopSignals()
        let sources = signals.listen {
            guard let abandon else { return abort(session) }
            Task {
                await abandon(session.backend)
                abort(session)
            }
        } third: {
            // Whoever has no patience for that, either.
            abort(session)
        }
        defer { withExtendedLifetime(sources) {} }
        do {
            try await group.run()
        } catch SessionError.aborted where signals.isSecond {
            // Told below, as what the user did.
        }
        let leftover = leftover(session.backend)
        guard signals.isSecond else {
            if let leftover { throw Leftover(mountPoint: options.path, text: leftover) }
            return
        }
        // An abort in the middle of unmounting can leave a mount without a server.
        try? Mounter.unmount(options.path, lazy: true)
        throw Aborted(mountPoint: options.path, leftover: leftover)
    }

    /// Ends the connection, and the process should the session not end by that.
    private func abort(_ session: Session<Backend>) {
        let line = Aborted(mountPoint: options.path, leftover: leftover(session.backend)).description
        do throws(MountError) {
            try session.abort()
        } catch {
            // The kernel aborts a connection whose last descriptor is closed, which the end of the process does.
            StandardError.write("ringfuse: \(line); \(error)")
            try? Mounter.unmount(options.path, lazy: true)
            exit(1)
        }
        Task {
            try? await Task.sleep(for: Self.abortLimit)
            StandardError.write("ringfuse: \(line); the server did not end by itself")
            exit(1)
        }
    }

    /// Tells everyone who waits that the mount answers.
    private func ready(_ status: SessionStatus, _ manager: ServiceManager?, _ logger: Logger) {
        let daemon = Launcher.inherited != nil
        let report = ReadyReport(fileSystem: name, mountPoint: options.path, status: status, daemon: daemon)
        do throws(Errno) {
            try manager?.tell(.ready, status: "\(name) on \(options.path)")
        } catch {
            logger.warning("the service manager cannot be told: \(error)")
        }
        if !options.memory.lockMemory { letGoOfTheStart() }
        guard let launcher = Launcher.inherited else {
            // Not `print`, which would keep it back where the output is a file or a pipe.
            _ = try? FileDescriptor.standardOutput.writeAll("\(report)\n".utf8)
            return
        }
        detach()
        // The launcher was interrupted: nobody wants this mount.
        if !launcher.tell(.ready(report: "\(report)")) { kill(getpid(), SIGTERM) }
    }

    /// Lets go of what the start has brought into memory, once the last of it is over.
    private func letGoOfTheStart() {
        Task {
            try? await Task.sleep(for: .seconds(1))
            ProcessSettings.releaseProgramPages()
        }
    }

    /// Lets go of the directory and the terminal of the launcher.
    private func detach() {
        _ = unsafe chdir("/")
        guard options.mounting.logFile == nil else { return }
        guard let null = try? FileDescriptor.open(FilePath("/dev/null"), .writeOnly, options: .closeOnExec) else {
            return
        }
        _ = try? null.duplicate(as: FileDescriptor.standardError)
        try? null.close()
    }

    /// Sends standard error to the log file, if there is one: logs, and what the runtime says where it crashes.
    private func openLog() throws {
        guard let path = options.mounting.logFile else { return }
        do {
            let file = try FileDescriptor.open(
                FilePath(path),
                .writeOnly,
                options: [.append, .create, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead]
            )
            _ = try file.duplicate(as: .standardError)
            try file.close()
        } catch {
            throw ValidationError("--log-file \(path): \(error)")
        }
    }

    /// The service group's own messages tell of services; a user thinks of a mount.
    private static var quiet: Logger {
        Logger(label: "ringfuse.services") { _ in SwiftLogNoOpLogHandler() }
    }
}

/// The user ended a mount with a second signal.
struct Aborted: Error, CustomStringConvertible {
    /// Where it was mounted.
    let mountPoint: FilePath
    /// What the backend says of data that was not written.
    let leftover: String?

    /// One line.
    var description: String {
        "\(mountPoint): the connection was aborted by a second signal; \(leftover ?? "data not yet written is lost")"
    }
}

/// A mount has ended, and not all that was written to it is where it belongs.
struct Leftover: Error, CustomStringConvertible {
    /// Where it was mounted.
    let mountPoint: FilePath
    /// What the backend says of it.
    let text: String

    /// One line.
    var description: String { "\(mountPoint): \(text)" }
}
