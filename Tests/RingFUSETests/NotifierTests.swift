import CRingFUSE
import FUSEProtocol
import Glibc
import SystemPackage
import Testing

@testable import RingFUSE

/// What a notifier queues, refuses and tells, on a socket that stands for /dev/fuse.
@Suite(.timeLimit(.minutes(2)))
struct NotifierTests {
    /// A notifier that agreed on something.
    private func notifier(
        _ device: FakeDevice,
        minor: UInt32 = 45,
        flags: InitFlags = [.expireOnly, .resend],
        usesRing: Bool = false,
        events: EventLog = EventLog()
    ) -> Notifier {
        let notifier = Notifier(device: device.serverSide) { events.add($0) }
        notifier.agree(agreedSession(minor: minor, flags: flags), usesRing: usesRing)
        return notifier
    }

    /// The kind of the next message.
    private func nextKind(_ device: FakeDevice) throws -> NotificationKind? {
        let bytes = try #require(try device.message(within: 10_000))
        return NotificationKind(rawValue: UInt32(bytes[4]))
    }

    /// In the order they were told.
    @Test func messagesAreWrittenInOrder() throws {
        let device = try FakeDevice(isBlocking: true)
        let notifier = notifier(device)
        try notifier.wake(PollHandle(rawValue: 1))
        try notifier.invalidate(NodeID(2))
        try notifier.invalidate("name", in: .root, expiresOnly: true)
        try notifier.store([1, 2, 3], in: NodeID(2), at: 0)
        try notifier.deleted("name", of: NodeID(2), in: .root)
        try notifier.resendUnanswered()
        try notifier.increaseEpoch()
        try notifier.prune([NodeID(2)])
        let expected: [NotificationKind] = [
            .poll, .invalidateInode, .invalidateEntry, .store, .delete, .resend, .incrementEpoch, .prune,
        ]
        for kind in expected { #expect(try nextKind(device) == kind) }
        notifier.close()
        #expect(throws: Errno.socketNotConnected) { try notifier.wake(PollHandle(rawValue: 1)) }
    }

    /// A size is told by a byte that cannot be read: of it nothing comes, nobody is warned, and what follows is told.
    @Test func sizesAreToldWithoutContent() async throws {
        let device = try FakeDevice(isBlocking: true)
        let events = EventLog()
        let notifier = notifier(device, events: events)
        let (told, hasTold) = AsyncStream<Errno?>.makeStream()
        try notifier.extend(NodeID(2), to: 4096) { hasTold.yield($0) }
        try notifier.extend(NodeID(2), to: UInt64(Int64.max))
        for size in [0, UInt64(Int64.max) + 1] {
            #expect(throws: Errno.invalidArgument) { try notifier.extend(NodeID(2), to: size) }
        }
        try notifier.wake(PollHandle(rawValue: 1))
        #expect(try nextKind(device) == .poll)
        #expect(notifier.count == 3)
        #expect(await told.first { _ in true } == .some(nil))
        #expect(events.all.isEmpty)
        notifier.close()
    }

    /// Each only where the kernel knows it.
    @Test func oldKernelsAreNotTold() throws {
        let device = try FakeDevice(isBlocking: true)
        let old = notifier(device, minor: 43, flags: [])
        let refusal = Errno.notSupportedOnSocket
        #expect(throws: refusal) { try old.increaseEpoch() }
        #expect(throws: refusal) { try old.prune([NodeID(2)]) }
        #expect(throws: refusal) { try old.resendUnanswered() }
        #expect(throws: refusal) { try old.invalidate("name", in: .root, expiresOnly: true) }
        try old.invalidate("name", in: .root)
        #expect(try nextKind(device) == .invalidateEntry)
        old.close()
        let newer = notifier(device, minor: 44)
        #expect(throws: refusal) { try newer.prune([NodeID(2)]) }
        try newer.increaseEpoch()
        #expect(try nextKind(device) == .incrementEpoch)
        newer.close()
        let onRing = notifier(device, usesRing: true)
        #expect(throws: refusal) { try onRing.resendUnanswered() }
        onRing.close()
    }

    /// A kernel that takes nothing for a while costs bounded memory: messages, and bytes of them.
    @Test func queueIsBounded() throws {
        let device = try FakeDevice(isBlocking: true)
        let notifier = notifier(device)
        let data = [UInt8](repeating: 7, count: 1 << 20)
        var stored = 0
        let failure = #expect(throws: Errno.self) {
            while stored < 200 {
                try notifier.store(data, in: NodeID(2), at: 0)
                stored += 1
            }
        }
        #expect(failure == .resourceTemporarilyUnavailable)
        // 64 MiB, and what the socket holds.
        #expect((63...90).contains(stored))
        var woken = 0
        _ = #expect(throws: Errno.resourceTemporarilyUnavailable) {
            while woken < 100_000 {
                try notifier.wake(PollHandle(rawValue: 1))
                woken += 1
            }
        }
        #expect(woken <= 65_536)
        device.disconnect()
        notifier.close()
    }

    /// Who waits for content to be dropped does so until the kernel has been told, and not beyond the end of the session, whether it is
    /// its turn or not.
    @Test func droppingIsWaitedFor() async throws {
        let device = try FakeDevice(isBlocking: true)
        let notifier = notifier(device)
        try await notifier.dropContent(of: NodeID(2))
        #expect(try nextKind(device) == .invalidateInode)
        // The socket takes no more of these than it has room for.
        let data = [UInt8](repeating: 7, count: 1 << 20)
        for _ in 0..<30 { try notifier.store(data, in: NodeID(2), at: 0) }
        let count = notifier.count
        let waiter = Task { _ = await #expect(throws: Errno.self) { try await notifier.dropContent(of: NodeID(2)) } }
        while notifier.count == count { try await Task.sleep(for: .milliseconds(1)) }
        device.disconnect()
        notifier.close()
        await waiter.value
        _ = await #expect(throws: Errno.socketNotConnected) { try await notifier.dropContent(of: NodeID(2)) }
    }

    /// A refusal is told once of each kind, whatever comes.
    @Test func refusalsAreToldOnce() throws {
        let device = try FakeDevice(isBlocking: true)
        let events = EventLog()
        let notifier = notifier(device, events: events)
        device.disconnect()
        for _ in 1...3 {
            try notifier.wake(PollHandle(rawValue: 1))
            try notifier.invalidate(NodeID(2))
        }
        let deadline = ContinuousClock.now + .seconds(30)
        while events.all.count < 2 && ContinuousClock.now < deadline { usleep(1000) }
        notifier.close()
        let error = Errno.brokenPipe.rawValue
        #expect(
            events.all == [
                "notificationRefused(kind: 1, errno: \(error))", "notificationRefused(kind: 2, errno: \(error))",
            ])
    }

    /// The number in a message, which its answer has.
    private func number(of message: [UInt8]) -> UInt64 {
        message[16..<24].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The next message; gives tasks a thread while it waits.
    private func nextMessage(_ device: FakeDevice) async throws -> [UInt8] {
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            if let message = try device.message() { return message }
            try await Task.sleep(for: .milliseconds(1))
        }
        throw Errno.timedOut
    }

    /// Answers come to who asked, in whatever order; numbers are none of a request's.
    @Test func answersFindTheirRetrievals() async throws {
        let device = try FakeDevice(isBlocking: true)
        let notifier = notifier(device)
        let first = Task { try await notifier.retrieve(NodeID(2), at: 0, length: 10) }
        let firstMessage = try await nextMessage(device)
        let second = Task { try await notifier.retrieve(NodeID(2), at: 0, length: 10) }
        let secondMessage = try await nextMessage(device)
        let numbers = [number(of: firstMessage), number(of: secondMessage)]
        #expect(numbers[0] != numbers[1])
        for number in numbers { #expect(number >> 62 == 1 && number & 1 == 0) }
        let two: [UInt8] = [2, 2]
        notifier.retrieved(numbers[1], RawSpan(_elements: two.span))
        #expect(try await second.value == [2, 2])
        // Once more, and one that nobody asked for: dropped.
        notifier.retrieved(numbers[1], RawSpan(_elements: two.span))
        notifier.retrieved(1 << 62 | 1000, RawSpan(_elements: two.span))
        notifier.retrievalFailed(numbers[0])
        await #expect(throws: Errno.ioError) { try await first.value }
        notifier.close()
    }

    /// A task that is cancelled waits no longer, and neither does one whose session ends.
    @Test func retrievalsEnd() async throws {
        let device = try FakeDevice(isBlocking: true)
        let notifier = notifier(device)
        let cancelled = Task { try await notifier.retrieve(NodeID(2), at: 0, length: 10) }
        _ = try await nextMessage(device)
        cancelled.cancel()
        await #expect(throws: Errno.canceled) { try await cancelled.value }
        let late = Task {
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            return try await notifier.retrieve(NodeID(2), at: 0, length: 10)
        }
        await #expect(throws: Errno.canceled) { try await late.value }
        let left = Task { try await notifier.retrieve(NodeID(2), at: 0, length: 10) }
        _ = try await nextMessage(device)
        notifier.close()
        await #expect(throws: Errno.socketNotConnected) { try await left.value }
    }

    /// The root's generation is the kernel's own, whatever a backend says.
    @Test func theRootHasGenerationZero() {
        let root = Attributes(node: .root, mode: .directory)
        #expect(fuse_entry_out(Entry(node: .root, attributes: root, generation: 9)).generation == 0)
        let other = Attributes(node: NodeID(2), mode: .directory)
        #expect(fuse_entry_out(Entry(node: NodeID(2), attributes: other, generation: 9)).generation == 9)
    }
}
