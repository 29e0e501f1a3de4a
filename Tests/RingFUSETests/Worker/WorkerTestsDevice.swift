import Glibc
import SystemPackage
import Testing

@testable import RingFUSE

/// A worker on the device: requests in, replies out.
@Suite struct WorkerTestsDevice {
    @Test func answersAtOnce() throws {
        let bench = try DeviceBench()
        let replies = try bench.serve(
            .attributes(2, of: ScriptedBackend.immediate),
            .attributes(4, of: ScriptedBackend.immediate),
            .attributes(6, of: ScriptedBackend.failsAtOnce + 2)
        )
        #expect(replies.map(\.size) == [2, 4, nil])
        #expect(replies.map(\.error) == [0, 0, -ENOENT])
        #expect(bench.taskCount == 0)
        bench.end()
    }

    @Test func deferredRequestsAreAnsweredInAnyOrder() throws {
        let bench = try DeviceBench()
        #expect(
            try bench.serve(
                .attributes(2, of: ScriptedBackend.gated),
                .attributes(4, of: ScriptedBackend.gated),
                .attributes(6, of: ScriptedBackend.gated)
            ) == []
        )
        var answered: [UInt64?] = []
        for unique in [4, 6, 2] as [UInt64] {
            bench.backend.gates.open(unique)
            bench.settle()
            answered += try bench.device.replies().map(\.size)
        }
        #expect(answered == [4, 6, 2])
        bench.end()
    }

    /// With no entry free, requests stay in the kernel, and none is lost.
    @Test func moreRequestsThanEntriesWait() throws {
        let bench = try DeviceBench(depth: 2)
        for unique in 1...9 as ClosedRange<UInt64> {
            try bench.device.send(.attributes(unique * 2, of: ScriptedBackend.gated))
        }
        bench.settle()
        #expect(bench.backend.gates.waiting == [2, 4])
        var answered: Set<UInt64> = []
        while bench.backend.gates.openAny() {
            bench.settle()
            answered.formUnion(try bench.device.replies().map(\.unique))
        }
        #expect(answered.count == 9)
        bench.end()
    }

    @Test func dataOfRequestsDoesNotMix() throws {
        let bench = try DeviceBench()
        let data = (0..<8192).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        _ = try bench.serve(
            .write(2, to: ScriptedBackend.gated, data),
            .read(4, of: ScriptedBackend.gated, size: 8192),
            .write(6, to: ScriptedBackend.gated, [1, 2, 3])
        )
        for unique in [6, 4, 2] as [UInt64] { bench.backend.gates.open(unique) }
        bench.settle()
        #expect(bench.backend.record.written == [2: data, 6: [1, 2, 3]])
        let read = Dictionary(uniqueKeysWithValues: try bench.device.replies().map { ($0.unique, $0.payload) })
        #expect(read[4] == [UInt8](repeating: 4, count: 8192))
        #expect(read[6] == [3, 0, 0, 0, 0, 0, 0, 0])
        bench.end()
    }

    /// FORGETs have no reply, and their entries are free again: there are many more of them than entries.
    @Test func forgetHasNoReply() throws {
        let bench = try DeviceBench(depth: 1)
        for index in 1...20 as ClosedRange<UInt64> {
            #expect(try bench.serve(.forget(index * 2, 9, lookups: 2)) == [])
            #expect(try bench.serve(.forget(index * 2, batch: [(9, 1), (10, 5)])) == [])
        }
        #expect(bench.backend.record.forgotten == [9: 60, 10: 100])
        #expect(try bench.serve(.attributes(100, of: ScriptedBackend.immediate)).count == 1)
        bench.end()
    }

    @Test func interruptCancelsAndHasNoReply() throws {
        let bench = try DeviceBench(depth: 2)
        _ = try bench.serve(.attributes(2, of: ScriptedBackend.cancellable))
        #expect(try bench.serve(.interrupt(2)) == [KernelReply(unique: 2, error: -EINTR)])
        #expect(try bench.serve(.interrupt(2), .interrupt(0)) == [])
        let replies = try bench.serve(
            .attributes(4, of: ScriptedBackend.yielding),
            .attributes(6, of: ScriptedBackend.yielding)
        )
        #expect(Set(replies.map(\.size)) == [4, 6])
        #expect(bench.backend.record.startedCancelled == [])
        bench.end()
    }

    /// INTERRUPT is read by another worker while this one still reads the request: the mail is there first.
    @Test func interruptOvertakesTheRequest() throws {
        let bench = try DeviceBench()
        bench.mailbox.post(.interrupt(unique: 2))
        #expect(
            try bench.serve(.attributes(2, of: ScriptedBackend.cancellable)) == [
                KernelReply(unique: 2, error: -EINTR)
            ]
        )
        bench.end()
    }

    /// Operations of backends travel on a ring beside the device, whose completions wake the worker.
    @Test func operationsBesideTheDevice() throws {
        let bench = try DeviceBench()
        #expect(
            try bench.serve(
                .attributes(2, of: ScriptedBackend.operating),
                .attributes(4, of: ScriptedBackend.operating)
            ) == []
        )
        let operations = bench.kernel.operations
        #expect(operations.map(\.name) == ["fsync", "fsync"])
        bench.kernel.complete(operations[1], 0)
        bench.settle()
        bench.kernel.complete(operations[0], -EIO)
        bench.settle()
        #expect(try bench.device.replies().map(\.error) == [0, -EIO])
        _ = try bench.serve(.attributes(6, of: ScriptedBackend.operating))
        #expect(try bench.serve(.interrupt(6)) == [KernelReply(unique: 6, error: -EINTR)])
        bench.end()
    }

    /// What the kernel does not take at once has nobody to wake the worker for it.
    @Test func submissionsThatFailAreTriedAgain() throws {
        let bench = try DeviceBench()
        try bench.device.send(.attributes(2, of: ScriptedBackend.operating))
        bench.worker.turn(mayWait: false)
        bench.kernel.enterErrors = [-EAGAIN]
        let mailbox = bench.mailbox
        let rescuer = try DedicatedThread(name: "rescuer") { _ in
            usleep(3_000_000)
            mailbox.post(.interrupt(unique: 0))
        }
        defer { rescuer.join() }
        let start = ContinuousClock.now
        bench.worker.turn()
        #expect(ContinuousClock.now - start < .seconds(2), "slept until somebody else woke it")
        bench.worker.turn(mayWait: false)
        bench.kernel.complete(try #require(bench.kernel.operations.first), 0)
        bench.settle()
        #expect(try bench.device.replies().map(\.error) == [0])
        bench.end()
    }

    // MARK: The end

    /// Cuts the connection after each step of a scenario.
    @Test(arguments: 0...8)
    func cutAfter(_ step: Int) throws {
        let bench = try DeviceBench(depth: 3)
        let steps: [() throws -> Void] = [
            { try bench.device.send(.attributes(2, of: ScriptedBackend.gated)) },
            { bench.worker.turn(mayWait: false) },
            { try bench.device.send(.attributes(4, of: ScriptedBackend.cancellable)) },
            { bench.worker.turn(mayWait: false) },
            { try bench.device.send(.attributes(6, of: ScriptedBackend.operating)) },
            { bench.worker.turn(mayWait: false) },
            { bench.backend.gates.open(2) },
            { bench.settle() },
        ]
        for body in steps[..<step] { try body() }
        bench.device.disconnect()
        bench.settle()
        #expect(bench.backend.gates.waiting == (2...6 ~= step || step == 1 ? [2] : []))
        #expect(bench.kernel.operations.isEmpty)
        bench.end()
        #expect(bench.events.all.filter { !$0.hasPrefix("replyRefused") } == [])
    }

    /// All entries are busy, so nothing is read: the end must be noticed all the same.
    @Test func theEndIsNoticedWithAllEntriesBusy() throws {
        let bench = try DeviceBench(depth: 1)
        _ = try bench.serve(.attributes(2, of: ScriptedBackend.cancellable))
        bench.device.disconnect()
        bench.settle()
        #expect(bench.backend.gates.waiting == [])
        bench.end()
    }

    @Test(arguments: [
        (EAGAIN, false, false, nil), (EINTR, true, false, nil), (ENOENT, true, false, nil),
        (ENODEV, false, true, nil), (ENOTCONN, false, true, nil),
        (ECONNABORTED, false, true, "connectionAborted"),
        (EIO, false, true, "transportFailed(worker: 3, errno: \(EIO))"),
        (EBADF, false, true, "transportFailed(worker: 3, errno: \(EBADF))"),
    ])
    func readErrors(_ errno: Int32, _ readsOn: Bool, _ ends: Bool, _ told: String?) throws {
        let bench = try DeviceBench()
        bench.worker.withChannel { channel in
            #expect(channel.readFailed(errno) == readsOn)
            #expect(channel.isFinished == ends)
        }
        #expect(bench.events.all == (told.map { [$0] } ?? []))
        bench.end()
    }

    /// Bytes that no FUSE device sends end the connection, and nothing crashes.
    @Test(arguments: [1, 39, 40, 41, 100, 8272])
    func garbage(_ count: Int) throws {
        let bench = try DeviceBench()
        try bench.device.send([UInt8](repeating: 0xff, count: count))
        bench.settle()
        #expect(bench.events.all == ["transportFailed(worker: 3, errno: \(EPROTO))"])
        bench.end()
    }

    /// A reply that the device refuses is told, and the worker goes on.
    @Test func refusedReply() throws {
        let bench = try DeviceBench(depth: 2)
        _ = try bench.serve(.attributes(2, of: ScriptedBackend.gated))
        _ = shutdown(bench.device.serverSide.rawValue, Int32(SHUT_WR))
        bench.backend.gates.open(2)
        bench.settle()
        #expect(bench.events.all == ["replyRefused(worker: 3, unique: 2, errno: \(EPIPE))"])
        bench.end()
    }

    // MARK: The sleeping loop

    /// A real thread: idle it sleeps in `read`, and while it serves it sleeps in `poll`.
    @Test func sleepsInReadAndInPoll() throws {
        let blocking = try FakeDevice(isBlocking: true)
        let device = try FakeDevice()
        let backend = ScriptedBackend()
        let events = EventLog()
        let thread = try DedicatedThread(name: "device") { _ in
            guard let bench = try? DeviceBench(device: device, blocking: blocking, backend: backend, events: events)
            else { return }
            bench.worker.run()
        }
        defer { thread.join() }
        defer {
            backend.gates.openAll()
            blocking.disconnect()
            device.disconnect()
        }
        for unique in 1...50 as ClosedRange<UInt64> {
            try blocking.send(.attributes(unique * 2, of: ScriptedBackend.immediate))
            #expect(try blocking.reply(within: 10_000)?.size == unique * 2)
        }
        try blocking.send(.attributes(200, of: ScriptedBackend.gated))
        while backend.gates.waiting.isEmpty { usleep(100) }
        for unique in 101...150 as ClosedRange<UInt64> {
            try device.send(.attributes(unique * 2, of: ScriptedBackend.immediate))
            #expect(try device.reply(within: 10_000)?.size == unique * 2)
        }
        backend.gates.open(200)
        #expect(try blocking.reply(within: 10_000)?.size == 200)
        try blocking.send(.attributes(400, of: ScriptedBackend.immediate))
        #expect(try blocking.reply(within: 10_000)?.size == 400)
        #expect(events.all == [])
    }

    /// A signal to the sleeping thread changes nothing.
    @Test func aSignalDoesNotEndTheSleep() throws {
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_handler = { _ in }
        _ = unsafe sigaction(SIGURG, &action, nil)
        let device = try FakeDevice(isBlocking: true)
        let threadID = Handoff<pthread_t>()
        let thread = try DedicatedThread(name: "device") { _ in
            // Threads of the session block all signals; a debugger's SIGSTOP and SIGCONT interrupt them all the same.
            var signals = sigset_t()
            _ = unsafe sigemptyset(&signals)
            _ = unsafe sigaddset(&signals, SIGURG)
            _ = unsafe pthread_sigmask(Int32(SIG_UNBLOCK), &signals, nil)
            threadID.put(pthread_self())
            guard let bench = try? DeviceBench(device: device) else { return }
            bench.worker.run()
        }
        defer { thread.join() }
        defer { device.disconnect() }
        let identifier = threadID.take()
        for unique in 1...20 as ClosedRange<UInt64> {
            usleep(2000)
            _ = pthread_kill(identifier, SIGURG)
            try device.send(.attributes(unique * 2, of: ScriptedBackend.immediate))
            #expect(try device.reply(within: 10_000)?.size == unique * 2)
        }
    }
}
