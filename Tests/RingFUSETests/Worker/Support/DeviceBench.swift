import FUSEProtocol
import Glibc
import Ring
import SystemPackage
import Testing

@testable import RingFUSE

/// A worker on a socket that stands for /dev/fuse; asynchronous operations go to a fake ring.
@safe
final class DeviceBench {
    let backend: ScriptedBackend
    let events: EventLog
    let mailbox: Mailbox
    let device: FakeDevice
    let kernel: FakeKernel
    let io: RingIO<FakeRing>
    let worker: Worker<DeviceChannel<FakeRing>>

    /// A worker that serves.
    ///
    /// - Parameters:
    ///   - blocking: where the worker sleeps while it is idle; `device` for tests that step it by hand.
    init(
        device: FakeDevice? = nil,
        blocking: FakeDevice? = nil,
        depth: Int = 4,
        backend: ScriptedBackend = ScriptedBackend(),
        events: EventLog = EventLog(),
        mailbox box: Mailbox? = nil
    ) throws {
        self.backend = backend
        self.events = events
        mailbox = try box ?? Mailbox()
        self.device = try device ?? FakeDevice()
        let agreed = agreedSession()
        kernel = FakeKernel(payloadSize: agreed.payloadCapacity, eventFile: mailbox.eventFile.rawValue)
        kernel.signalsCompletions = true
        let ring = FakeRing(kernel: kernel)
        io = RingIO(queue: ring, mailbox: mailbox)
        let handler = makeDispatcher(backend, mailbox, events)
        let channel = DeviceChannel(
            worker: 3,
            descriptors: DeviceChannel.Descriptors(
                blocking: (blocking ?? self.device).serverSide,
                nonblocking: self.device.serverSide
            ),
            mailbox: mailbox,
            buffers: try EntryBuffers(count: depth, payloadCapacity: agreed.payloadCapacity),
            format: DeviceFormat(agreed),
            operations: DeviceChannel.Operations(ring: ring, io: io),
            report: handler.report
        )
        worker = Worker(index: 3, channel: channel, handler: handler, io: io, mailbox: mailbox)
        try worker.start()
    }

    deinit { worker.executor.detach() }

    /// A fixed number of turns: a socket cannot be asked whether there will be more.
    func settle() {
        for _ in 0..<12 { worker.turn(mayWait: false) }
    }

    /// Sends requests, settles, and returns the replies.
    func serve(_ requests: KernelRequest...) throws -> [KernelReply] {
        for request in requests { try device.send(request) }
        settle()
        return try device.replies()
    }

    /// Tasks of the worker's entries.
    var taskCount: Int { unsafe worker.state.pointee.tasks }

    /// Requests that tasks serve.
    var servingCount: Int { unsafe worker.state.pointee.serving }

    /// Ends the connection and the worker, and expects that nothing is left.
    func end(sourceLocation: SourceLocation = #_sourceLocation) {
        device.disconnect()
        settle()
        backend.gates.openAll()
        settle()
        guard worker.isDone else {
            Issue.record("the worker does not end: \(servingCount) served", sourceLocation: sourceLocation)
            return
        }
        worker.run()
        #expect(taskCount == 0, "tasks are left", sourceLocation: sourceLocation)
        #expect(!io.isActive, "operations are left", sourceLocation: sourceLocation)
        #expect(kernel.violations == [], sourceLocation: sourceLocation)
    }
}
