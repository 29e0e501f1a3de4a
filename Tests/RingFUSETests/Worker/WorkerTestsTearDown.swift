import Glibc
import SystemPackage
import Testing

@testable import RingFUSE

/// The end of a connection, wherever it comes: what is served is cancelled, then answered, then the worker ends.
@Suite struct WorkerTestsTearDown {
    /// A scenario in steps. Each leaves the worker somewhere else.
    private static let steps: [@Sendable (RingBench) -> Void] = [
        { $0.kernel.send(.attributes(2, of: ScriptedBackend.immediate)) },
        { $0.worker.turn(mayWait: false) },
        { $0.worker.turn(mayWait: false) },
        { $0.kernel.send(.attributes(4, of: ScriptedBackend.gated)) },
        { $0.worker.turn(mayWait: false) },
        { $0.kernel.send(.attributes(6, of: ScriptedBackend.cancellable)) },
        { $0.kernel.send(.read(8, of: ScriptedBackend.cancellable, size: 4096)) },
        { $0.worker.turn(mayWait: false) },
        { $0.mailbox.post(.interrupt(unique: 6)) },
        { $0.worker.turn(mayWait: false) },
        { $0.worker.turn(mayWait: false) },
        { $0.kernel.send(.attributes(10, of: ScriptedBackend.operating)) },
        { $0.worker.turn(mayWait: false) },
        { $0.worker.turn(mayWait: false) },
        { bench in bench.kernel.operations.first.map { bench.kernel.complete($0, 0) } },
        { $0.worker.turn(mayWait: false) },
        { $0.kernel.send(.attributes(12, of: ScriptedBackend.operating)) },
        { $0.kernel.send(.attributes(14, of: ScriptedBackend.yielding)) },
        { $0.kernel.send(.attributes(16, of: ScriptedBackend.gated)) },
        { $0.kernel.send(.attributes(18, of: ScriptedBackend.gated)) },
        { $0.kernel.send(.attributes(20, of: ScriptedBackend.fails + 2)) },
        { $0.worker.turn(mayWait: false) },
        { $0.worker.turn(mayWait: false) },
        { $0.backend.gates.open(4) },
        { $0.worker.turn(mayWait: false) },
        { $0.kernel.enterErrors = [-EINTR] },
        { $0.worker.turn(mayWait: false) },
        { $0.backend.gates.open(16) },
        { $0.worker.turn(mayWait: false) },
        { $0.settle() },
    ]

    /// Cuts the connection after each step.
    @Test(arguments: 0...steps.count, [ENOTCONN, ECANCELED, ECONNABORTED])
    func cutAfter(_ step: Int, _ errno: Int32) throws {
        let bench = try RingBench.started()
        for body in Self.steps[..<step] { body(bench) }
        // An entry that waits tells of the end at once; with all of them busy the session has to.
        let isNoticed = bench.kernel.handedCount < 4
        bench.kernel.disconnect(errno)
        bench.settle()
        if !isNoticed { bench.mailbox.post(.stop) }
        bench.settle()
        // Whoever honours cancellation has ended; whoever does not is waited for.
        let deaf: Set<UInt64> = [4, 16, 18]
        #expect(bench.backend.gates.waiting.allSatisfy { deaf.contains($0) })
        #expect(bench.kernel.operations.isEmpty)
        #expect(bench.servingCount == bench.backend.gates.waiting.count)
        #expect(bench.worker.isDone == bench.backend.gates.waiting.isEmpty)
        bench.end(errno)
        #expect(bench.events.all == [], "an expected end is no event")
    }

    /// A foreign thread answers when the connection is gone already.
    @Test func answeredAfterTheEndByAForeignThread() throws {
        let bench = try RingBench.started()
        bench.serve(.attributes(2, of: ScriptedBackend.gated))
        bench.kernel.disconnect()
        bench.settle()
        #expect(!bench.worker.isDone)
        let gates = bench.backend.gates
        try onForeignThread { gates.open(2) }
        bench.settle()
        #expect(bench.worker.isDone)
        #expect(bench.backend.record.endedCancelled == [2])
        bench.end()
    }

    /// The thread sleeps in the ring until the foreign one wakes it; the loop is that of a real worker.
    @Test func theLoopSleepsUntilTheLastAnswer() throws {
        let bench = try RingBench.started()
        bench.serve(.attributes(2, of: ScriptedBackend.gated))
        bench.kernel.disconnect()
        let gates = bench.backend.gates
        let thread = try DedicatedThread(name: "foreign") { _ in
            usleep(20_000)
            gates.open(2)
        }
        bench.worker.run()
        thread.join()
        #expect(bench.taskCount == 0)
        #expect(bench.kernel.violations == [])
    }

    /// With all entries busy none can tell that the connection ended; the session does.
    @Test func stopCancelsWhatIsServed() throws {
        let bench = try RingBench.started(depth: 2)
        bench.serve(
            .attributes(2, of: ScriptedBackend.cancellable),
            .attributes(4, of: ScriptedBackend.cancellable)
        )
        bench.kernel.disconnect()
        bench.settle()
        #expect(bench.servingCount == 2)
        bench.mailbox.post(.stop)
        bench.settle()
        #expect(bench.worker.isDone)
        bench.end()
    }

    /// What arrives after the first sign of the end is cancelled like what was there before.
    @Test func requestsThatArriveLateAreCancelled() throws {
        let bench = try RingBench.started(depth: 2)
        bench.kernel.breakEntry(ENOTCONN)
        bench.settle()
        bench.serve(.attributes(2, of: ScriptedBackend.cancellable))
        #expect(bench.error(of: 2) == -EINTR)
        bench.end()
    }

    /// One entry is given up with an error that no end explains: it is told, and the others serve on.
    @Test(arguments: [EINVAL, EIO, EOPNOTSUPP])
    func lateFailureOfAnEntry(_ errno: Int32) throws {
        let bench = try RingBench.started(queues: [3], depth: 2)
        bench.kernel.breakEntry(errno)
        bench.settle()
        #expect(bench.events.all == ["entryLost(worker: 7, queue: 3, errno: \(errno))"])
        bench.kernel.send(.attributes(2, of: ScriptedBackend.immediate), queue: 3)
        bench.settle()
        #expect(bench.error(of: 2) == 0)
        bench.kernel.send(.attributes(4, of: ScriptedBackend.cancellable), queue: 3)
        bench.settle()
        #expect(bench.backend.gates.waiting == [4])
        bench.end()
    }

    /// The ring itself breaks: told once, and the worker ends when the last request is answered.
    @Test(arguments: [EBADF, EFAULT, ENXIO])
    func theRingBreaks(_ errno: Int32) throws {
        let bench = try RingBench.started()
        bench.serve(.attributes(2, of: ScriptedBackend.gated), .attributes(4, of: ScriptedBackend.cancellable))
        bench.kernel.permanentError = -errno
        for _ in 0..<10 { bench.worker.turn(mayWait: false) }
        #expect(bench.events.all == ["transportFailed(worker: 7, errno: \(errno))"])
        #expect(bench.backend.gates.waiting == [2])
        #expect(!bench.worker.isDone)
        bench.backend.gates.open(2)
        for _ in 0..<10 { bench.worker.turn(mayWait: false) }
        #expect(bench.worker.isDone)
        bench.worker.run()
        #expect(bench.taskCount == 0)
        #expect(bench.events.all.count == 1)
    }

    /// An operation that was completed before the ring broke is still found.
    @Test func aBrokenRingsCompletionsAreReaped() throws {
        let bench = try RingBench.started()
        bench.serve(.attributes(2, of: ScriptedBackend.operating))
        let operation = try #require(bench.kernel.operations.first)
        bench.kernel.complete(operation, 0)
        bench.kernel.permanentError = -EBADF
        for _ in 0..<10 { bench.worker.turn(mayWait: false) }
        #expect(bench.servingCount == 0 && !bench.io.isActive)
        #expect(bench.worker.isDone)
        bench.worker.run()
    }

    /// One that never comes back does not keep the worker from ending; what it uses is never freed.
    @Test func operationsOfABrokenRingAreGivenUp() throws {
        weak var worker: Worker<RingChannel<FakeRing>>?
        do {
            let bench = try RingBench.started()
            worker = bench.worker
            bench.serve(.attributes(2, of: ScriptedBackend.operating))
            #expect(bench.io.isActive)
            bench.kernel.permanentError = -EBADF
            bench.worker.run()
            #expect(
                bench.events.all == [
                    "transportFailed(worker: 7, errno: \(EBADF))", "tasksAbandoned(worker: 7, count: 1)",
                ])
            #expect(bench.kernel.replies.isEmpty)
        }
        #expect(worker != nil)
    }

    /// A worker that is never run leaves nothing behind.
    @Test func aWorkerThatNeverRuns() throws {
        weak var worker: Worker<RingChannel<FakeRing>>?
        do {
            let bench = try RingBench.started()
            worker = bench.worker
            bench.serve(.attributes(2, of: ScriptedBackend.immediate))
        }
        #expect(worker == nil)
    }

    /// Neither does one that served and ended.
    @Test func aWorkerThatEnded() throws {
        weak var worker: Worker<RingChannel<FakeRing>>?
        weak var backend: ScriptedBackend?
        do {
            let bench = try RingBench.started()
            worker = bench.worker
            backend = bench.backend
            bench.serve(.attributes(2, of: ScriptedBackend.gated), .attributes(4, of: ScriptedBackend.cancellable))
            bench.mailbox.post(.interrupt(unique: 4))
            bench.settle()
            bench.end()
        }
        #expect(worker == nil)
        #expect(backend == nil)
    }
}
