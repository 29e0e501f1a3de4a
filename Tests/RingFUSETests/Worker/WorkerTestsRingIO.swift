import CRingFUSE
import Glibc
import Synchronization
import SystemPackage
import Testing

@testable import RingFUSE

/// Asynchronous operations on a fake ring: slots, cancellation, errors.
@Suite struct WorkerTestsRingIO {
    private typealias Bench = RingIOBench

    private let read = IOOperation(.read, file: 5, address: 0x1000, length: 512, offset: 4096)

    /// A slot is used again, and never by the same user data.
    @Test func slotsAreReused() throws {
        let bench = try Bench()
        var seen: [FakeOperation] = []
        for number in 0..<5 {
            bench.start(number, read)
            let operation = try #require(bench.kernel.operations.first)
            seen.append(operation)
            #expect(bench.io.isActive)
            bench.kernel.complete(operation, Int32(number))
            bench.settle()
            #expect(!bench.io.isActive)
        }
        #expect(Set(seen.map(\.slot)).count == 1)
        #expect(Set(seen.map(\.generation)).count == 5)
        #expect(bench.results.byNumber == [0: 0, 1: 1, 2: 2, 3: 3, 4: 4])
    }

    /// More operations than slots: there are more slots, and each result finds its operation.
    @Test func manyAtOnce() throws {
        let bench = try Bench()
        for number in 0..<300 {
            bench.start(number, IOOperation(.read, file: Int32(number), length: 512))
        }
        #expect(bench.kernel.operations.count == 300)
        #expect(Set(bench.kernel.operations.map(\.slot)).count == 300)
        var random = SeededGenerator(state: 4)
        for operation in bench.kernel.operations.shuffled(using: &random) {
            bench.kernel.complete(operation, operation.file)
            bench.settle()
        }
        #expect(bench.results.byNumber == Dictionary(uniqueKeysWithValues: (0..<300).map { ($0, $0) }))
        #expect(!bench.io.isActive)
    }

    @Test func errorsAreThrown() throws {
        let bench = try Bench()
        bench.start(0, read)
        bench.kernel.complete(try #require(bench.kernel.operations.first), -EIO)
        bench.settle()
        #expect(bench.results.byNumber == [0: -Int(EIO)])
    }

    /// What cannot even be queued fails at once, and its slot is free again.
    @Test func queueingFails() throws {
        let bench = try Bench()
        bench.kernel.queueError = -EBUSY
        bench.start(0, read)
        #expect(bench.results.byNumber == [0: -Int(EBUSY)])
        #expect(!bench.io.isActive)
        bench.kernel.queueError = 0
        bench.start(1, read)
        bench.kernel.complete(try #require(bench.kernel.operations.first), 7)
        bench.settle()
        #expect(bench.results.byNumber[1] == 7)
    }

    /// What a sleep waits for is an error of the kernel's.
    @Test func sleepsEndWhenTimeIsUp() throws {
        let bench = try Bench()
        bench.start(0, IOOperation(.sleep, file: -1, length: 1))
        bench.start(1, read)
        for operation in bench.kernel.operations { bench.kernel.complete(operation, -ETIME) }
        bench.settle()
        #expect(bench.results.byNumber == [0: 0, 1: -Int(ETIME)])
    }

    /// EINTR is the worker's affair: the operation is done again.
    @Test func interruptedOperationsAreRepeated() throws {
        let bench = try Bench()
        bench.start(0, read)
        for _ in 0..<3 {
            bench.kernel.complete(try #require(bench.kernel.operations.first), -EINTR)
            bench.settle()
            #expect(bench.results.byNumber.isEmpty)
        }
        bench.kernel.complete(try #require(bench.kernel.operations.first), 512)
        bench.settle()
        #expect(bench.results.byNumber == [0: 512])
    }

    @Test func interruptedAndCancelled() throws {
        let bench = try Bench()
        bench.kernel.cancelsOperations = false
        let task = bench.start(0, read)
        task.cancel()
        bench.settle()
        bench.kernel.complete(try #require(bench.kernel.operations.first), -EINTR)
        bench.settle()
        #expect(bench.results.byNumber == [0: -Int(EINTR)])
        #expect(bench.kernel.operations.isEmpty)
    }

    /// Cancellation may come from any thread; it goes through the mailbox.
    @Test func cancelledByAnotherThread() throws {
        let bench = try Bench()
        let task = bench.start(0, read)
        bench.start(1, read)
        try onForeignThread { task.cancel() }
        #expect(bench.results.byNumber.isEmpty)
        bench.settle()
        #expect(bench.results.byNumber == [0: -Int(ECANCELED)])
        bench.kernel.complete(try #require(bench.kernel.operations.first), 3)
        bench.settle()
        #expect(bench.results.byNumber[1] == 3)
    }

    /// The kernel was faster: the result counts.
    @Test func cancelledTooLate() throws {
        let bench = try Bench()
        bench.kernel.cancelsOperations = false
        let task = bench.start(0, read)
        task.cancel()
        bench.settle()
        #expect(bench.results.byNumber.isEmpty)
        bench.kernel.complete(try #require(bench.kernel.operations.first), 512)
        bench.settle()
        #expect(bench.results.byNumber == [0: 512])
    }

    /// A cancellation that comes after its operation must not meet the next one in the slot.
    @Test func staleCancellation() throws {
        let bench = try Bench()
        bench.start(0, read)
        let first = try #require(bench.kernel.operations.first)
        bench.kernel.complete(first, 1)
        bench.settle()
        bench.start(1, read)
        let second = try #require(bench.kernel.operations.first)
        #expect(second.slot == first.slot)
        bench.io.cancel(slot: Int(first.slot), generation: UInt32(first.generation))
        bench.io.cancel(slot: 1_000_000, generation: 0)
        #expect(bench.kernel.prepared.isEmpty)
        bench.io.cancel(slot: Int(second.slot), generation: UInt32(second.generation))
        bench.settle()
        #expect(bench.results.byNumber == [0: 1, 1: -Int(ECANCELED)])
    }

    @Test func aTaskThatIsCancelledBeforehand() throws {
        let bench = try Bench()
        let io = bench.io
        let results = bench.results
        let read = read
        let task = Task(executorPreference: bench.executor) {
            while !Task.isCancelled { await Task.yield() }
            do throws(Errno) {
                results.add(0, try await io.perform(read))
            } catch {
                results.add(0, -Int(error.rawValue))
            }
        }
        bench.executor.runJobs()
        task.cancel()
        bench.settle()
        #expect(bench.results.byNumber == [0: -Int(ECANCELED)])
    }

    /// Each kind reaches the ring with its fields in place.
    @Test func fieldsOfEachKind() throws {
        let kinds: [(IOOperation, FakeOperation)] = [
            (
                read,
                FakeOperation(
                    name: "read",
                    file: 5,
                    address: 0x1000,
                    length: 512,
                    offset: 4096,
                    userData: 0
                )
            ),
            (
                IOOperation(.write, file: 6, address: 0x2000, length: 1 << 33, offset: .max),
                FakeOperation(
                    name: "write",
                    file: 6,
                    address: 0x2000,
                    length: Int(UInt32.max),
                    offset: .max,
                    userData: 0
                )
            ),
            (
                IOOperation(.synchronize, file: 7, flags: 1),
                FakeOperation(
                    name: "fsync",
                    file: 7,
                    flags: 1,
                    userData: 0
                )
            ),
            (IOOperation(.synchronize, file: 7), FakeOperation(name: "fsync", file: 7, userData: 0)),
            (
                IOOperation(.allocate, file: 8, address: 1 << 33, offset: 9, flags: 3),
                FakeOperation(
                    name: "fallocate",
                    file: 8,
                    length: 1 << 33,
                    offset: 9,
                    flags: 3,
                    userData: 0
                )
            ),
            (IOOperation(.close, file: 9), FakeOperation(name: "close", file: 9, userData: 0)),
            (
                IOOperation(.open, file: -100, address: 0x3000, length: 0o644, flags: 0o102),
                FakeOperation(
                    name: "openat",
                    file: -100,
                    address: 0x3000,
                    length: 0o644,
                    flags: 0o102,
                    userData: 0
                )
            ),
            (
                IOOperation(.statx, file: 4, address: 0x4000, length: 0x7ff, offset: 0x5000, flags: 0x1000),
                FakeOperation(
                    name: "statx",
                    file: 4,
                    address: 0x4000,
                    length: 0x7ff,
                    offset: 0x5000,
                    flags: 0x1000,
                    userData: 0
                )
            ),
            (
                IOOperation(.sleep, file: -1, length: 3, offset: 4),
                FakeOperation(name: "timeout", file: -1, length: 3, offset: 4, userData: 0)
            ),
        ]
        try expectFields(kinds)
    }

    /// The same for names and sockets.
    @Test func fieldsOfNamesAndSockets() throws {
        try expectFields([
            (
                IOOperation(.rename, file: 3, address: 0x10, length: -100, offset: 0x20, flags: 1),
                FakeOperation(
                    name: "renameat", file: 3, address: 0x10, length: -100, offset: 0x20, flags: 1, userData: 0)
            ),
            (
                IOOperation(.remove, file: 3, address: 0x10, flags: 0x200),
                FakeOperation(name: "unlinkat", file: 3, address: 0x10, flags: 0x200, userData: 0)
            ),
            (
                IOOperation(.makeDirectory, file: 3, address: 0x10, length: 0o700),
                FakeOperation(name: "mkdirat", file: 3, address: 0x10, length: 0o700, userData: 0)
            ),
            (
                IOOperation(.connect, file: 3, address: 0x10, length: 16),
                FakeOperation(name: "connect", file: 3, address: 0x10, length: 16, userData: 0)
            ),
            (
                IOOperation(.send, file: 3, address: 0x10, length: 1 << 33, flags: 2),
                FakeOperation(
                    name: "send", file: 3, address: 0x10, length: Int(UInt32.max), flags: 2, userData: 0)
            ),
            (
                IOOperation(.sendTwo, file: 3, address: 0x10, length: 5, offset: 0x20, flags: 6),
                FakeOperation(
                    name: "sendmsg", file: 3, address: 0x10, length: 5, offset: 0x20, flags: 6, userData: 0)
            ),
            (
                IOOperation(.receive, file: 3, address: 0x10, length: 5, flags: 0x100),
                FakeOperation(name: "recv", file: 3, address: 0x10, length: 5, flags: 0x100, userData: 0)
            ),
            (
                IOOperation(.exchange, file: 3, address: 0x10, length: 5, offset: 0x20, flags: 6),
                FakeOperation(
                    name: "exchange", file: 3, address: 0x10, length: 5, offset: 0x20, flags: 6, userData: 0)
            ),
        ])
    }

    private func expectFields(_ kinds: [(IOOperation, FakeOperation)]) throws {
        let bench = try Bench()
        for (number, (operation, expected)) in kinds.enumerated() {
            bench.start(number, operation)
            var queued = try #require(bench.kernel.operations.first)
            bench.kernel.complete(queued, 0)
            bench.settle()
            queued.userData = 0
            #expect(queued == expected)
        }
        #expect(bench.results.byNumber.count == kinds.count)
    }

    // MARK: Foreign threads

    /// Runs each job on a thread of its own.
    private final class ThreadExecutor: SerialExecutor {
        let jobCount = Atomic(0)

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            jobCount.add(1, ordering: .relaxed)
            try? onForeignThread { unsafe job.runSynchronously(on: self.asUnownedSerialExecutor()) }
        }
    }

    /// A backend's actor that does not run where the task prefers to.
    private actor ForeignActor {
        let executor = ThreadExecutor()

        nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

        func perform(_ operation: IOOperation, _ io: RingIO<FakeRing>) async throws(Errno) -> Int {
            try await io.perform(operation)
        }
    }

    /// Slots and ring are the worker's, also where an actor with an executor of its own asks for an operation.
    @Test(arguments: [IOOperation.Kind.read, .close])
    func foreignActorsAreServedOnTheWorker(_ kind: IOOperation.Kind) throws {
        let bench = try Bench()
        let caller = ForeignActor()
        let (io, results) = (bench.io, bench.results)
        Task(executorPreference: bench.executor) {
            do throws(Errno) {
                results.add(0, try await caller.perform(IOOperation(kind, file: 5), io))
            } catch {
                results.add(0, -Int(error.rawValue))
            }
        }
        bench.settle()
        bench.kernel.complete(try #require(bench.kernel.operations.first), 7)
        bench.settle()
        #expect(bench.results.byNumber == [0: 7])
        #expect(caller.executor.jobCount.load(ordering: .relaxed) > 0, "the actor did not run elsewhere")
        #expect(bench.kernel.operationThreads == [pthread_self()])
    }
}
