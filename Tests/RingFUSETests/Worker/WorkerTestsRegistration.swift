import Glibc
import SystemPackage
import Testing

@testable import RingFUSE

/// The start of a worker on the ring: every entry is registered, or the connection is left to /dev/fuse.
@Suite struct WorkerTestsRegistration {
    @Test func registersEveryEntryOfEveryQueue() throws {
        let bench = try RingBench.started(queues: [0, 5], depth: 3)
        #expect(bench.kernel.entries.count == 6)
        #expect(bench.kernel.entries.values.filter { $0.queue == 5 }.count == 3)
        #expect(bench.kernel.prepared.isEmpty)
        bench.end()
    }

    /// The queue that opens the gate stays back until all workers have succeeded.
    @Test func theGateIsOpenedLast() throws {
        let bench = try RingBench(queues: [0, 5], depth: 3, gate: 0)
        try bench.worker.start()
        #expect(bench.kernel.entries.values.map(\.queue) == [5, 5, 5])
        try open(bench)
        #expect(bench.kernel.entries.count == 6)
        bench.serve(.attributes(2, of: ScriptedBackend.immediate))
        #expect(bench.error(of: 2) == 0)
        bench.end()
    }

    private func open(_ bench: RingBench) throws {
        try bench.worker.withChannel { (channel: inout RingChannel<FakeRing>) throws(Errno) in
            try channel.openGate()
            try channel.completeGate()
        }
    }

    /// One refused entry switches the ring off. The worker gives up what is not registered and waits for the end.
    @Test(arguments: 0..<6, [EINVAL, ENOMEM, EAGAIN])
    func refusalOfAnEntry(_ position: Int, _ errno: Int32) throws {
        let bench = try RingBench(queues: [0, 5], depth: 3)
        bench.kernel.refusals = [position: errno]
        let error = #expect(throws: Errno.self) { try bench.worker.start() }
        #expect(error == Errno(rawValue: errno))
        bench.worker.withChannel { $0.abandon() }
        bench.settle()
        #expect(bench.kernel.entries.count == position)
        // What was registered is the kernel's until the connection ends.
        #expect(bench.worker.isDone == (position == 0))
        bench.end()
    }

    /// The gate's own entries are refused, when those of other queues are registered.
    @Test(arguments: 3..<6)
    func refusalAtTheGate(_ position: Int) throws {
        let bench = try RingBench(queues: [0, 5], depth: 3, gate: 0)
        bench.kernel.refusals = [position: EINVAL]
        try bench.worker.start()
        #expect(throws: Errno.invalidArgument) { try self.open(bench) }
        bench.worker.withChannel { $0.abandon() }
        bench.settle()
        #expect(!bench.worker.isDone)
        bench.end()
    }

    /// Another worker failed before this one came to its gate.
    @Test func abandonedBeforeTheGate() throws {
        let bench = try RingBench(queues: [0, 5], depth: 3, gate: 0)
        try bench.worker.start()
        bench.worker.withChannel { $0.abandon() }
        bench.settle()
        #expect(!bench.worker.isDone)
        #expect(bench.kernel.entries.count == 3)
        bench.end()
    }

    /// The kernel has one worker's entries only when it is asked for the first time: nothing may be left prepared.
    @Test(arguments: [1, 2, 5])
    func shortSubmissions(_ limit: Int) throws {
        let bench = try RingBench(queues: [0], depth: 8)
        bench.kernel.submissionLimit = limit
        try bench.worker.start()
        #expect(bench.kernel.entries.count == 8)
        bench.end()
    }

    /// A refusal is found also where the system call took only some of the entries.
    @Test func refusalAfterAShortSubmission() throws {
        let bench = try RingBench(queues: [0], depth: 8)
        bench.kernel.submissionLimit = 3
        bench.kernel.refusals = [6: EINVAL]
        #expect(throws: Errno.invalidArgument) { try bench.worker.start() }
        bench.worker.withChannel { $0.abandon() }
        bench.end()
    }

    @Test(arguments: [EINTR, EAGAIN, EBUSY])
    func passingErrors(_ errno: Int32) throws {
        let bench = try RingBench(queues: [0], depth: 4)
        bench.kernel.enterErrors = [-errno, -errno, -errno]
        try bench.worker.start()
        #expect(bench.kernel.entries.count == 4)
        bench.end()
    }

    @Test func failureOfTheSystemCall() throws {
        let bench = try RingBench(queues: [0], depth: 4)
        bench.kernel.enterErrors = [-EBADF]
        #expect(throws: Errno.badFileDescriptor) { try bench.worker.start() }
        bench.worker.withChannel { $0.abandon() }
        bench.end()
    }

    /// An error that should pass and does not is an error.
    @Test func passingErrorsThatStay() throws {
        let bench = try RingBench(queues: [0], depth: 4)
        bench.kernel.permanentError = -EAGAIN
        #expect(throws: Errno.resourceTemporarilyUnavailable) { try bench.worker.start() }
        bench.kernel.permanentError = nil
        bench.worker.withChannel { $0.abandon() }
        bench.end()
    }

    /// The kernel may send requests before the last worker has heard that all is well.
    @Test func requestsDuringRegistration() throws {
        let bench = try RingBench(queues: [5, 0], depth: 2, gate: 0)
        try bench.worker.start()
        bench.kernel.send(.attributes(2, of: ScriptedBackend.immediate), queue: 5)
        bench.kernel.send(.attributes(4, of: ScriptedBackend.gated), queue: 0)
        try open(bench)
        #expect(bench.kernel.handedCount == 2)
        bench.settle()
        #expect(bench.error(of: 2) == 0)
        #expect(bench.backend.gates.waiting == [4])
        bench.end()
    }

    /// So may other threads leave mail; the mailbox must be heard afterwards, too.
    @Test func mailDuringRegistration() throws {
        let bench = try RingBench(queues: [5, 0], depth: 2, gate: 0)
        try bench.worker.start()
        bench.kernel.send(.attributes(2, of: ScriptedBackend.cancellable), queue: 5)
        bench.mailbox.post(.interrupt(unique: 2))
        try open(bench)
        bench.settle()
        #expect(bench.error(of: 2) == -EINTR)
        bench.serve(.attributes(4, of: ScriptedBackend.cancellable))
        bench.mailbox.post(.interrupt(unique: 4))
        bench.settle()
        #expect(bench.error(of: 4) == -EINTR)
        bench.end()
    }
}
