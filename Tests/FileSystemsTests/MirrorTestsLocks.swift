import CRingFUSE
import FileSystems
import Glibc
import RingFUSE
import SystemPackage
import Testing

/// Locks that the source has.
struct MirrorTestsLocks {
    let fixture: MirrorFixture
    /// Opened by two programs.
    let first: OpenFile
    let second: OpenFile

    init() throws {
        fixture = try MirrorFixture(options: .init(locks: .source))
        try fixture.put("0123456789", at: "file")
        let node = try fixture.lookUp("file").node
        first = try fixture.open(node)
        second = try fixture.open(node)
    }

    /// An open file in the hands of an owner.
    private func by(_ owner: UInt64, _ file: OpenFile? = nil) -> OpenFile {
        var file = file ?? first
        file.lockOwner = owner
        return file
    }

    private func lock(_ kind: FileLock.Kind, _ start: UInt64, _ end: UInt64, process: UInt32 = 0) -> FileLock {
        FileLock(kind: kind, start: start, end: end, processID: process)
    }

    /// Sets a lock for an owner.
    private func set(
        _ lock: FileLock,
        _ owner: UInt64,
        _ file: OpenFile? = nil,
        waits: Bool = false
    ) async throws(Errno) {
        try await fixture.mirror.setLock(lock, on: by(owner, file), waits: waits, fixture.context())
    }

    /// What stands in the way of an owner.
    private func conflict(_ lock: FileLock, _ owner: UInt64) throws(Errno) -> FileLock? {
        try fixture.mirror.conflict(with: lock, on: by(owner), fixture.context())
    }

    /// Tries to lock bytes of the source itself, as a program there would; the errno, or 0.
    private func lockSource(_ descriptor: CInt, _ kind: UInt32, _ start: UInt64, _ end: UInt64) -> Int {
        var lock = rfuse_lock(kind: kind, process: 0, start: start, end: end)
        return unsafe -rfuse_set_lock(descriptor, &lock)
    }

    private func openSource() throws -> CInt {
        let descriptor = unsafe Glibc.open(fixture.path + "/file", O_RDWR | O_CLOEXEC)
        try #require(descriptor >= 0)
        return descriptor
    }

    @Test func keepOthersOut() async throws {
        try await set(lock(.write, 0, 9, process: 77), 1)
        // Its own is in nobody's way, and may change.
        try await set(lock(.read, 0, 4), 1)
        await #expect(throws: Errno.resourceTemporarilyUnavailable) { try await set(lock(.write, 0, 0), 2) }
        await #expect(throws: Errno.resourceTemporarilyUnavailable) { try await set(lock(.read, 9, 9), 2) }
        try await set(lock(.read, 2, 4), 2)
        let found = try #require(try conflict(lock(.write, 5, .init(Int64.max)), 2))
        #expect(found.kind == .write)
        #expect(found.start == 5)
        #expect(found.end == 9)
        #expect(try conflict(lock(.write, 10, 20), 2) == nil)
        // A hole in the middle.
        try await set(lock(.unlock, 6, 7), 1)
        try await set(lock(.write, 6, 7), 2)
        await #expect(throws: Errno.resourceTemporarilyUnavailable) { try await set(lock(.write, 8, 8), 2) }
    }

    @Test func tellWhoHoldsThem() async throws {
        try await set(lock(.write, 0, 9, process: 77), 1)
        #expect(try conflict(lock(.read, 3, 3), 2)?.processID == 77)
    }

    @Test func areSeenInTheSource() async throws {
        let source = try openSource()
        defer { close(source) }
        try await set(lock(.write, 0, 4), 1)
        #expect(lockSource(source, 0, 4, 4) == Int(EAGAIN))
        #expect(lockSource(source, 1, 5, 9) == 0)
        // And the source's here.
        await #expect(throws: Errno.resourceTemporarilyUnavailable) { try await set(lock(.read, 9, 9), 1) }
        #expect(try conflict(lock(.read, 9, 9), 1)?.start == 5)
        #expect(lockSource(source, 2, 5, 9) == 0)
        try await set(lock(.read, 9, 9), 1)
    }

    @Test func endWhenTheOwnerClosesTheFile() async throws {
        let source = try openSource()
        defer { close(source) }
        try await set(lock(.write, 0, 9), 1)
        // Another owner's closing ends nothing; the owner's does, through whatever open file.
        try await fixture.mirror.flush(by(2, second), fixture.context())
        #expect(lockSource(source, 1, 0, 9) == Int(EAGAIN))
        try await fixture.mirror.flush(by(1, second), fixture.context())
        #expect(lockSource(source, 1, 0, 9) == 0)
        #expect(lockSource(source, 2, 0, 9) == 0)
        // Locks of the open file itself have no process that closes it.
        try await set(lock(.write, 0, 9), 3)
        try await fixture.mirror.release(first, fixture.context())
        #expect(lockSource(source, 1, 0, 9) == 0)
        #expect(fixture.descriptorCount() <= 5)
    }

    @Test func areWaitedFor() async throws {
        try await set(lock(.write, 0, 9), 1)
        let waiting = Task { try await set(lock(.write, 5, 5), 2, waits: true) }
        try await Task.sleep(for: .milliseconds(50))
        try await set(lock(.unlock, 0, 9), 1)
        try await waiting.value
        await #expect(throws: Errno.resourceTemporarilyUnavailable) { try await set(lock(.write, 5, 5), 1) }
    }

    @Test func endWaitingWhenInterrupted() async throws {
        try await set(lock(.write, 0, 9), 1)
        let waiting = Task { try await set(lock(.write, 5, 5), 2, waits: true) }
        try await Task.sleep(for: .milliseconds(30))
        waiting.cancel()
        await #expect(throws: Errno.interrupted) { try await waiting.value }
    }

    @Test func findCircles() async throws {
        try await set(lock(.write, 0, 0), 1)
        try await set(lock(.write, 1, 1), 2)
        try await set(lock(.write, 2, 2), 3)
        let second = Task { try await set(lock(.write, 2, 2), 2, waits: true) }
        let third = Task { try await set(lock(.write, 0, 0), 3, waits: true) }
        try await Task.sleep(for: .milliseconds(100))
        await #expect(throws: Errno.deadlock) { try await set(lock(.write, 1, 1), 1, waits: true) }
        try await set(lock(.unlock, 0, 0), 1)
        try await third.value
        try await set(lock(.unlock, 2, 2), 3)
        try await second.value
    }

    @Test func boundWaiting() async throws {
        let fixture = try MirrorFixture(options: .init(locks: .source, mostLockWaits: 0))
        let (_, file) = try fixture.create("file")
        let owners = [1, 2].map { OpenFile(node: file.node, handle: file.handle, lockOwner: $0) }
        try await fixture.mirror.setLock(lock(.write, 0, 0), on: owners[0], waits: true, fixture.context())
        await #expect(throws: Errno.noLocks) {
            try await fixture.mirror.setLock(lock(.write, 0, 0), on: owners[1], waits: true, fixture.context())
        }
    }

    @Test func ofWholeFiles() async throws {
        let source = try openSource()
        defer { close(source) }
        var whole = FileLock(kind: .write, start: 0, end: .init(Int64.max), isWholeFile: true)
        try await set(whole, 1, first)
        await #expect(throws: Errno.resourceTemporarilyUnavailable) { try await set(whole, 2, second) }
        #expect(flock(source, LOCK_SH | LOCK_NB) == -1)
        // The other kind of lock is another matter.
        try await set(lock(.write, 0, 9), 2)
        whole.kind = .read
        try await set(whole, 1, first)
        #expect(flock(source, LOCK_SH | LOCK_NB) == 0)
        try await set(whole, 2, second)
        whole.kind = .unlock
        try await set(whole, 1, first)
        #expect(flock(source, LOCK_EX | LOCK_NB) == -1)
        try await fixture.mirror.release(second, fixture.context())
        #expect(flock(source, LOCK_EX | LOCK_NB) == 0)
    }

    @Test func areTheKernelsUnlessAskedFor() throws {
        let plain = try MirrorFixture()
        #expect(plain.mirror.features.isDisjoint(with: [.posixLocks, .fileLocks]))
        #expect(fixture.mirror.features.isSuperset(of: [.posixLocks, .fileLocks]))
    }
}
