import FUSEProtocol
import Glibc
import Synchronization
import SystemPackage
import Testing

@testable import RingFUSE

/// The small parts of workers and transports.
@Suite struct WorkerTestsParts {
    // MARK: Jobs

    /// Keeps jobs instead of running them.
    private final class Shelf: TaskExecutor {
        let jobs = Mutex<[UnownedJob]>([])
        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            jobs.withLock { $0.append(job) }
        }
        func takeAll() -> [UnownedJob] {
            jobs.withLock { jobs in
                defer { jobs = [] }
                return jobs
            }
        }
    }

    /// Numbers in the order in which they were added.
    private final class Numbers: Sendable {
        private let numbers = Mutex<[Int]>([])
        func add(_ number: Int) { numbers.withLock { $0.append(number) } }
        var all: [Int] { numbers.withLock { $0 } }
    }

    /// Jobs come out in the order in which they went in, however the queue grows and wherever its start is.
    @Test(arguments: 0...5)
    func jobsKeepTheirOrder(_ head: Int) throws {
        let shelf = Shelf()
        let order = Numbers()
        let count = 40
        for number in 0..<count {
            Task(executorPreference: shelf) { order.add(number) }
        }
        let jobs = shelf.takeAll()
        try #require(jobs.count == count)
        var queue = JobQueue(capacity: 2)
        var started = 0
        func run(_ job: UnownedJob?) {
            guard let job else { return }
            unsafe job.runSynchronously(on: shelf.asUnownedTaskExecutor())
            started += 1
        }
        for job in jobs[..<head] {
            queue.append(job)
            run(queue.popFirst())
        }
        for job in jobs[head...] { queue.append(job) }
        #expect(queue.count == count - head)
        while queue.count > 0 { run(queue.popFirst()) }
        let none = queue.popFirst() == nil
        #expect(none)
        #expect(started == count)
        #expect(order.all == Array(0..<count))
    }

    /// Jobs that are enqueued by jobs wait for the next turn.
    @Test func jobsThatYieldDoNotStarveRequests() throws {
        let mailbox = try Mailbox()
        let executor = WorkerExecutor(mailbox: mailbox)
        executor.attach()
        defer { executor.detach() }
        let rounds = Handoff<Int>()
        let ends = Handoff<Bool>()
        ends.put(false)
        Task(executorPreference: executor) {
            for round in 1...100 where !ends.take() {
                rounds.put(round)
                await Task.yield()
            }
        }
        executor.runJobs()
        for _ in 0..<10 {
            let before = rounds.take()
            executor.runJobs()
            #expect(executor.hasJobs)
            #expect(rounds.take() <= before + 1)
        }
        ends.put(true)
        while executor.hasJobs { executor.runJobs() }
        #expect(rounds.take() < 12)
    }

    @Test func onlyTheAttachedThreadIsCurrent() throws {
        let executor = WorkerExecutor(mailbox: try Mailbox())
        #expect(!executor.isCurrent)
        executor.attach()
        #expect(executor.isCurrent)
        let elsewhere = Handoff<Bool>()
        try onForeignThread { elsewhere.put(executor.isCurrent) }
        #expect(!elsewhere.take())
        executor.detach()
        #expect(!executor.isCurrent)
    }

    // MARK: Mailbox

    /// How often the box has woken since it was last asked.
    private func wakeUps(_ box: Mailbox) -> UInt64 {
        var count: UInt64 = 0
        return unsafe read(box.eventFile.rawValue, &count, 8) == 8 ? count : 0
    }

    /// It wakes when it stops being empty, and not again before it was emptied.
    @Test func mailboxWakesOnce() throws {
        let box = try Mailbox()
        #expect(wakeUps(box) == 0)
        box.post(.interrupt(unique: 2))
        box.post(.interrupt(unique: 4))
        box.post(.stop)
        #expect(wakeUps(box) == 1)
        #expect(box.takeAll().map { "\($0)" } == ["interrupt(unique: 2)", "interrupt(unique: 4)", "stop"])
        #expect(box.takeAll().isEmpty)
        box.post(.stop)
        #expect(wakeUps(box) == 1)
        box.post(.stop)
        #expect(wakeUps(box) == 0)
        box.acknowledge()
    }

    /// A worker that sleeps in a read does not look into its box: interrupts must not fill it without bound.
    @Test func mailboxDropsOldInterrupts() throws {
        let box = try Mailbox()
        box.post(.cancelOperation(slot: 1, generation: 2))
        for unique in 1...10_000 as ClosedRange<UInt64> { box.post(.interrupt(unique: unique)) }
        let messages = box.takeAll().map { "\($0)" }
        #expect(messages.count <= 4096)
        #expect(messages.first == "cancelOperation(slot: 1, generation: 2)")
        #expect(messages.last == "interrupt(unique: 10000)")
    }

    // MARK: Poll window

    @Test func pollWindow() {
        var none = PollWindow(.nanoseconds(-1))
        let isNoneDue = none.isDue()
        #expect(!isNoneDue)
        var window = PollWindow(.milliseconds(3))
        let isDue = window.isDue()
        #expect(isDue)
        var looks = 0
        let found = window.spin {
            looks += 1
            return looks == 100
        }
        #expect(found)
        #expect(looks == 100)
        let start = ContinuousClock.now
        let foundNothing = window.spin { false }
        #expect(!foundNothing)
        #expect(ContinuousClock.now - start >= .milliseconds(3))
    }

    // MARK: Buffers

    @Test func bufferPlan() {
        // A page for the header, two for the payload.
        let entry = 3 * 4096
        let unlimited = BufferPlan(queues: 2, depth: 32, payloadCapacity: 8192, limit: nil)
        #expect(unlimited.depth == 32)
        #expect(unlimited.byteCount == 64 * entry)
        #expect(unlimited.notice == nil)
        let fits = BufferPlan(queues: 2, depth: 32, payloadCapacity: 8192, limit: 64 * entry)
        #expect(fits == unlimited)
        let short = BufferPlan(queues: 2, depth: 32, payloadCapacity: 8192, limit: 64 * entry - 1)
        #expect(short.depth == 31)
        #expect(short.byteCount == 62 * entry)
        #expect(short.notice == "depth lowered from 32 to 31 to keep buffers within \(64 * entry - 1) bytes")
    }

    /// A queue without an entry would hang the mount.
    @Test(arguments: [0, 1, 3 * 4096 - 1, 3 * 4096, 4 * 3 * 4096 - 1])
    func bufferPlanIsNeverEmpty(_ limit: Int) throws {
        let plan = BufferPlan(queues: 4, depth: 8, payloadCapacity: 8192, limit: limit)
        #expect(plan.depth == 1)
        #expect(plan.byteCount == 4 * 3 * 4096)
        let notice = try #require(plan.notice)
        #expect(notice.contains("depth lowered from 8 to 1"))
        #expect(notice.hasSuffix("one entry a queue is the least, and takes \(4 * 3 * 4096) bytes"))
    }

    /// Entries do not overlap, payloads are whole pages, and the head of a request fits before each.
    @Test func entryBuffers() throws {
        let buffers = try EntryBuffers(count: 3, payloadCapacity: 5000)
        #expect(buffers.payloadCapacity == 8192)
        #expect(EntryBuffers.byteCount(depth: 3, payloadCapacity: 5000) == 3 * 3 * 4096)
        var regions: [Range<UInt>] = []
        for entry in 0..<3 {
            let payload = unsafe UInt(bitPattern: buffers.payload(of: entry))
            let scratch = unsafe buffers.scratch(of: entry)
            let header = unsafe UInt(bitPattern: buffers.header(of: entry))
            let scratchStart = UInt(bitPattern: scratch.baseAddress)
            #expect(payload % 4096 == 0)
            regions.append(header..<header + 288)
            regions.append(scratchStart..<scratchStart + UInt(scratch.count))
            regions.append(payload - UInt(EntryBuffers.deviceHead)..<payload + 8192)
        }
        for (index, region) in regions.enumerated() {
            #expect(!regions[..<index].contains { $0.overlaps(region) })
        }
    }

    // MARK: User data

    @Test func completionTags() {
        for tag in [CompletionTag.request, .operation, .wake, .ignored] {
            for value in [0, 1, 1 << 40, (1 << 56) - 1] as [UInt64] {
                #expect(CompletionTag.tag(of: tag.userData(value)) == tag)
                #expect(CompletionTag.value(of: tag.userData(value)) == value)
            }
        }
        #expect(CompletionTag.tag(of: 0) == nil)
        #expect(CompletionTag.tag(of: .max) == nil)
    }

    // MARK: Device format

    /// Where the fixed part ends, or that the bytes are no request.
    @Test func deviceFormat() {
        let format = DeviceFormat(agreedSession())
        func size(_ bytes: [UInt8]) -> Int? { unsafe bytes.withUnsafeBytes { unsafe format.argumentSize($0) } }
        let write = KernelRequest.write(2, to: 1, [1, 2, 3]).message
        #expect(size(write) == 40)
        #expect(size(KernelRequest(opcode: 1, unique: 2, payload: [65, 0]).message) == 0)
        #expect(size(KernelRequest(opcode: 16, unique: 2, argument: [1, 2]).message) == 2)
        #expect(size(KernelRequest(opcode: 99, unique: 2, argument: [1, 2]).message) == 0)
        #expect(size(Array(write.dropLast())) == nil)
        #expect(size(write + [0]) == nil)
        #expect(size([UInt8](repeating: 0, count: 39)) == nil)
        #expect(size([]) == nil)
    }

    // MARK: Reasons

    private func isOneHelpfulLine(_ text: String) -> Bool {
        !text.isEmpty && !text.contains("\n") && text.contains(": ")
    }

    @Test func whyTheRingIsNotOffered() {
        let old = RingUnavailable.notOffered(kernelMinor: 41)
        #expect(old == "this kernel speaks FUSE 7.41 and the ring needs 7.42: use Linux 6.14 or newer")
        let expected =
            switch SystemFile.text(of: "/sys/module/fuse/parameters/enable_uring") {
            case nil: "CONFIG_FUSE_IO_URING"
            case "Y": "mount again"
            default: "echo Y > /sys/module/fuse/parameters/enable_uring"
            }
        let new = RingUnavailable.notOffered(kernelMinor: 42)
        #expect(new.contains(expected))
        #expect(isOneHelpfulLine(new))
    }

    @Test(arguments: [
        (Errno.noFunction, "CONFIG_IO_URING"), (.notPermitted, "io_uring"), (.permissionDenied, "io_uring"),
        (.noMemory, "RLIMIT_MEMLOCK"), (.tooManyOpenFiles, "RLIMIT_NOFILE"),
        (.tooManyOpenFilesInSystem, "RLIMIT_NOFILE"), (.invalidArgument, "Linux 6.14"),
    ])
    func whyTheRingCannotBeSetUp(_ error: Errno, _ expected: String) {
        let text = RingUnavailable.setUp(error)
        #expect(text.contains(expected))
        #expect(isOneHelpfulLine(text))
    }

    @Test func otherReasonsNameTheError() {
        #expect(RingUnavailable.setUp(.ioError).contains("\(Errno.ioError)"))
        #expect(RingUnavailable.registration(.noMemory).contains("\(Errno.noMemory)"))
    }

    // MARK: Threads

    /// A thread that nobody joins keeps its stack mapped for ever, unless it is detached.
    @Test func cancelledSessionsLeaveNoThreads() async throws {
        func mapped() throws -> Int {
            let text = try #require(SystemFile.text(of: "/proc/self/statm"))
            return try #require(text.split(separator: " ").first.flatMap { Int($0) }) * 4096
        }
        let before = try mapped()
        for _ in 0..<1000 {
            await Task {
                unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
                try? await Session(ScriptedBackend(), at: "/nonexistent/mount-point").run { _ in }
            }.value
        }
        // Stacks are 8 MiB: 8 GB, were they all left. Other tests beside this one map memory, too.
        #expect(try mapped() - before < 5 << 30)
    }
}
