import CRingFUSE
import Glibc
import Synchronization
import SystemPackage
import Testing

@testable import RingFUSE

/// An engine with an executor of its own, on the thread of the test.
final class RingIOBench {
    let mailbox: Mailbox
    let kernel: FakeKernel
    let io: RingIO<FakeRing>
    let executor: WorkerExecutor
    /// Results of operations by their number: bytes, or a negated errno.
    let results = OperationResults()

    init() throws {
        mailbox = try Mailbox()
        kernel = FakeKernel(payloadSize: 8192, eventFile: mailbox.eventFile.rawValue)
        io = RingIO(queue: FakeRing(kernel: kernel), mailbox: mailbox)
        executor = WorkerExecutor(mailbox: mailbox)
        executor.attach()
    }

    deinit { executor.detach() }

    /// Starts an operation in a task of its own.
    @discardableResult
    func start(_ number: Int, _ operation: IOOperation) -> Task<Void, Never> {
        let io = io
        let results = results
        let task = Task(executorPreference: executor) {
            do throws(Errno) {
                results.add(number, try await io.perform(operation))
            } catch {
                results.add(number, -Int(error.rawValue))
            }
        }
        settle()
        return task
    }

    /// Runs jobs, reads mail, submits and completes until nothing is left to do.
    func settle() {
        for _ in 0..<1000 {
            executor.runJobs()
            for message in mailbox.takeAll() {
                switch message {
                case .job(let job): executor.enqueueMailed(job)
                case .cancelOperation(let slot, let generation): io.cancel(slot: slot, generation: generation)
                default: break
                }
            }
            if kernel.hasWork { _ = kernel.enter() }
            let completions = kernel.completions
            kernel.completions = []
            for completion in completions where CompletionTag.tag(of: completion.user_data) == .operation {
                io.complete(completion.user_data, result: completion.result)
            }
            if !executor.hasJobs && !kernel.hasWork { return }
        }
        Issue.record("never comes to rest")
    }
}

/// Results of operations, by their numbers.
final class OperationResults: Sendable {
    private let all = Mutex<[Int: Int]>([:])
    func add(_ number: Int, _ result: Int) {
        all.withLock { precondition($0.updateValue(result, forKey: number) == nil, "two results") }
    }
    var byNumber: [Int: Int] { all.withLock { $0 } }
}
