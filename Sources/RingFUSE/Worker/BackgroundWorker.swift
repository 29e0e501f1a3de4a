import Ring
import Synchronization
public import SystemPackage

/// A worker of a program's own, beside or without a mount: a thread with a ring, on which tasks do their input and
/// output without occupying a thread each.
///
/// Where io_uring is missing, older than Linux 6.1 or forbidden, a few threads carry the operations out; nothing else
/// differs. End it with ``shutDown()``.
public final class BackgroundWorker: Sendable {
    /// How operations are carried out.
    public enum Engine: Sendable {
        /// On a ring where there is one, else on threads.
        case automatic
        /// On threads.
        case threads
    }

    private struct State {
        var thread: DedicatedThread?
        /// Calls of ``run(_:)`` that have not returned, and tasks that were started.
        var running = 0
        var isShuttingDown = false
        /// Who waits for the last of them.
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let mailbox: Mailbox
    private let executor: WorkerExecutor
    private let io: IOEngine
    private let state = Mutex(State())

    /// Whether it has a ring.
    public let usesRing: Bool

    /// Starts a worker.
    ///
    /// - Parameters:
    ///   - name: of its thread; at most 15 bytes are kept.
    ///   - engine: how operations are carried out.
    /// - Throws: `EMFILE`, `ENFILE`, `ENOMEM`; `EAGAIN` where there can be no more threads.
    public init(name: String = "ringfuse-work", engine: Engine = .automatic) throws(Errno) {
        let mailbox = try Mailbox()
        let started = Handover()
        let thread = try DedicatedThread(name: name) { _ in
            BackgroundLoop(mailbox: mailbox, engine: engine).run { started.give($0) }
        }
        let parts = started.take()
        self.mailbox = mailbox
        executor = parts.executor
        io = parts.io
        usesRing = parts.usesRing
        state.withLock { $0.thread = thread }
    }

    deinit {
        let thread = state.withLock { $0.thread }
        guard let thread else { return }
        // Nobody is in `run`, which would keep this object.
        mailbox.post(.stop)
        thread.detach()
    }

    /// Runs something on the worker, suspending the calling task; several tasks may do so at a time.
    ///
    /// It may start child tasks, which run on the worker, too; each must have ended before it returns. What computes for
    /// long keeps the others waiting. A cancelled task has its operations cancelled. Not to be called after
    /// ``shutDown()`` has been.
    ///
    /// - Parameter body: gets input and output on the worker.
    /// - Returns: what `body` does.
    public func run<Result: Sendable, Failure: Error>(
        _ body: @Sendable (borrowing AsyncIO) async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        enter()
        // Not before the task has left the executor.
        defer { leave() }
        let io = io
        return try await withTaskExecutorPreference(executor) { () async throws(Failure) -> Result in
            try await body(AsyncIO(io))
        }
    }

    /// Starts a task on the worker. It is waited for by ``shutDown()``, and not to be started after that, unless by a task
    /// that still runs there.
    ///
    /// - Parameter body: gets input and output on the worker.
    /// - Returns: the task, which may be cancelled.
    @discardableResult
    public func start(_ body: @escaping @Sendable (borrowing AsyncIO) async -> Void) -> Task<Void, Never> {
        enter()
        return Task(executorPreference: executor) {
            await body(AsyncIO(self.io))
            self.leave()
        }
    }

    /// Waits for the tasks that run on it, which it does not cancel, and ends its thread.
    public func shutDown() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isIdle = state.withLock { state in
                state.isShuttingDown = true
                if state.running > 0 { state.waiting.append(continuation) }
                return state.running == 0
            }
            if isIdle { continuation.resume() }
        }
        let thread = state.withLock { state in
            defer { state.thread = nil }
            return state.thread
        }
        guard let thread else { return }
        mailbox.post(.stop)
        thread.join()
    }

    private func enter() {
        state.withLock { state in
            // Where somebody is still waited for, whom he starts is, too.
            precondition(!state.isShuttingDown || state.running > 0, "the worker has been shut down")
            state.running += 1
        }
    }

    private func leave() {
        let waiting = state.withLock { state in
            state.running -= 1
            guard state.isShuttingDown && state.running == 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}

/// What a worker's thread tells who has started it.
private final class Handover: Sendable {
    private let parts = Monitor<BackgroundLoop.Parts?>(nil)

    func give(_ new: BackgroundLoop.Parts) { parts.change { $0 = new } }

    func take() -> BackgroundLoop.Parts { parts.wait { $0 } }
}
