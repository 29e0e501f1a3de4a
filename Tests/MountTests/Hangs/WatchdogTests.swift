import FileSystems
import Glibc
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// What hangs is named, while it hangs.
    @Suite
    struct Watching {
        private func configuration(_ way: Way) throws -> SessionConfiguration {
            var configuration = try way.configuration()
            configuration.stuckAfter = .milliseconds(300)
            return configuration
        }

        @Test(arguments: Way.allCases)
        func namesARequest(_ way: Way) async throws {
            let backend = StallingFileSystem()
            try await withMount(backend, configuration: try configuration(way)) { session in
                #expect(try #require(session.statistics).stuckRequests.isEmpty)
                let child = try await ChildProcess.start(
                    ["taskset", "-c", "1", "cat", session.path.appending("slow").string])
                try await eventually("a stuck request") { session.statistics?.stuckRequests.count == 1 }
                let statistics = try #require(session.statistics)
                let request = try #require(statistics.stuckRequests.first)
                #expect(request.opcode == "READ" && request.node == 2 && request.unique != 0)
                #expect(request.command == "cat" && request.processID == UInt32(child.identifier))
                #expect(request.queue == (way == .ring ? 1 : nil))
                #expect(request.worker == (way == .ring ? "ringfuse-ring1" : request.worker))
                #expect(request.age >= 0.3)
                #expect(statistics.stuckWorkers.isEmpty, "the worker serves others")
                #expect(statistics.workers.reduce(0) { $0 + $1.busy } == 1)
                backend.release()
                #expect(try await child.ended().isSuccess)
                try await eventually("nothing to be stuck") { session.statistics?.stuckRequests.isEmpty == true }
            }
        }

        @Test(arguments: Way.allCases)
        func namesAWorker(_ way: Way) async throws {
            let backend = StubbornFileSystem()
            try await withMount(backend, configuration: try configuration(way)) { session in
                let child = try await ChildProcess.start(
                    ["taskset", "-c", "1", "cat", session.path.appending("blocking").string])
                try await eventually("a stuck worker") { session.statistics?.stuckWorkers.count == 1 }
                let worker = try #require(session.statistics?.stuckWorkers.first)
                let request = try #require(session.statistics?.stuckRequests.first)
                #expect(worker.worker == request.worker && worker.age >= 0.3)
                #expect(try threadNames().contains(worker.worker))
                backend.release()
                #expect(try await child.ended().isSuccess)
                try await eventually("nothing to be stuck") { session.statistics?.stuckWorkers.isEmpty == true }
            }
        }

        @Test(arguments: Way.allCases)
        func idleWorkersAreNotStuck(_ way: Way) async throws {
            try await withMount(NullFileSystem(), configuration: try configuration(way)) { session in
                try await session.check("touch f")
                try await Task.sleep(for: .seconds(1))
                let statistics = try #require(session.statistics)
                #expect(statistics.stuckWorkers.isEmpty && statistics.stuckRequests.isEmpty)
            }
        }

        /// A program that waits for a lock waits for another program: that is no fault of the mount, however long it takes; what the
        /// other one waits for is.
        @Test(arguments: Way.allCases)
        func waitingForALockIsNotStuck(_ way: Way) async throws {
            let backend = MemoryFileSystem(byteLimit: 1 << 20, locks: .backend)
            try await withMount(backend, configuration: try configuration(way)) { session in
                let child = try await session.start(
                    """
                    touch f
                    python3 - <<'END'
                    import fcntl, os, time
                    first = os.open('f', os.O_RDWR)
                    fcntl.flock(first, fcntl.LOCK_EX)
                    fcntl.lockf(first, fcntl.LOCK_EX)
                    waiting = []
                    for lock in (fcntl.flock, fcntl.lockf):
                        child = os.fork()
                        if child == 0:
                            lock(os.open('f', os.O_RDWR), fcntl.LOCK_EX)
                            os._exit(0)
                        waiting.append(child)
                    while not os.path.exists(os.environ['OUT'] + '/looked'): time.sleep(0.01)
                    for lock in (fcntl.flock, fcntl.lockf): lock(first, fcntl.LOCK_UN)
                    for child in waiting: assert os.waitpid(child, 0)[1] == 0
                    END
                    """)
                try await eventually("two requests to wait") {
                    session.statistics?.requests["SETLKW"] ?? 0 >= 2
                        && session.statistics?.workers.reduce(0) { $0 + $1.busy } == 2
                }
                try await Task.sleep(for: .seconds(1))
                #expect(try #require(session.statistics).stuckRequests.isEmpty)
                #expect(session.statistics?.workers.reduce(0) { $0 + $1.busy } == 2)
                try await Program.check(script: "touch $OUT/looked", scratch: session.scratch)
                #expect(try await child.ended().isSuccess)
            }
        }

        @Test(arguments: Way.allCases)
        func countsWhatIsServed(_ way: Way) async throws {
            let backend = MemoryFileSystem(byteLimit: 16 << 20)
            try await withMount(backend, configuration: try configuration(way)) { session in
                try await session.check(
                    """
                    dd if=/dev/zero of=f bs=64K count=10 oflag=direct status=none
                    dd if=f of=/dev/null bs=64K count=5 iflag=direct status=none
                    refuses 'No such file' cat missing
                    """)
                let statistics = try #require(session.statistics)
                #expect(statistics.transport == way.rawValue && statistics.processID == getpid())
                #expect(statistics.requests["WRITE"] == 10 && statistics.requests["READ"] == 5)
                #expect(statistics.workers.reduce(0) { $0 + $1.bytesWritten } == 655_360)
                #expect(statistics.workers.reduce(0) { $0 + $1.bytesRead } == 327_680)
                #expect(statistics.workers.contains { $0.errors > 0 && $0.systemCalls > 0 && $0.turns > 0 })
                let total = statistics.requests.values.reduce(0, +)
                #expect(statistics.workers.reduce(0) { $0 + $1.requests } == total)
                #expect(statistics.stuckRequests.isEmpty)
            }
        }

        /// The kernel looks every fifteen seconds (`FUSE_TIMEOUT_TIMER_FREQ`).
        @Test(
            .enabled(if: RequireRing.release >= (6, 15), "this kernel has no timeout of requests"),
            arguments: Way.allCases)
        func theKernelAbortsAfterItsTimeout(_ way: Way) async throws {
            let backend = StallingFileSystem(patience: .seconds(200))
            var configuration = try configuration(way)
            configuration.requestTimeout = 1
            try await withMount(backend, configuration: configuration) { session in
                let child = try await ChildProcess.start(
                    ["cat", session.path.appending("slow").string], limit: .seconds(100))
                let ending = try await child.ended(within: .seconds(90))
                #expect(ending.exitCode == 1 && isDisconnection(ending.text), "\(ending.text)")
                try await session.endedByAbort()
            }
        }
    }
}
