import CRingFUSE
import FUSEProtocol
import RingFUSE
import SystemPackage

extension MicroBenchmark {
    /// Requests that their entries' tasks serve, by a worker on a ring that is memory only: the loop, the task's
    /// resumption, and the reply.
    static var resuming: [MicroBenchmark] {
        [1, 32].flatMap { depth in
            [
                worker("READ, answered at once", depth, AtOnce()),
                worker("READ, by the entry's task", depth, ByTask()),
            ]
        }
    }

    private static func worker(_ what: String, _ depth: Int, _ backend: some FileSystem) -> MicroBenchmark {
        let kernel = LoopKernel(Message.read(of: 2), depth: depth)
        // Started by the thread that runs it, whose worker it then is.
        var started: StartedWorker?
        return MicroBenchmark(name: "worker: \(what), \(depth) in flight") { count in
            if started == nil { started = start(kernel, depth, backend) }
            guard let worker = started else { preconditionFailure("it was started") }
            unsafe rfuse_set_current_worker(worker.identity)
            kernel.send(count)
            while !kernel.isAnswered { worker.worker.turn(mayWait: false) }
            rfuse_set_current_worker(nil)
            precondition(kernel.failureCount == 0, "requests failed")
        }
    }

    /// A worker, and what its thread knows it by: several take turns on one thread here.
    @safe
    private struct StartedWorker {
        let worker: Worker<RingChannel<LoopRing>>
        let identity: UnsafeMutableRawPointer?
    }

    private static func start(
        _ kernel: LoopKernel,
        _ depth: Int,
        _ backend: some FileSystem
    ) -> StartedWorker {
        do throws(Errno) {
            let mailbox = try Mailbox()
            let ring = LoopRing(kernel: kernel)
            let io = RingIO(queue: ring, mailbox: mailbox)
            let agreed = agreedSession
            let buffers = try EntryBuffers(count: depth, payloadCapacity: agreed.payloadCapacity)
            let handler = Dispatcher(backend: backend, agreed: agreed, onInterrupt: { _ in }, onEvent: { _ in })
            let channel = RingChannel(
                worker: 0, ring: ring, io: io,
                arenas: [QueueArena(queue: 0, opensGate: false, buffers: buffers)], poll: .zero,
                report: { preconditionFailure("\($0)") })
            let worker = Worker(index: 0, channel: channel, handler: handler, io: io, mailbox: mailbox)
            try worker.start()
            return unsafe StartedWorker(worker: worker, identity: rfuse_current_worker())
        } catch {
            preconditionFailure("no worker: \(error)")
        }
    }
}

/// What both backends need and nobody calls.
private protocol ReadsNothing: FileSystem {}

extension ReadsNothing {
    func lookUp(
        _ name: Name,
        in directory: NodeID,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Entry { throw .noSuchFileOrDirectory }

    func attributes(
        of node: NodeID,
        _ handle: HandleID?,
        _ context: borrowing RequestContext
    ) throws(Errno) -> AttributesReply { throw .noSuchFileOrDirectory }
}

/// Reads nothing, at once.
private struct AtOnce: ReadsNothing {
    func readImmediately(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) throws(Errno) -> Immediate<Void> { .answered(()) }
}

/// Reads nothing, in the entry's task, without suspending.
private struct ByTask: ReadsNothing {
    func read(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: inout OutputRawSpan,
        _ context: borrowing RequestContext
    ) async throws(Errno) {}
}
