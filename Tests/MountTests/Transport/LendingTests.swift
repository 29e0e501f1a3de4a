import FileSystems
import Glibc
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// Workers that serve entries of each other's queues, as they do where large requests come several at a time.
    @Suite(.enabled(if: Workers.topology.usable.count > 1, "needs two CPUs"))
    struct Lending {
        private func configuration(depth: Int = 32) throws -> SessionConfiguration {
            var configuration = try Way.ring.configuration()
            configuration.loanTerms = .everything
            configuration.depth = depth
            return configuration
        }

        private static let first = Workers.topology.usable.min() ?? 0

        /// Requests of one CPU are answered by two workers, and what is read is what was written.
        @Test(arguments: [2, 4, 32])
        func bothServeOneCaller(_ depth: Int) async throws {
            let backend = MemoryFileSystem(byteLimit: 256 << 20)
            try await withMount(backend, configuration: try configuration(depth: depth)) { session in
                try await session.check(
                    """
                    fio --name=lent --filename=data --size=64M --bs=256k --direct=1 --ioengine=libaio --iodepth=16 \
                        --rw=randwrite --verify=crc32c --do_verify=1 --verify_fatal=1 --loops=2 \
                        --cpus_allowed=\(Self.first) --output=/dev/null
                    """)
                let workers = try #require(session.statistics).workers.filter { !$0.queues.isEmpty }
                let helpers = workers.filter { !$0.queues.contains(Self.first) }
                #expect(helpers.contains { $0.bytesRead > 1 << 20 && $0.bytesWritten > 1 << 20 })
                #expect(workers.allSatisfy { $0.entries == depth * $0.queues.count })
                #expect(workers.allSatisfy { $0.busy == 0 })
            }
        }

        /// What is written back is served by two workers; what somebody waits for by the caller's own again.
        @Test func writebackIsShared() async throws {
            var configuration = try configuration(depth: 8)
            configuration.loanTerms = .writeback
            configuration.usesWritebackCache = true
            let backend = MemoryFileSystem(byteLimit: 256 << 20)
            try await withMount(backend, configuration: configuration) { session in
                try await session.check(
                    """
                    taskset -p -c \(Self.first) $$ > /dev/null
                    dd if=/dev/urandom of=data bs=1M count=64 conv=fsync status=none
                    [ "$(sha1sum < data)" = "$(dd if=data bs=64k iflag=direct status=none | sha1sum)" ]
                    """)
                let helpers = try #require(session.statistics).workers.filter { !$0.queues.contains(Self.first) }
                #expect(helpers.contains { $0.bytesWritten > 4 << 20 })
                #expect(helpers.allSatisfy { $0.bytesRead == 0 })
            }
        }

        /// Twelve readers, which send before the worker runs: their priority is above its own. Upon SIGUSR1 two of them
        /// are interrupted.
        private static let readers = """
            import os, signal, sys
            os.sched_setaffinity(0, {int(sys.argv[2])})
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
            gate, opener = os.pipe()
            def read():
                os.close(opener)
                signal.signal(signal.SIGINT, signal.SIG_DFL)
                file = os.open(sys.argv[1], os.O_RDONLY)
                os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
                os.write(ready[1], b".")
                os.read(gate, 1)
                os._exit(0 if len(os.read(file, 4096)) == 4096 else 1)
            ready = os.pipe()
            children = [os.fork() or read() for _ in range(12)]
            for _ in children: os.read(ready[0], 1)
            os.close(opener)
            signal.sigwait([signal.SIGUSR1])
            for victim in (7, 3): os.kill(children[victim], signal.SIGINT)
            for victim in (3, 7):
                assert os.waitstatus_to_exitcode(os.waitpid(children[victim], 0)[1]) == -signal.SIGINT
            for child in children[:3] + children[4:7] + children[8:]:
                assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            """

        /// Of requests that wait with either worker the right ones end.
        @Test func theRightRequestIsInterrupted() async throws {
            let backend = StallingFileSystem(patience: .seconds(30))
            try await withMount(backend, configuration: try configuration()) { session in
                let slow = session.path.appending("slow").string
                let readers = try await ChildProcess.start([
                    "/usr/bin/python3", "-c", Self.readers, slow, "\(Self.first)",
                ])
                try await eventually("reads") { backend.counts.waiting == 12 }
                let workers = try #require(session.statistics).workers.filter { !$0.queues.isEmpty }
                let busy = workers.map(\.busy)
                #expect(busy.reduce(0, +) == 12 && busy.contains { (6..<12).contains($0) }, "shares of \(busy)")
                readers.signal(SIGUSR1)
                try await eventually("two ends") { backend.counts.cancelled == 2 }
                #expect(backend.counts.waiting == 10)
                backend.release()
                let ending = try await readers.ended()
                #expect(ending.isSuccess, "\(ending.text)")
            }
        }

        /// Unmounted, or aborted, under load: no worker waits for entries that another has.
        @Test(arguments: [true, false])
        func endsUnderLoad(_ isAborted: Bool) async throws {
            let backend = MemoryFileSystem(byteLimit: 64 << 20)
            try await withMount(backend, configuration: try configuration()) { session in
                try await session.check("dd if=/dev/zero of=data bs=1M count=32 status=none")
                let load = """
                    fio --thread --name=lent --filename=\(session.path)/data --size=32M --bs=128k --direct=1 --ioengine=libaio \
                        --iodepth=16 --rw=randread --time_based --runtime=60 --cpus_allowed=\(Self.first) --output=/dev/null
                    """
                let child = try await ChildProcess.start(["bash", "-c", "cd /; exec \(load)"])
                try await eventually("a load that both serve") {
                    session.statistics?.workers.contains {
                        !$0.queues.isEmpty && !$0.queues.contains(Self.first) && $0.bytesRead > 8 << 20
                    } == true
                }
                if isAborted {
                    try session.abort()
                    _ = try await child.ended()
                    try await session.endedByAbort()
                } else {
                    child.signal(SIGKILL)
                    try await session.unmount()
                    try await session.ended()
                    _ = try await child.ended()
                }
            }
        }
    }
}
