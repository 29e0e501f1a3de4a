import Glibc
import RingFUSE
import Synchronization
import SystemPackage
import Testing

/// The engine without a ring, and its pool of threads.
struct MirrorTestsThreadPool {
    /// A pipe whose ends close with it.
    private final class Pipe: Sendable {
        let reading: FileDescriptor
        let writing: FileDescriptor

        init() throws { (reading, writing) = try FileDescriptor.pipe() }

        deinit {
            try? reading.close()
            try? writing.close()
        }
    }

    /// Reads one byte, for as long as none comes.
    private static func readByte(_ pipe: Pipe, _ engine: ThreadPoolIO) async throws(Errno) -> UInt8 {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1, alignment: 1)
        defer { unsafe memory.deallocate() }
        let address = UInt(bitPattern: memory.baseAddress)
        let count = try await engine.perform(
            IOOperation(.read, file: pipe.reading.rawValue, address: address, length: 1, offset: .max)
        )
        guard count == 1 else { throw .ioError }
        return unsafe memory[0]
    }

    @Test func tellsErrors() async throws {
        let engine = ThreadPoolIO(ThreadPool(threads: 1))
        await #expect(throws: Errno.badFileDescriptor) {
            _ = try await engine.perform(IOOperation(.read, file: -1, offset: 0))
        }
        await #expect(throws: Errno.badFileDescriptor) { _ = try await engine.perform(IOOperation(.close, file: -1)) }
        await #expect(throws: Errno.badFileDescriptor) {
            _ = try await engine.perform(IOOperation(.synchronize, file: -1))
        }
        await #expect(throws: Errno.badFileDescriptor) {
            _ = try await engine.perform(IOOperation(.allocate, file: -1, address: 1, offset: 0))
        }
        let pipe = try Pipe()
        await #expect(throws: Errno.illegalSeek) {
            _ = try await engine.perform(IOOperation(.write, file: pipe.writing.rawValue, offset: 5))
        }
    }

    @Test func opensAndTellsStatus() async throws {
        let engine = ThreadPoolIO(ThreadPool(threads: 1))
        let asynchronous = AsyncIO(engine)
        let path = "/proc/self/status".utf8CString
        let name = UnsafeMutableBufferPointer<CChar>.allocate(capacity: path.count)
        defer { unsafe name.deallocate() }
        _ = unsafe name.initialize(from: path)
        let pointer = unsafe UnsafePointer(name.baseAddress.unsafelyUnwrapped)
        let descriptor = try unsafe await asynchronous.open(
            pointer,
            in: FileDescriptor(rawValue: AT_FDCWD),
            flags: O_RDONLY
        )
        #expect(fcntl(descriptor.rawValue, F_GETFD) & FD_CLOEXEC != 0)
        try await asynchronous.close(descriptor)
        let status = UnsafeMutableRawBufferPointer.allocate(byteCount: 256, alignment: 8)
        defer { unsafe status.deallocate() }
        unsafe status.initializeMemory(as: UInt8.self, repeating: 0)
        try unsafe await asynchronous.statx(
            pointer,
            in: FileDescriptor(rawValue: AT_FDCWD),
            flags: 0,
            mask: 0x7ff,
            into: status.baseAddress.unsafelyUnwrapped
        )
        // stx_mode, after mask, block size, attributes, links, owner and group.
        #expect(unsafe status.load(fromByteOffset: 28, as: UInt16.self) == 0o100444)
    }

    @Test func carriesOutSeveralAtOnce() async throws {
        let engine = ThreadPoolIO(ThreadPool(threads: 3))
        let pipes = try (0..<3).map { _ in try Pipe() }
        // The first two would block a single thread for good.
        let sum = try await withThrowingTaskGroup(of: UInt8.self) { group in
            for pipe in pipes { group.addTask { try await Self.readByte(pipe, engine) } }
            for (index, pipe) in pipes.enumerated().reversed() {
                try pipe.writing.writeAll([UInt8(index + 1)])
            }
            var sum: UInt8 = 0
            for try await byte in group { sum += byte }
            return sum
        }
        #expect(sum == 6)
    }

    @Test func dropsWhatHasNotBegun() async throws {
        let engine = ThreadPoolIO(ThreadPool(threads: 1))
        let first = try Pipe()
        let second = try Pipe()
        let running = Task { try await Self.readByte(first, engine) }
        // The only thread is taken once the second operation has to wait; whichever comes first, it never gets a byte.
        try await Task.sleep(for: .milliseconds(50))
        let waiting = Task { try await Self.readByte(second, engine) }
        try await Task.sleep(for: .milliseconds(50))
        waiting.cancel()
        await #expect(throws: Errno.canceled) { _ = try await waiting.value }
        // What runs is waited for, cancelled or not: its buffer is lent.
        running.cancel()
        try await Task.sleep(for: .milliseconds(50))
        try first.writing.writeAll([7])
        #expect(try await running.value == 7)
        // The thread passes over the dropped one.
        try second.writing.writeAll([8])
        #expect(try await Self.readByte(second, engine) == 8)
    }

    @Test func dropsNothingThatCloses() async throws {
        let engine = ThreadPoolIO(ThreadPool(threads: 1))
        let descriptor = try FileDescriptor.open(FilePath("/dev/null"), .readOnly)
        let closing = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await engine.perform(IOOperation(.close, file: descriptor.rawValue))
        }
        let reading = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await engine.perform(IOOperation(.synchronize, file: -1))
        }
        closing.cancel()
        reading.cancel()
        #expect(try await closing.value == 0)
        await #expect(throws: Errno.canceled) { _ = try await reading.value }
    }

    @Test func shutDownCarriesOutWhatWaits() async throws {
        let pool = ThreadPool(threads: 2)
        let done = Counter()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    _ = try? await pool.run {
                        done.value.add(1, ordering: .relaxed)
                        return 0
                    }
                }
            }
        }
        #expect(done.value.load(ordering: .relaxed) == 100)
        pool.shutDown()
        await #expect(throws: Errno.canceled) { _ = try await pool.run { 0 } }
        pool.shutDown()
    }

    /// Counts.
    private final class Counter: Sendable {
        let value = Atomic(0)
    }
}
