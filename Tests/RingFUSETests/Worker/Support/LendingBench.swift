import SystemPackage
import Testing

@testable import RingFUSE

/// Two workers of one connection on fake rings, the first of which lends entries to the second; both on the test's thread.
final class LendingBench {
    let loan: Loan
    /// Serves queue 0.
    let lender: RingBench
    /// Serves queue 1, and what it is lent.
    let helper: RingBench

    /// Two workers that serve.
    init(
        depth: Int = 8,
        limit: Int = 6,
        terms: LoanTerms = .everything,
        payloadCapacity: Int? = nil
    ) throws {
        loan = Loan(limit: limit, terms: terms)
        let boxes = [try Mailbox(), try Mailbox()]
        lender = try RingBench(
            queues: [0], depth: depth, payloadCapacity: payloadCapacity, mailbox: boxes[0],
            lending: LoanSide(loan, with: boxes[1]))
        helper = try RingBench(
            queues: [1], depth: depth, payloadCapacity: payloadCapacity, mailbox: boxes[1],
            hosting: LoanSide(loan, with: boxes[0]))
        lender.kernel.partner = helper.kernel
        helper.kernel.partner = lender.kernel
        for bench in [lender, helper] { try bench.worker.start() }
    }

    /// Has one of them turn until it has nothing to do.
    func settle(_ bench: RingBench, sourceLocation: SourceLocation = #_sourceLocation) {
        bench.worker.executor.attach()
        bench.settle(sourceLocation)
    }

    /// Has both turn until they have nothing to do, also for each other.
    func settle(sourceLocation: SourceLocation = #_sourceLocation) {
        for _ in 0..<3 {
            settle(lender, sourceLocation: sourceLocation)
            settle(helper, sourceLocation: sourceLocation)
        }
    }

    /// Sends requests of queue 0 to entries that one of them has, and settles.
    func serve(by bench: RingBench, _ requests: [KernelRequest], sourceLocation: SourceLocation = #_sourceLocation) {
        for request in requests { bench.kernel.send(request, queue: 0) }
        settle(sourceLocation: sourceLocation)
    }

    /// Requests for a node, numbered 2, 4, 6 …
    func requests(_ count: Int, from first: UInt64 = 2, of node: UInt64 = ScriptedBackend.immediate) -> [KernelRequest]
    {
        (0..<UInt64(count)).map { .attributes(first + 2 * $0, of: node) }
    }

    /// The requests that each has answered.
    var answered: (lender: [UInt64], helper: [UInt64]) {
        (lender.kernel.replies.map(\.unique).sorted(), helper.kernel.replies.map(\.unique).sorted())
    }

    /// Ends the connection, and both workers.
    func end(sourceLocation: SourceLocation = #_sourceLocation) {
        for bench in [lender, helper] { bench.kernel.disconnect() }
        finish(sourceLocation: sourceLocation)
    }

    /// Has both end after the connection has.
    func finish(sourceLocation: SourceLocation = #_sourceLocation) {
        for bench in [lender, helper] { bench.backend.gates.openAll() }
        settle(sourceLocation: sourceLocation)
        for bench in [lender, helper] {
            bench.worker.executor.attach()
            bench.finish(sourceLocation: sourceLocation)
        }
    }
}
