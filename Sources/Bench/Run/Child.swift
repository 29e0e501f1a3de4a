internal import Subprocess
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
        try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: limit)
                release()
                throw BenchFailure("\(name) did not end within \(limit)", isFinal: true)
            }
            defer { group.cancelAll() }
            guard let result = try await group.next() else { throw CancellationError() }
            return result
        }
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
