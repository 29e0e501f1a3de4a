internal import CBench
internal import Glibc
internal import Subprocess
internal import SystemPackage

/// A contender's process, from its start to the end of its mount.
struct Server: Sendable {
    /// Its words, ready to be run.
    let words: [String]
    /// A line it writes once it serves; empty where none is known.
    let ready: String
    /// Where it is to mount.
    let mountPoint: String
    /// The file that gets what it says.
    let log: String

    /// How long it may take to serve.
    let startLimit: Duration

    /// How long it may take to end.
    private static let endLimit = Duration.seconds(5)

    /// Starts it, runs the body on its mount, and ends it, whatever happens.
    ///
    /// - Throws: ``BenchFailure`` where it does not serve; what the body throws; `CancellationError`.
    func serve<Result: Sendable>(
        _ body: @escaping @Sendable (Target) async throws -> Result
    ) async throws -> Result {
        let work = CancellableWork()
        // The server lives in a task of its own, which is never cancelled: what uses the mount is, and the server ends
        // after that as it always does.
        return try await withTaskCancellationHandler {
            try await Task.detached { try await start(work, body) }.value
        } onCancel: {
            work.cancel()
        }
    }

    private func start<Result: Sendable>(
        _ work: CancellableWork,
        _ body: @escaping @Sendable (Target) async throws -> Result
    ) async throws -> Result {
        let file = try FileDescriptor.open(
            FilePath(log), .writeOnly, options: [.create, .truncate, .append, .closeOnExec],
            permissions: [.ownerReadWrite])
        var options = PlatformOptions()
        // A session of its own: Ctrl-C is for the benchmark.
        options.createSession = true
        defer { Mounts.remove(mountPoint) }
        HostMemory.take()
        return try await Self.naming(words[0]) {
            let execution = try await Subprocess.run(
                Executable(words[0]), arguments: Arguments(Array(words.dropFirst())), platformOptions: options,
                input: .none, output: .fileDescriptor(file, closeAfterSpawningProcess: true),
                error: .combinedWithOutput
            ) { execution in
                Child.adopt(execution.processIdentifier.value)
                return await result(of: body, by: work, process: execution.processIdentifier.value)
            }
            return try execution.closureResult.get()
        }
    }

    /// What the body gave, on a server that has ended since.
    private func result<Result: Sendable>(
        of body: @escaping @Sendable (Target) async throws -> Result,
        by work: CancellableWork,
        process: pid_t
    ) async -> Swift.Result<Result, any Error> {
        let result = await work.run {
            let isDaemon = try await waitUntilItServes(process)
            return try await body(
                Target(directory: mountPoint, server: isDaemon ? nil : process, mountPoint: mountPoint))
        }
        let said = BenchFailure.line(ProcFile.read(log) ?? "")
        await end(process)
        guard case .failure(let failure as BenchFailure) = result else { return result }
        return .failure(BenchFailure("\(failure) (server: \(said))", isFinal: failure.isFinal))
    }

    /// Names the program in an error of starting it.
    private static func naming<Result>(
        _ program: String,
        _ body: () async throws -> Result
    ) async throws -> Result {
        do {
            return try await body()
        } catch let error as SubprocessError {
            throw BenchFailure("\(program) cannot be started: \(error)", isFinal: true)
        }
    }

    // MARK: Start

    /// Waits for the mount, and for the line that says that it answers.
    ///
    /// - Returns: whether the process that was started has ended and left one in the background.
    private func waitUntilItServes(_ process: pid_t) async throws -> Bool {
        let deadline = ContinuousClock.now + startLimit
        while true {
            let ending = Self.ending(of: process)
            if let ending, ending != 0 {
                throw BenchFailure("it ended before it served, with status \(ending)", isFinal: true)
            }
            let isReady = ready.isEmpty || ending == 0 || (ProcFile.read(log) ?? "").contains(ready)
            if isReady, MountTable.isMounted(mountPoint) { return ending == 0 }
            guard ContinuousClock.now < deadline else {
                throw BenchFailure("nothing was mounted within \(startLimit)", isFinal: true)
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// How a process has ended, as a shell would tell it; nil while it runs. Leaves it to be waited for.
    private static func ending(of process: pid_t) -> Int32? {
        let status = rbench_ending(process)
        return status < 0 ? nil : status
    }

    // MARK: End

    /// Has it unmount and end; by force where it does not.
    private func end(_ process: pid_t) async {
        kill(process, SIGTERM)
        if await hasEnded(process) { return }
        // Whatever waits for it, itself among them, waits no longer then, and can be killed.
        Mounts.remove(mountPoint)
        kill(-process, SIGKILL)
        _ = await hasEnded(process)
    }

    private func hasEnded(_ process: pid_t) async -> Bool {
        let deadline = ContinuousClock.now + Self.endLimit
        while ContinuousClock.now < deadline {
            if Self.ending(of: process) != nil { return true }
            try? await Task.sleep(for: .milliseconds(5))
        }
        return false
    }
}
