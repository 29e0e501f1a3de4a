import FileSystems
import RingFUSE
import SystemPackage
import TestSupport
import Testing

@testable import NetworkStore

/// Locks that hold for all mounts of a volume, of two sessions on a real server.
@Suite(.timeLimit(.minutes(5))) struct SharedLocksTests {
    @Test func excludeAndTell() async throws {
        try await LockPair.run { pair in
            #expect(await pair.set(0, FileLock(.write, 0, 9), on: pair.file(1)) == nil)
            // An owner of the same number on another mount is another one.
            for owner in [1, 2] as [UInt64] {
                let refused = await pair.set(1, FileLock(.read, 5, 5), on: pair.file(owner))
                #expect(refused == .resourceTemporarilyUnavailable)
            }
            let asked = FileLock(.read, 3, 99)
            // Processes of other machines have no number here.
            let foreign = try await pair.locks[1].conflict(with: asked, on: pair.file(1))
            #expect(foreign == FileLock(kind: .write, start: 0, end: 9, processID: 0))
            let own = try await pair.locks[0].conflict(with: asked, on: pair.file(2))
            #expect(own == FileLock(kind: .write, start: 0, end: 9, processID: 7))
            #expect(try await pair.locks[0].conflict(with: asked, on: pair.file(1)) == nil)
            #expect(try await pair.locks[1].conflict(with: asked, on: pair.file(1, 1)) == nil)
            #expect(await pair.set(1, FileLock(.write, 10, 10), on: pair.file(1)) == nil)
            #expect(await pair.set(1, FileLock(.write, 5, 4), on: pair.file(1)) == .invalidArgument)
            #expect(await pair.set(1, FileLock(.write, 0, UInt64.max), on: pair.file(1)) == .invalidArgument)
        }
    }

    /// Random locks of two sessions' owners on two files, each step held against the same on the rules for one mount.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func areAsThoseOfOneMount(_ seed: UInt64) async throws {
        try await LockPair.run { pair in
            var random = Seeded(seed: seed)
            let reference = LockTable()
            var (granted, refused) = (0, 0)
            for step in 0..<150 {
                let session = Int.random(in: 0..<2, using: &random)
                let owner = UInt64.random(in: 1...3, using: &random)
                let file = Int.random(in: 0..<2, using: &random)
                let mine = pair.file(owner, file, handle: owner)
                // One mount has owners of other numbers for it.
                let other = owner + 10 * UInt64(session)
                let theirs = pair.file(other, file, handle: other)
                let start = UInt64.random(in: 0..<12, using: &random)
                let isOpen = Bool.random(using: &random)
                let end = isOpen ? UInt64(Int64.max) : UInt64.random(in: start..<16, using: &random)
                let kind = [FileLock.Kind.read, .write, .write, .unlock].randomElement(using: &random) ?? .read
                switch Int.random(in: 0..<10, using: &random) {
                case 0:
                    await pair.locks[session].closed(mine)
                    reference.closed(theirs)
                case 1:
                    await pair.locks[session].released(mine)
                    reference.released(theirs)
                case 2:
                    let lock = FileLock(kind == .unlock ? .write : kind, start, end)
                    let found = try await pair.locks[session].conflict(with: lock, on: mine)
                    let expected = try reference.conflict(with: lock, on: theirs)
                    #expect(found?.kind == expected?.kind && found?.start == expected?.start, "step \(step)")
                    #expect(found?.end == expected?.end, "step \(step)")
                default:
                    let lock = Int.random(in: 0..<4, using: &random) == 0 ? .whole(kind) : FileLock(kind, start, end)
                    // Those of `flock` are the open file's, and no process's.
                    let shift: UInt64 = lock.isWholeFile ? 5 : 0
                    let (one, another) = (
                        pair.file(owner + shift, file, handle: owner), pair.file(other + shift, file, handle: other)
                    )
                    let result = await pair.set(session, lock, on: one)
                    let expected = await errno { try await reference.set(lock, on: another, waits: false) }
                    #expect(result == expected, "step \(step): \(lock) by \(other)")
                    if result == nil { granted += 1 } else { refused += 1 }
                }
            }
            #expect(granted > 30 && refused > 10, "\(granted), \(refused)")
            #expect(try await pair.lockCount() == Int64(reference.counts.locks))
        }
    }

    // MARK: Waiting

    /// No tick helps: whoever unlocks tells.
    @Test func whoWaitsIsTold() async throws {
        try await LockPair.run(ticks: false) { pair in
            for (holder, waiter) in [(0, 1), (1, 0), (0, 0)] {
                let file = pair.file(5)
                #expect(await pair.set(holder, FileLock(.write, 0, 9), on: file) == nil)
                let ranges = try await pair.waiting(waiter, FileLock(.read, 9, 20), on: pair.file(6))
                #expect(await pair.set(holder, .whole(.write), on: pair.file(5, 1, handle: 1)) == nil)
                let whole = try await pair.waiting(waiter, .whole(.read), on: pair.file(6, 1, handle: 2))
                // Where it only gets smaller that may do.
                #expect(await pair.set(holder, FileLock(.unlock, 9, 9), on: file) == nil)
                #expect(await ranges.value == nil)
                await pair.locks[holder].released(pair.file(0, 1, handle: 1))
                #expect(await whole.value == nil)
                await pair.locks[holder].closed(file)
                await pair.locks[waiter].closed(pair.file(6))
                await pair.locks[waiter].released(pair.file(0, 1, handle: 2))
                #expect(try await pair.lockCount() == 0)
                #expect(try await pair.waitCount() == 0)
            }
        }
    }

    @Test func canBeInterrupted() async throws {
        try await LockPair.run { pair in
            #expect(await pair.set(0, FileLock(.write, 0, 9), on: pair.file(1)) == nil)
            let waiter = try await pair.waiting(1, FileLock(.write, 0, 9), on: pair.file(2))
            waiter.cancel()
            #expect(await waiter.value == .interrupted)
            #expect(try await pair.waitCount() == 0)
            await pair.locks[0].closed(pair.file(1))
            #expect(try await pair.lockCount() == 0, "nobody has got what was not waited for any more")
            // What can be had is given, cancelled or not.
            let late = Task {
                while !Task.isCancelled { await Task.yield() }
                return await errno {
                    _ = try await pair.locks[1].set(FileLock(.write, 0, 9), on: pair.file(2), waits: true)
                }
            }
            late.cancel()
            #expect(await late.value == nil)
        }
    }

    /// Circles over files and sessions are found, by whoever closes them.
    @Test func findCircles() async throws {
        try await LockPair.run { pair in
            #expect(await pair.set(0, FileLock(.write, 0, 0), on: pair.file(1)) == nil)
            #expect(await pair.set(1, FileLock(.write, 1, 1), on: pair.file(2)) == nil)
            #expect(await pair.set(0, FileLock(.write, 0, 0), on: pair.file(3, 1)) == nil)
            let first = try await pair.waiting(0, FileLock(.write, 1, 1), on: pair.file(1))
            let second = try await pair.waiting(1, FileLock(.write, 0, 0), on: pair.file(2, 1))
            let third = await errno {
                _ = try await pair.locks[0].set(FileLock(.write, 0, 0), on: pair.file(3), waits: true)
            }
            #expect(third == .deadlock)
            #expect(
                await pair.set(0, FileLock(.write, 0, 0), on: pair.file(3)) == .resourceTemporarilyUnavailable,
                "what does not wait makes no circle")
            await pair.locks[0].closed(pair.file(3, 1))
            #expect(await second.value == nil)
            await pair.locks[1].closed(pair.file(2))
            #expect(await first.value == nil)
            #expect(try await pair.waitCount() == 0)
        }
    }

    /// Readers that follow each other, one always before the last has gone, do not keep a writer out.
    @Test func writersAreNotKeptOut() async throws {
        try await LockPair.run { pair in
            let isDone = Locked(false)
            await withTaskGroup(of: Void.self) { group in
                let starts = Locked(0)
                for reader in 0..<3 as Range<UInt64> {
                    group.addTask {
                        let file = pair.file(10 + reader)
                        while !isDone.withLock({ $0 }) {
                            let error = await errno {
                                _ = try await pair.locks[0].set(FileLock(.read, 0, 9), on: file, waits: true)
                            }
                            #expect(error == nil)
                            starts.withLock { $0 += 1 }
                            // Until the next one has come, or waits behind the writer.
                            let before = starts.withLock { $0 }
                            for _ in 0..<10 where starts.withLock({ $0 }) == before {
                                try? await Task.sleep(for: .milliseconds(10))
                            }
                            await pair.locks[0].closed(file)
                        }
                    }
                }
                group.addTask {
                    while starts.withLock({ $0 }) < 5 { try? await Task.sleep(for: .milliseconds(5)) }
                    let error = await errno {
                        _ = try await pair.locks[1].set(FileLock(.write, 0, 9), on: pair.file(1), waits: true)
                    }
                    #expect(error == nil)
                    isDone.withLock { $0 = true }
                    await pair.locks[1].closed(pair.file(1))
                }
            }
            let left = try await pair.lockCount()
            #expect(left == 0)
        }
    }

    @Test func limitThoseWhoWait() async throws {
        try await LockPair.run { pair in
            pair.locks[1].limitSeats(to: 1)
            #expect(await pair.set(0, FileLock(.write, 0, 9), on: pair.file(1)) == nil)
            let waiter = try await pair.waiting(1, FileLock(.write, 0, 9), on: pair.file(1))
            let refused = await errno {
                _ = try await pair.locks[1].set(FileLock(.write, 0, 9), on: pair.file(2), waits: true)
            }
            #expect(refused == .noLocks)
            await pair.locks[0].closed(pair.file(1))
            #expect(await waiter.value == nil)
            await pair.locks[1].closed(pair.file(1))
            let served = await errno {
                _ = try await pair.locks[1].set(FileLock(.write, 0, 9), on: pair.file(2), waits: true)
            }
            #expect(served == nil, "a seat that was left is free")
        }
    }
}
