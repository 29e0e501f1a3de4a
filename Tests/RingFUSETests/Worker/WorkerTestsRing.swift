import Glibc
import SystemPackage
import Testing

@testable import RingFUSE

/// A worker on the ring: requests in, replies out.
@Suite struct WorkerTestsRing {
    @Test func answersAtOnceWithoutATask() throws {
        let bench = try RingBench.started()
        bench.serve(.attributes(2, of: ScriptedBackend.immediate))
        #expect(bench.kernel.replies.map(\.size) == [2])
        #expect(bench.taskCount == 0)
        bench.end()
    }

    /// One system call a turn hands over the replies and fetches requests.
    @Test func commitsTravelWithTheNextTurn() throws {
        let bench = try RingBench.started()
        for unique in 1...4 as ClosedRange<UInt64> {
            bench.kernel.send(.attributes(unique * 2, of: ScriptedBackend.immediate))
        }
        let before = bench.kernel.enterCount
        bench.worker.turn(mayWait: false)
        #expect(bench.kernel.replies.isEmpty)
        bench.worker.turn(mayWait: false)
        #expect(bench.kernel.replies.count == 4)
        #expect(bench.kernel.enterCount == before + 2)
        bench.end()
    }

    @Test(arguments: [[2, 4, 6], [2, 6, 4], [4, 2, 6], [4, 6, 2], [6, 2, 4], [6, 4, 2]] as [[UInt64]])
    func deferredRequestsAreAnsweredInAnyOrder(_ order: [UInt64]) throws {
        let bench = try RingBench.started()
        for unique in [2, 4, 6] as [UInt64] { bench.serve(.attributes(unique, of: ScriptedBackend.gated)) }
        #expect(bench.backend.gates.waiting == [2, 4, 6])
        for unique in order {
            bench.backend.gates.open(unique)
            bench.settle()
        }
        #expect(bench.kernel.replies.map(\.unique) == order)
        #expect(bench.kernel.replies.map(\.size) == order)
        bench.end()
    }

    /// A job from another thread comes through the mailbox, and one wake-up serves many of them.
    @Test func foreignThreadsResume() throws {
        let bench = try RingBench.started()
        bench.serve(
            .attributes(2, of: ScriptedBackend.gated),
            .attributes(4, of: ScriptedBackend.gated),
            .attributes(6, of: ScriptedBackend.immediate)
        )
        #expect(bench.kernel.replies.map(\.unique) == [6])
        let gates = bench.backend.gates
        try onForeignThread {
            gates.open(4)
            gates.open(2)
        }
        bench.settle()
        #expect(bench.kernel.replies.map(\.unique) == [6, 4, 2])
        bench.end()
    }

    /// An entry keeps its task; a request of it costs no new one.
    @Test func tasksAreReused() throws {
        let bench = try RingBench.started(depth: 2)
        for unique in stride(from: 2, to: 200, by: 4) as StrideTo<UInt64> {
            bench.serve(
                .attributes(unique, of: ScriptedBackend.yielding),
                .attributes(unique + 2, of: ScriptedBackend.yielding)
            )
        }
        #expect(bench.kernel.replies.count == 100)
        #expect(bench.taskCount == 2)
        bench.end()
    }

    @Test(arguments: [1, 2, 38, 511] as [Int32])
    func errorsOfBackendsTravel(_ errno: Int32) throws {
        let bench = try RingBench.started()
        bench.serve(
            .attributes(2, of: ScriptedBackend.failsAtOnce + UInt64(errno)),
            .attributes(4, of: ScriptedBackend.fails + UInt64(errno))
        )
        #expect(
            bench.kernel.replies.sorted { $0.unique < $1.unique } == [
                KernelReply(unique: 2, error: -errno), KernelReply(unique: 4, error: -errno),
            ]
        )
        bench.end()
    }

    /// The kernel refuses these, and their callers would wait for ever.
    @Test(arguments: [512, 600, 4095] as [Int32])
    func errorsThatTheKernelRefusesBecomeEIO(_ errno: Int32) throws {
        let bench = try RingBench.started()
        bench.serve(
            .attributes(2, of: ScriptedBackend.failsAtOnce + UInt64(errno)),
            .attributes(4, of: ScriptedBackend.fails + UInt64(errno))
        )
        #expect(bench.error(of: 2) == -EIO)
        #expect(bench.error(of: 4) == -EIO)
        bench.end()
    }

    /// Data of concurrent requests stays in entries of their own, up to the last byte of a payload.
    @Test func dataOfRequestsDoesNotMix() throws {
        let bench = try RingBench.started(depth: 4)
        let first = (0..<8192).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let second = (0..<8192).map { UInt8(truncatingIfNeeded: $0 &* 13 &+ 1) }
        bench.serve(
            .write(2, to: ScriptedBackend.gated, first),
            .read(4, of: ScriptedBackend.gated, size: 8192),
            .write(6, to: ScriptedBackend.gated, second),
            .read(8, of: ScriptedBackend.gated, size: 100)
        )
        for unique in [8, 6, 4, 2] as [UInt64] { bench.backend.gates.open(unique) }
        bench.settle()
        #expect(bench.backend.record.written == [2: first, 6: second])
        let read = Dictionary(uniqueKeysWithValues: bench.kernel.replies.map { ($0.unique, $0.payload) })
        #expect(read[4] == [UInt8](repeating: 4, count: 8192))
        #expect(read[8] == [UInt8](repeating: 8, count: 100))
        #expect(read[2] == [0, 32, 0, 0, 0, 0, 0, 0])
        bench.end()
    }

    @Test func moreRequestsThanEntriesWait() throws {
        let bench = try RingBench.started(depth: 3)
        for unique in 1...20 as ClosedRange<UInt64> {
            bench.kernel.send(.attributes(unique * 2, of: ScriptedBackend.gated))
        }
        bench.settle()
        #expect(bench.backend.gates.waiting.count == 3)
        #expect(bench.kernel.waitingCount == 17)
        while bench.backend.gates.openAny() { bench.settle() }
        #expect(bench.kernel.replies.count == 20)
        bench.end()
    }

    /// One worker serves several queues, each with entries of its own.
    @Test func queuesShareAWorker() throws {
        let bench = try RingBench.started(queues: [3, 9, 4], depth: 2)
        for queue in [9, 3, 4] as [UInt16] {
            for copy in 0..<3 as Range<UInt64> {
                bench.kernel.send(
                    .attributes(UInt64(queue) * 100 + copy * 2, of: ScriptedBackend.gated),
                    queue: queue
                )
            }
        }
        bench.settle()
        #expect(bench.backend.gates.waiting == [300, 302, 400, 402, 900, 902])
        while bench.backend.gates.openAny() { bench.settle() }
        #expect(bench.kernel.replies.count == 9)
        bench.end()
    }

    /// What a turn does not reap is there at the next.
    @Test(arguments: [63, 64, 65, 200])
    func completionsBeyondABatch(_ count: Int) throws {
        let bench = try RingBench.started(depth: count)
        for index in 1...count {
            let node = index.isMultiple(of: 3) ? ScriptedBackend.yielding : ScriptedBackend.immediate
            bench.kernel.send(.attributes(UInt64(index) * 2, of: node))
        }
        bench.settle()
        #expect(bench.kernel.replies.count == count)
        #expect(bench.kernel.replies.allSatisfy { $0.size == $0.unique })
        bench.end()
    }

    /// A worker to which no queue fell ends at once.
    @Test func aWorkerWithoutQueuesEnds() throws {
        let bench = try RingBench.started(queues: [])
        #expect(bench.worker.isDone)
        bench.worker.run()
        #expect(bench.kernel.violations == [])
    }

    /// A signal, memory pressure or a full completion queue: the same is done again at the next turn.
    @Test(arguments: [EINTR, EAGAIN, EBUSY])
    func passingErrorsOfTheSystemCall(_ errno: Int32) throws {
        let bench = try RingBench.started()
        for unique in 1...30 as ClosedRange<UInt64> {
            bench.kernel.enterErrors = [-errno, -errno]
            bench.kernel.send(.attributes(unique * 2, of: ScriptedBackend.yielding))
            for _ in 0..<3 { bench.worker.turn(mayWait: false) }
            bench.settle()
        }
        #expect(bench.kernel.replies.count == 30)
        #expect(bench.events.all == [])
        bench.end()
    }

    /// A system call that takes only some of what is prepared.
    @Test func shortSubmissions() throws {
        let bench = try RingBench.started(depth: 8)
        bench.kernel.submissionLimit = 1
        for unique in 1...20 as ClosedRange<UInt64> {
            bench.kernel.send(.attributes(unique * 2, of: ScriptedBackend.immediate))
        }
        bench.settle()
        #expect(bench.kernel.replies.count == 20)
        bench.end()
    }

    @Test func pollingFindsRequests() throws {
        let bench = try RingBench.started(poll: .milliseconds(2))
        bench.kernel.send(.attributes(2, of: ScriptedBackend.immediate))
        bench.worker.turn()
        bench.worker.turn(mayWait: false)
        #expect(bench.kernel.replies.map(\.unique) == [2])
        bench.end()
    }

    /// An opcode of a newer kernel: ENOSYS, and one line in the log however often it comes.
    @Test func unknownOpcodes() throws {
        let bench = try RingBench.started()
        for unique in [2, 4, 6] as [UInt64] { bench.serve(KernelRequest(opcode: 54, unique: unique)) }
        bench.serve(KernelRequest(opcode: 55, unique: 8))
        #expect(bench.kernel.replies.map(\.error) == [-ENOSYS, -ENOSYS, -ENOSYS, -ENOSYS])
        #expect(bench.events.all == ["unknownOpcode(54)", "unknownOpcode(55)"])
        bench.end()
    }

    /// They never come on the ring; if one did, its entry would go back all the same.
    @Test func forgetOnTheRing() throws {
        let bench = try RingBench.started(depth: 1)
        bench.serve(.forget(2, 9, lookups: 3))
        bench.serve(.attributes(4, of: ScriptedBackend.immediate))
        #expect(bench.backend.record.forgotten == [9: 3])
        #expect(bench.error(of: 4) == 0)
        bench.end()
    }
}
