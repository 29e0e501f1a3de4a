import FUSEProtocol
import Glibc
import Ring
import SystemPackage
import Testing

@testable import RingFUSE

/// A worker on a fake ring, stepped by hand on the thread of the test.
@safe
final class RingBench {
    let backend = ScriptedBackend()
    let events = EventLog()
    let mailbox: Mailbox
    let kernel: FakeKernel
    let io: RingIO<FakeRing>
    let worker: Worker<RingChannel<FakeRing>>

    /// A worker that is not started.
    ///
    /// - Parameters:
    ///   - queues: the queues it serves.
    ///   - depth: entries of each.
    ///   - gate: the queue that is registered last.
    ///   - payloadCapacity: bytes of data that an entry has room for; what was agreed on where it is `nil`.
    ///   - lending: what it may lend.
    ///   - hosting: what it may be lent.
    ///   - index: the worker's number.
    ///   - trail: of the callers of all workers.
    init(
        queues: [UInt16] = [0],
        depth: Int = 4,
        gate: UInt16? = nil,
        payloadCapacity: Int? = nil,
        poll: Duration = .zero,
        mailbox: Mailbox? = nil,
        lending: LoanSide? = nil,
        hosting: LoanSide? = nil,
        index: Int = 7,
        trail: CallerTrail = CallerTrail()
    ) throws {
        let mailbox = try mailbox ?? Mailbox()
        self.mailbox = mailbox
        let capacity = payloadCapacity ?? agreedSession().payloadCapacity
        kernel = FakeKernel(payloadSize: capacity, eventFile: mailbox.eventFile.rawValue)
        let ring = FakeRing(kernel: kernel)
        io = RingIO(queue: ring, mailbox: mailbox)
        let arenas = try queues.map { queue in
            QueueArena(
                queue: queue,
                opensGate: queue == gate,
                buffers: try EntryBuffers(count: depth, payloadCapacity: capacity)
            )
        }
        let handler = makeDispatcher(backend, mailbox, events)
        let channel = RingChannel(
            worker: index,
            ring: ring,
            io: io,
            arenas: arenas,
            poll: poll,
            lending: lending,
            hosting: hosting,
            trail: trail,
            report: handler.report
        )
        worker = Worker(index: index, channel: channel, handler: handler, io: io, mailbox: mailbox)
    }

    /// A worker that serves.
    static func started(queues: [UInt16] = [0], depth: Int = 4, poll: Duration = .zero) throws -> RingBench {
        let bench = try RingBench(queues: queues, depth: depth, poll: poll)
        try bench.worker.start()
        return bench
    }

    deinit { worker.executor.detach() }

    /// Turns until there is nothing left to do without a test's help.
    func settle(_ sourceLocation: SourceLocation = #_sourceLocation) {
        for _ in 0..<1000 {
            worker.turn(mayWait: false)
            if !kernel.hasWork && !worker.executor.hasJobs { return }
        }
        Issue.record("the worker never comes to rest", sourceLocation: sourceLocation)
    }

    /// Sends requests and settles.
    func serve(_ requests: KernelRequest..., sourceLocation: SourceLocation = #_sourceLocation) {
        for request in requests { kernel.send(request) }
        settle(sourceLocation)
    }

    /// Pages that there are of the first three of each entry that its kernel has.
    var residentPages: Int { kernel.entries.values.reduce(0) { $0 + Pages.resident(at: $1.header, count: 3) } }

    /// Tasks of the worker's entries.
    var taskCount: Int { unsafe worker.state.pointee.tasks }

    /// Requests that tasks serve.
    var servingCount: Int { unsafe worker.state.pointee.serving }

    /// INTERRUPTs that are kept for requests to come.
    var earlyInterruptCount: Int { unsafe worker.state.pointee.earlyInterrupts.count }

    /// The error of a request's reply; `nil` while there is none.
    func error(of unique: UInt64) -> Int32? {
        kernel.replies.last { $0.unique == unique }?.error
    }

    /// Ends the connection and the worker, and expects that nothing is left and no rule was broken.
    func end(_ errno: Int32 = ENOTCONN, sourceLocation: SourceLocation = #_sourceLocation) {
        kernel.disconnect(errno)
        finish(sourceLocation: sourceLocation)
    }

    /// Has the worker end after its connection has.
    func finish(sourceLocation: SourceLocation = #_sourceLocation) {
        settle(sourceLocation)
        backend.gates.openAll()
        settle(sourceLocation)
        guard worker.isDone else {
            Issue.record("the worker does not end: \(servingCount) served", sourceLocation: sourceLocation)
            return
        }
        worker.run()
        #expect(taskCount == 0, "tasks are left", sourceLocation: sourceLocation)
        #expect(!io.isActive, "operations are left", sourceLocation: sourceLocation)
        #expect(kernel.handedCount == 0, "requests are left", sourceLocation: sourceLocation)
        #expect(kernel.violations == [], sourceLocation: sourceLocation)
        let uniques = kernel.replies.map(\.unique)
        #expect(Set(uniques).count == uniques.count, "answered twice", sourceLocation: sourceLocation)
    }
}
