import Glibc
import SystemPackage
import Testing

@testable import RingFUSE

/// INTERRUPT: it cancels the task of a request that is being served, and nothing else.
@Suite struct WorkerTestsInterrupt {
    @Test func cancelsTheRequestThatIsServed() throws {
        let bench = try RingBench.started()
        bench.serve(
            .attributes(2, of: ScriptedBackend.cancellable),
            .attributes(4, of: ScriptedBackend.cancellable)
        )
        bench.mailbox.post(.interrupt(unique: 4))
        bench.settle()
        #expect(bench.kernel.replies == [KernelReply(unique: 4, error: -EINTR)])
        #expect(bench.backend.gates.waiting == [2])
        bench.end()
    }

    /// A cancelled task stays cancelled, so the entry's next request must get another.
    @Test func theNextRequestOfTheEntryIsNotCancelled() throws {
        let bench = try RingBench.started(depth: 1)
        for unique in stride(from: 2, to: 20, by: 4) as StrideTo<UInt64> {
            bench.serve(.attributes(unique, of: ScriptedBackend.cancellable))
            bench.mailbox.post(.interrupt(unique: unique))
            bench.serve(.attributes(unique + 2, of: ScriptedBackend.cancellable))
            #expect(bench.error(of: unique) == -EINTR)
            #expect(bench.backend.gates.waiting == [unique + 2])
            bench.backend.gates.open(unique + 2)
            bench.settle()
            #expect(bench.error(of: unique + 2) == 0)
            #expect(bench.taskCount == 1)
        }
        #expect(bench.backend.record.startedCancelled == [])
        bench.end()
    }

    /// A backend that does not honour cancellation answers when it likes.
    @Test func aRequestThatIgnoresItIsAnswered() throws {
        let bench = try RingBench.started(depth: 1)
        bench.serve(.attributes(2, of: ScriptedBackend.gated))
        bench.mailbox.post(.interrupt(unique: 2))
        bench.settle()
        #expect(bench.kernel.replies.isEmpty)
        bench.backend.gates.open(2)
        bench.serve(.attributes(4, of: ScriptedBackend.yielding))
        #expect(bench.kernel.replies.map(\.error) == [0, 0])
        #expect(bench.backend.record.endedCancelled == [2])
        #expect(bench.backend.record.startedCancelled == [])
        bench.end()
    }

    /// Request and INTERRUPT are found in one turn: the request is known before the mail is read.
    @Test func arrivesTogetherWithTheRequest() throws {
        let bench = try RingBench.started()
        bench.kernel.send(.attributes(2, of: ScriptedBackend.cancellable))
        bench.mailbox.post(.interrupt(unique: 2))
        bench.settle()
        #expect(bench.kernel.replies == [KernelReply(unique: 2, error: -EINTR)])
        bench.end()
    }

    /// So it is where the request's completion is one batch behind.
    @Test func arrivesBehindABatchOfRequests() throws {
        let bench = try RingBench.started(depth: 70)
        for index in 1...70 as ClosedRange<UInt64> {
            bench.kernel.send(.attributes(index * 2, of: ScriptedBackend.cancellable))
        }
        _ = bench.kernel.enter()
        bench.mailbox.post(.interrupt(unique: 140))
        bench.settle()
        #expect(bench.kernel.replies == [KernelReply(unique: 140, error: -EINTR)])
        bench.end()
    }

    /// It is found in the box before its request is reaped, because an earlier message had the box looked into.
    @Test func arrivesBeforeItsRequestIsReaped() throws {
        let bench = try RingBench.started(depth: 70)
        bench.settle()
        bench.mailbox.post(.interrupt(unique: 9999))
        _ = bench.kernel.enter()
        for index in 1...70 as ClosedRange<UInt64> {
            bench.kernel.send(.attributes(index * 2, of: ScriptedBackend.cancellable))
        }
        _ = bench.kernel.enter()
        bench.mailbox.post(.interrupt(unique: 140))
        bench.worker.turn(mayWait: false)
        #expect(bench.servingCount == 63, "a wake-up and 63 requests in the first batch")
        bench.settle()
        #expect(bench.kernel.replies == [KernelReply(unique: 140, error: -EINTR)])
        #expect(bench.earlyInterruptCount == 0)
        bench.end()
    }

    @Test func afterTheAnswerItChangesNothing() throws {
        let bench = try RingBench.started(depth: 1)
        bench.serve(.attributes(2, of: ScriptedBackend.yielding))
        bench.mailbox.post(.interrupt(unique: 2))
        bench.settle()
        bench.serve(.attributes(4, of: ScriptedBackend.cancellable))
        bench.mailbox.post(.interrupt(unique: 2))
        bench.mailbox.post(.interrupt(unique: 6))
        bench.settle()
        #expect(bench.backend.gates.waiting == [4])
        bench.backend.gates.open(4)
        bench.settle()
        #expect(bench.kernel.replies.map(\.error) == [0, 0])
        #expect(bench.backend.record.endedCancelled == [])
        bench.end()
    }

    /// No request has the number 0, but entries that serve none do.
    @Test func ofNumberZeroItChangesNothing() throws {
        let bench = try RingBench.started(depth: 1)
        bench.serve(.attributes(2, of: ScriptedBackend.yielding))
        bench.mailbox.post(.interrupt(unique: 0))
        bench.settle()
        bench.serve(.attributes(4, of: ScriptedBackend.yielding))
        #expect(bench.backend.record.startedCancelled == [])
        bench.end()
    }

    @Test func twiceIsAsOnce() throws {
        let bench = try RingBench.started()
        bench.serve(.attributes(2, of: ScriptedBackend.cancellable))
        bench.mailbox.post(.interrupt(unique: 2))
        bench.mailbox.post(.interrupt(unique: 2))
        bench.settle()
        #expect(bench.kernel.replies == [KernelReply(unique: 2, error: -EINTR)])
        bench.end()
    }

    /// The operation that the request waits for is cancelled on the ring.
    @Test(arguments: [true, false])
    func cancelsOperations(_ inTime: Bool) throws {
        let bench = try RingBench.started()
        bench.kernel.cancelsOperations = inTime
        bench.serve(.attributes(2, of: ScriptedBackend.operating))
        let operation = try #require(bench.kernel.operations.first)
        bench.mailbox.post(.interrupt(unique: 2))
        bench.settle()
        if !inTime {
            #expect(bench.kernel.replies.isEmpty)
            bench.kernel.complete(operation, 0)
            bench.settle()
        }
        #expect(bench.error(of: 2) == (inTime ? -EINTR : 0))
        bench.end()
    }

    /// The relay tells all workers, whichever of them serves the request.
    @Test func relayReachesEveryMailbox() throws {
        let relay = InterruptRelay()
        let boxes = [try Mailbox(), try Mailbox(), try Mailbox()]
        relay.connect([boxes[0]])
        relay.connect([boxes[1], boxes[2]])
        relay.send(8)
        for box in boxes { #expect(box.takeAll().map { "\($0)" } == ["interrupt(unique: 8)"]) }
    }
}
