import CRingFUSE
import Glibc
import RingFUSE
import SystemPackage
import Testing

/// Workers of a program's own, with a ring and without: what they run, and their ends.
@Suite struct BackgroundWorkerTests {
    /// Runs something on a worker of each kind.
    private func onEach(_ body: (BackgroundWorker) async throws -> Void) async throws {
        for engine in [BackgroundWorker.Engine.automatic, .threads] {
            let worker = try BackgroundWorker(engine: engine)
            try await body(worker)
            await worker.shutDown()
        }
    }

    @Test func threadsAreUsedWhereTheyAreWanted() async throws {
        let worker = try BackgroundWorker(engine: .threads)
        #expect(!worker.usesRing)
        await worker.shutDown()
    }

    /// Everything runs on the worker's thread, also after an operation, and the caller's goes on elsewhere.
    @Test func runsOnOneThread() async throws {
        try await onEach { worker in
            let before = await worker.run { _ in rfuse_thread_id() }
            let threads = try await worker.run { io throws(Errno) in
                var all: Set<CInt> = [rfuse_thread_id()]
                try await io.sleep(for: .milliseconds(1))
                all.insert(rfuse_thread_id())
                await Task.yield()
                all.insert(rfuse_thread_id())
                return all
            }
            #expect(threads == [before])
            #expect(before != getpid() && rfuse_thread_id() != before)
        }
    }

    /// Errors come out typed.
    @Test func throwsWhatTheBodyThrows() async throws {
        try await onEach { worker in
            do throws(Errno) {
                try await worker.run { io throws(Errno) in try await io.close(FileDescriptor(rawValue: -1)) }
                Issue.record("closed nothing")
            } catch {
                #expect(error == .badFileDescriptor)
            }
        }
    }

    /// Many tasks wait at a time, on one thread: each sleeps longer than all could one after the other.
    @Test func manyTasksAtATime() async throws {
        try await onEach { worker in
            let arrived = Sum()
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        await worker.run { io in
                            arrived.add(1)
                            while arrived.count < 200 { try? await io.sleep(for: .milliseconds(1)) }
                        }
                    }
                }
            }
            #expect(arrived.count == 200)
        }
    }

    @Test func cancellationReachesOperations() async throws {
        try await onEach { worker in
            let started = Sum()
            let task = Task {
                await worker.run { io -> Errno? in
                    started.add(1)
                    do throws(Errno) {
                        try await io.sleep(for: .seconds(3600))
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            while started.count == 0 { await Task.yield() }
            task.cancel()
            #expect(await task.value == .canceled)
        }
    }

    /// Shutting down waits for what runs.
    @Test func shuttingDownWaits() async throws {
        for engine in [BackgroundWorker.Engine.automatic, .threads] {
            let worker = try BackgroundWorker(engine: engine)
            let ended = Sum()
            let started = Sum()
            let task = Task {
                await worker.run { io in
                    started.add(1)
                    try? await io.sleep(for: .milliseconds(30))
                    ended.add(1)
                }
            }
            while started.count == 0 { await Task.yield() }
            await worker.shutDown()
            #expect(ended.count == 1)
            await task.value
            // Twice does no harm.
            await worker.shutDown()
        }
    }

    /// What is started is waited for, too, and keeps the worker.
    @Test func startedTasks() async throws {
        for engine in [BackgroundWorker.Engine.automatic, .threads] {
            let ended = Sum()
            let worker = try BackgroundWorker(engine: engine)
            for _ in 0..<10 {
                worker.start { io in
                    try? await io.sleep(for: .milliseconds(20))
                    ended.add(1)
                }
            }
            await worker.shutDown()
            #expect(ended.count == 10)
        }
    }

    /// What a task starts while all are waited for is waited for, too.
    @Test func startedWhileShuttingDown() async throws {
        for engine in [BackgroundWorker.Engine.automatic, .threads] {
            let ended = Sum()
            let worker = try BackgroundWorker(engine: engine)
            worker.start { io in
                // By then the worker is being shut down.
                try? await io.sleep(for: .milliseconds(50))
                worker.start { io in
                    try? await io.sleep(for: .milliseconds(20))
                    ended.add(1)
                }
                ended.add(1)
            }
            await worker.shutDown()
            #expect(ended.count == 2)
        }
    }

    /// One that is forgotten ends its thread.
    @Test func aForgottenWorkerEnds() async throws {
        let name = "rf-forgotten"
        for engine in [BackgroundWorker.Engine.automatic, .threads] {
            do {
                let worker = try BackgroundWorker(name: name, engine: engine)
                _ = await worker.run { _ in 0 }
                #expect(threadCount(named: name) == 1)
            }
            while threadCount(named: name) > 0 { try await Task.sleep(for: .milliseconds(1)) }
        }
    }

    /// Actors with an executor of their own are no obstacle.
    @Test @MainActor func fromTheMainActor() async throws {
        let worker = try BackgroundWorker()
        let thread = await worker.run { _ in rfuse_thread_id() }
        #expect(thread != rfuse_thread_id())
        await worker.shutDown()
    }

    /// Threads of this process with a name.
    private func threadCount(named name: String) -> Int {
        guard let directory = unsafe opendir("/proc/self/task") else { return -1 }
        defer { unsafe closedir(directory) }
        var count = 0
        while let entry = unsafe readdir(directory) {
            let thread = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let file = try? FileDescriptor.open(FilePath("/proc/self/task/\(thread)/comm"), .readOnly) else {
                continue
            }
            defer { try? file.close() }
            var text = [UInt8](repeating: 0, count: 32)
            let length = unsafe text.withUnsafeMutableBytes { unsafe (try? file.read(into: $0)) ?? 0 }
            if String(decoding: text[..<length], as: UTF8.self) == name + "\n" { count += 1 }
        }
        return count
    }
}
