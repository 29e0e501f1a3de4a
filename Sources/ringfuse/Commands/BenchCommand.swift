import ArgumentParser
import Bench
import Dispatch
import Glibc

/// `ringfuse bench`.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure RingFUSE against other FUSE servers, on this machine.",
        discussion: """
            Contenders take turns: each is mounted, asked to do one thing, and unmounted, and another begins in each \
            round. fio reads and writes; names and small files are for a driver of this tool. What a server spends is \
            the CPU time, context switches and system calls of its process; what the kernel does on behalf of callers \
            is theirs, and not counted. System calls are counted in short runs of their own, since counting slows \
            them. Files are dropped from the page cache before each pass over them. Ctrl-C ends early, unmounts \
            everything, prints what was measured, and ends with exit code 130; 1 says that a contender broke down.
            """
    )

    /// What is measured, and how.
    @OptionGroup var options: BenchOptions

    /// Where results go.
    @OptionGroup(title: "Output options") var outputs: BenchOutputs

    /// Whether to tell what there is.
    @Flag(help: "Tell which contenders and workloads there are, and what is missing.")
    var list = false

    /// Measures and tells.
    func run() async throws {
        if list { return print(BenchList(options.settings, on: Machine.current())) }
        try await Self.measure(options.settings, outputs)
    }

    /// Measures and tells.
    ///
    /// - Throws: `ExitCode` where it was interrupted or a contender broke down; `Refusal`, `ValidationError`.
    static func measure(_ settings: Settings, _ outputs: BenchOutputs) async throws {
        let machine = Machine.current()
        try outputs.check()
        let plan = try Plan(settings, on: machine)
        let task = Task {
            var runner = Runner(settings, on: machine, plan: plan)
            let ending = try await runner.run()
            return (ending, runner.report)
        }
        let signals = cancel(task)
        let (ending, report) = try await task.value
        withExtendedLifetime(signals) {}
        try outputs.write(report)
        switch ending {
        case .complete: break
        case .failed: throw ExitCode(1)
        case .interrupted: throw ExitCode(130)
        }
    }

    /// Has SIGINT and SIGTERM end the measuring.
    ///
    /// - Returns: what listens, which must live as long as signals are to be seen.
    private static func cancel<Success>(_ task: Task<Success, any Error>) -> [any DispatchSourceSignal] {
        let queue = DispatchQueue(label: "ringfuse.signals")
        return [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { task.cancel() }
            source.activate()
            return source
        }
    }
}
