import Glibc
import Synchronization
import SystemPackage
import Testing

@testable import RingFUSE

/// Requests that many threads resume at once. Alone, for the thread sanitizer:
/// `swift test --sanitize=thread --filter WorkerTestsForeignResume`.
@Suite(.serialized) struct WorkerTestsForeignResume {
    private let threadCount = 4
    private let requestCount = 8000
    private let depth = 32

    /// Threads that resume whatever waits, until they are told to end.
    private func startResumers(_ backend: ScriptedBackend, _ isDone: Handoff<Bool>) throws -> [DedicatedThread] {
        isDone.put(false)
        return try (0..<threadCount).map { number in
            try DedicatedThread(name: "resumer\(number)") { _ in
                while !isDone.take() {
                    if !backend.gates.openAny() { usleep(20) }
                }
            }
        }
    }

    /// The request of a position: deferred ones of both kinds, and some that are answered at once.
    private func request(_ position: Int) -> KernelRequest {
        let unique = UInt64(position) * 2 + 2
        switch position % 5 {
        case 0: return .attributes(unique, of: ScriptedBackend.immediate)
        case 1: return .attributes(unique, of: ScriptedBackend.yielding)
        case 2: return .attributes(unique, of: ScriptedBackend.cancellable)
        default: return .attributes(unique, of: ScriptedBackend.gated)
        }
    }

    /// Checks that each request has its own answer, once.
    private func check(_ replies: [KernelReply]) {
        #expect(replies.count == requestCount)
        #expect(Set(replies.map(\.unique)).count == requestCount)
        let wrong = replies.filter { $0.error != 0 || $0.size != $0.unique }
        #expect(wrong.isEmpty)
    }

    @Test(.timeLimit(.minutes(5)))
    func onTheDevice() throws {
        let device = try FakeDevice()
        let backend = ScriptedBackend()
        let events = EventLog()
        let isDone = Handoff<Bool>()
        let depth = depth
        let left = Handoff<Int>()
        let worker = try DedicatedThread(name: "device") { _ in
            guard let bench = try? DeviceBench(device: device, depth: depth, backend: backend, events: events)
            else { return left.put(-1) }
            bench.worker.run()
            left.put(bench.taskCount)
        }
        let resumers = try startResumers(backend, isDone)
        var replies: [KernelReply] = []
        for position in 0..<2 * depth { try device.send(request(position)) }
        var sent = 2 * depth
        while replies.count < requestCount, let reply = try device.reply(within: 30_000) {
            replies.append(reply)
            if sent < requestCount {
                try device.send(request(sent))
                sent += 1
            }
        }
        device.disconnect()
        worker.join()
        isDone.put(true)
        for thread in resumers { thread.join() }
        check(replies)
        #expect(left.take() == 0)
        #expect(events.all == [])
    }

    /// INTERRUPTs from one thread meet resumes from others; each request is answered once all the same.
    @Test(.timeLimit(.minutes(5)))
    func interruptedMeanwhile() throws {
        let device = try FakeDevice()
        let backend = ScriptedBackend()
        let events = EventLog()
        let isDone = Handoff<Bool>()
        let depth = depth
        let mailbox = try Mailbox()
        let worker = try DedicatedThread(name: "device") { _ in
            guard
                let bench = try? DeviceBench(
                    device: device,
                    depth: depth,
                    backend: backend,
                    events: events,
                    mailbox: mailbox
                )
            else { return }
            bench.worker.run()
        }
        var resumers = try startResumers(backend, isDone)
        resumers.append(
            try DedicatedThread(name: "interrupter") { _ in
                while !isDone.take() {
                    for unique in backend.gates.waiting { mailbox.post(.interrupt(unique: unique)) }
                    usleep(200)
                }
            }
        )
        var answered: [UInt64: Int32] = [:]
        let count = requestCount / 4
        for position in 0..<depth { try device.send(request(position)) }
        var sent = depth
        while answered.count < count, let reply = try device.reply(within: 30_000) {
            #expect(answered.updateValue(reply.error, forKey: reply.unique) == nil)
            if sent < count {
                try device.send(request(sent))
                sent += 1
            }
        }
        device.disconnect()
        worker.join()
        isDone.put(true)
        for thread in resumers { thread.join() }
        #expect(answered.count == count)
        #expect(answered.values.allSatisfy { $0 == 0 || $0 == -EINTR })
        #expect(backend.record.startedCancelled == [])
        #expect(events.all == [])
    }

    /// The fake ring's kernel is the worker's own, so all requests are there from the start.
    @Test(.timeLimit(.minutes(5)))
    func onTheRing() throws {
        let isDone = Handoff<Bool>()
        let outcome = Handoff<Outcome>()
        let backend = Handoff<ScriptedBackend>()
        let requests = (0..<requestCount).map(request)
        let depth = depth
        let worker = try DedicatedThread(name: "ring") { _ in
            guard let bench = try? RingBench.started(queues: [0, 1], depth: depth) else { return }
            backend.put(bench.backend)
            for (position, request) in requests.enumerated() {
                bench.kernel.send(request, queue: UInt16(position % 2))
            }
            bench.kernel.repliesUntilDisconnect = requests.count
            bench.worker.run()
            outcome.put(
                Outcome(replies: bench.kernel.replies, violations: bench.kernel.violations, tasks: bench.taskCount)
            )
        }
        let resumers = try startResumers(backend.take(), isDone)
        worker.join()
        isDone.put(true)
        for thread in resumers { thread.join() }
        let result = outcome.take()
        check(result.replies)
        #expect(result.violations == [])
        #expect(result.tasks == 0)
    }

    private struct Outcome: Sendable {
        let replies: [KernelReply]
        let violations: [String]
        let tasks: Int
    }
}
