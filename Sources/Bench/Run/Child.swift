internal import CRingFUSE
internal import Subprocess
internal import Synchronization
internal import SystemPackage

/// A program that runs to its end.
enum Child {
    /// What a program printed.
    struct Output: Sendable {
        /// On standard output.
        var text: String
        /// On standard error.
        var errors: String
    }

    /// The most bytes of an output.
    private static let outputLimit = 16 << 20
    /// How long a program may take to end when the benchmark is interrupted, before what it waits for is taken away.
    private static let grace = Duration.seconds(2)

    /// Runs a program.
    ///
    /// - Parameters:
    ///   - limit: how long it may take.
    ///   - release: takes away what the program may hang at. A process that waits for a FUSE server in the kernel cannot
    ///     be killed, before the connection of that server is aborted.
    ///   - observe: gets the number of the process, and is over before the result is.
    /// - Throws: ``BenchFailure`` for one that cannot be started, does not end in time or does not succeed;
    ///   `CancellationError`.
    static func run(
        _ words: [String],
        limit: Duration,
        release: @escaping @Sendable () -> Void = {},
        observe: @escaping @Sendable (pid_t) async -> Void = { _ in }
    ) async throws -> Output {
        let lastResort = LastResort(release)
        defer { lastResort.cancel() }
        return try await withTaskCancellationHandler {
            try await within(limit, of: words[0], release: release) { try await start(words, observe: observe) }
        } onCancel: {
            lastResort.use(after: grace)
        }
    }

    /// Ends a body that takes too long.
    private static func within<Result: Sendable>(
        _ limit: Duration,
        of name: String,
        release: @escaping @Sendable () -> Void,
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let tooLong = BenchFailure("\(name) did not end within \(limit)", isFinal: true)
        let release = Release(release)
        return try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask {
                do {
                    return try await body()
                } catch {
                    // What is taken away makes a hanging program fail, often before the other task has said why.
                    throw release.isDone ? tooLong : error
                }
            }
            group.addTask {
                try await Task.sleep(for: limit)
                release.carryOut()
                throw tooLong
            }
            defer { group.cancelAll() }
            guard let result = try await group.next() else { throw CancellationError() }
            return result
        }
    }

    /// Takes away what a program hangs at, and remembers that it has.
    private final class Release: Sendable {
        private let body: @Sendable () -> Void
        private let mark = Atomic(false)

        init(_ body: @escaping @Sendable () -> Void) {
            self.body = body
        }

        /// Whether it is done, or begun.
        var isDone: Bool { mark.load(ordering: .acquiring) }

        func carryOut() {
            mark.store(true, ordering: .releasing)
            body()
        }
    }

    /// Makes a program that leads a session as nice as this one: `nice ringfuse bench` is meant for all that it starts.
    /// It has the value of the thread that started it otherwise, and libdispatch sets its own.
    static func adopt(_ process: pid_t) {
        // Fails for what has ended already, and for who may not become less nice than libdispatch's threads are.
        _ = rfuse_give_main_nice(process)
    }

    private static func start(
        _ words: [String],
        observe: @escaping @Sendable (pid_t) async -> Void
    ) async throws -> Output {
        var options = PlatformOptions()
        // A session of its own: Ctrl-C is for the benchmark, which then ends what it has started.
        options.createSession = true
        options.teardownSequence = [.gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .seconds(1))]
        let outcome = try await Subprocess.run(
            Executable(words[0]), arguments: Arguments(Array(words.dropFirst())), platformOptions: options,
            input: .none, output: .string(limit: outputLimit), error: .string(limit: outputLimit)
        ) { execution in
            adopt(execution.processIdentifier.value)
            await observe(execution.processIdentifier.value)
        }
        let (text, errors) = (outcome.standardOutput, outcome.standardError)
        try Task.checkCancellation()
        guard outcome.terminationStatus.isSuccess else {
            let said = BenchFailure.line(errors.isEmpty ? text : errors)
            throw BenchFailure("\(words[0]) ended with \(outcome.terminationStatus): \(said)")
        }
        return Output(text: text, errors: errors)
    }
}

extension Executable {
    /// A path, or a name that PATH knows.
    init(_ word: String) {
        self = word.contains("/") ? .path(FilePath(word)) : .name(word)
    }
}
