import RingFUSE
import SystemPackage
import TestSupport
import Testing

@testable import FileSystems

/// Locks that wait, exclude each other in circles, and end.
@Suite(.timeLimit(.minutes(2))) struct LockTableTests {
    private let table = LockTable()

    private func file(_ owner: UInt64, handle: UInt64 = 0, node: UInt64 = 2) -> OpenFile {
        OpenFile(node: NodeID(node), handle: HandleID(handle), lockOwner: owner)
    }

    private func write(_ start: UInt64, _ end: UInt64) -> FileLock { FileLock(kind: .write, start: start, end: end) }

    private func unlock(_ start: UInt64, _ end: UInt64) -> FileLock {
        FileLock(kind: .unlock, start: start, end: end)
    }

    private func whole(_ kind: FileLock.Kind) -> FileLock {
        FileLock(kind: kind, start: 0, end: UInt64(Int64.max), isWholeFile: true)
    }

    /// Starts a request that has to wait, and waits until it does.
    private func waiting(
        _ lock: FileLock,
        on file: OpenFile,
        _ table: LockTable? = nil
    ) async throws -> Task<Errno?, Never> {
        let table = table ?? self.table
        let before = table.counts.waiters
        let task = Task { await errno { try await table.set(lock, on: file, waits: true) } }
        while table.counts.waiters == before { try await Task.sleep(for: .milliseconds(1)) }
        return task
    }

    @Test func excludesAndTells() async throws {
        try await table.set(write(0, 9), on: file(1), waits: false)
        let refused = await errno { try await table.set(write(5, 5), on: file(2), waits: false) }
        #expect(refused == .resourceTemporarilyUnavailable)
        var asked = FileLock(kind: .read, start: 3, end: 99)
        let found = try table.conflict(with: asked, on: file(2))
        #expect(found == FileLock(kind: .write, start: 0, end: 9))
        #expect(try table.conflict(with: asked, on: file(1)) == nil)
        #expect(try table.conflict(with: asked, on: file(2, node: 3)) == nil)
        asked.start = 10
        #expect(try table.conflict(with: asked, on: file(2)) == nil)
        for (start, end) in [(5, 4), (0, UInt64(Int64.max) + 1)] as [(UInt64, UInt64)] {
            let refused = await errno { try await table.set(write(start, end), on: file(1), waits: false) }
            #expect(refused == .invalidArgument)
        }
    }

    @Test func servesThoseWhoWaitInOrder() async throws {
        try await table.set(write(0, 9), on: file(1), waits: true)
        let second = try await waiting(write(0, 4), on: file(2))
        let third = try await waiting(write(4, 9), on: file(3))
        try await table.set(unlock(0, 9), on: file(1), waits: false)
        #expect(await second.value == nil)
        #expect(table.counts.waiters == 1, "the byte between them is still taken")
        table.closed(file(2))
        #expect(await third.value == nil)
        table.closed(file(3))
        #expect(table.counts == (0, 0))
    }

    @Test func makesRoomForReaders() async throws {
        try await table.set(write(0, 9), on: file(1), waits: false)
        let reader = try await waiting(FileLock(kind: .read, start: 3, end: 3), on: file(2))
        let writer = try await waiting(write(3, 3), on: file(3))
        try await table.set(FileLock(kind: .read, start: 0, end: 9), on: file(1), waits: false)
        #expect(await reader.value == nil)
        table.closed(file(1))
        #expect(table.counts.waiters == 1)
        table.closed(file(2))
        #expect(await writer.value == nil)
    }

    @Test func findsCircles() async throws {
        // 1 waits for 2, who waits for 3, on two files.
        try await table.set(write(0, 0), on: file(1), waits: false)
        try await table.set(write(1, 1), on: file(2), waits: false)
        try await table.set(write(0, 0), on: file(3, node: 3), waits: false)
        let first = try await waiting(write(1, 1), on: file(1))
        let second = try await waiting(write(0, 0), on: file(2, node: 3))
        #expect(await errno { try await table.set(write(0, 0), on: file(3), waits: true) } == .deadlock)
        // Where it does not wait there is no circle.
        let refused = await errno { try await table.set(write(0, 0), on: file(3), waits: false) }
        #expect(refused == .resourceTemporarilyUnavailable)
        table.closed(file(3, node: 3))
        #expect(await second.value == nil)
        table.closed(file(2))
        #expect(await first.value == nil)
    }

    @Test func canBeInterrupted() async throws {
        try await table.set(write(0, 9), on: file(1), waits: false)
        let waiter = try await waiting(write(0, 9), on: file(2))
        waiter.cancel()
        #expect(await waiter.value == .interrupted)
        #expect(table.counts == (1, 0))
        // A request whose task is cancelled already does not wait; but it takes what it can have.
        let table = table
        let (blocked, free) = (file(3), file(3, node: 4))
        let lock = write(0, 9)
        let late = Task {
            while !Task.isCancelled { await Task.yield() }
            let refused = await errno { try await table.set(lock, on: blocked, waits: true) }
            let given = await errno { try await table.set(lock, on: free, waits: true) }
            return [refused, given]
        }
        late.cancel()
        #expect(await late.value == [.interrupted, nil])
    }

    @Test func limitsThoseWhoWaitAndAll() async throws {
        let table = LockTable(waiterLimit: 1, lockLimit: 3)
        try await table.set(write(0, 9), on: file(1), waits: false)
        let waiter = try await waiting(write(0, 0), on: file(2), table)
        #expect(await errno { try await table.set(write(0, 0), on: file(3), waits: true) } == .noLocks)
        table.closed(file(1))
        #expect(await waiter.value == nil)
        try await table.set(write(5, 5), on: file(1), waits: false)
        #expect(await errno { try await table.set(write(7, 7), on: file(1), waits: false) } == .noLocks)
        try await table.set(unlock(5, 5), on: file(1), waits: false)
        try await table.set(write(7, 7), on: file(1), waits: false)
    }

    @Test func keepsWholeFilesApart() async throws {
        try await table.set(whole(.write), on: file(1, handle: 1), waits: false)
        // The other family does not see it.
        try await table.set(write(0, 9), on: file(9), waits: false)
        #expect(
            await errno { try await table.set(whole(.read), on: file(2, handle: 2), waits: false) }
                == .resourceTemporarilyUnavailable)
        try await table.set(whole(.read), on: file(1, handle: 1), waits: false)
        try await table.set(whole(.read), on: file(2, handle: 2), waits: false)
        // Who wants more gives up what it has, and loses it where it cannot have more: flock(2).
        #expect(
            await errno { try await table.set(whole(.write), on: file(1, handle: 1), waits: false) }
                == .resourceTemporarilyUnavailable)
        try await table.set(whole(.write), on: file(2, handle: 2), waits: false)
        // Closing a descriptor leaves it; the end of the open file does not.
        table.closed(file(2, handle: 2))
        let waiter = try await waiting(whole(.write), on: file(1, handle: 1))
        table.released(file(2, handle: 2))
        #expect(await waiter.value == nil)
    }

    @Test func endsWithTheOpenFile() async throws {
        // An open file's own lock: its owner is no process, and no FLUSH names it.
        try await table.set(write(0, 9), on: file(7, handle: 1), waits: false)
        try await table.set(write(20, 29), on: file(8, handle: 2), waits: false)
        table.closed(file(3, handle: 1))
        #expect(table.counts.locks == 2)
        table.released(OpenFile(node: NodeID(2), handle: HandleID(1)))
        #expect(table.counts.locks == 1)
        #expect(try table.conflict(with: write(0, 99), on: file(9))?.start == 20)
    }

    /// Several tasks take and give back random ranges: never two at once, nobody is left waiting.
    @Test func excludesUnderLoad() async throws {
        let table = LockTable(waiterLimit: 100)
        let holders = Counters()
        await withTaskGroup(of: Void.self) { group in
            for owner in 1...8 as ClosedRange<UInt64> {
                group.addTask {
                    var random = Seeded(seed: owner)
                    let file = OpenFile(node: NodeID(2), handle: .none, lockOwner: owner)
                    for _ in 0..<200 {
                        let start = UInt64.random(in: 0..<8, using: &random)
                        let end = UInt64.random(in: start..<8, using: &random)
                        let lock = FileLock(kind: .write, start: start, end: end)
                        guard await errno({ try await table.set(lock, on: file, waits: true) }) == nil else { continue }
                        await holders.enter(start...end)
                        await Task.yield()
                        await holders.leave(start...end)
                        table.closed(file)
                    }
                }
            }
        }
        #expect(await holders.most == 1)
        #expect(table.counts == (0, 0))
    }

    /// How many hold each byte.
    private actor Counters {
        private var counts = [Int](repeating: 0, count: 8)
        private(set) var most = 0

        func enter(_ range: ClosedRange<UInt64>) {
            for byte in range {
                counts[Int(byte)] += 1
                most = max(most, counts[Int(byte)])
            }
        }

        func leave(_ range: ClosedRange<UInt64>) {
            for byte in range { counts[Int(byte)] -= 1 }
        }
    }
}
