import FileSystems
import Glibc
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// A program that waits for the server can be interrupted: it ends when the server has let go of its request.
    @Suite
    struct Interrupt {
        @Test(arguments: Way.allCases, [SIGINT, SIGTERM])
        func endsAProgramThatWaits(_ way: Way, _ signal: Int32) async throws {
            let backend = StallingFileSystem(patience: .seconds(20))
            try await withMount(backend, configuration: try way.configuration()) { session in
                let slow = session.path.appending("slow").string
                for round in 1...3 {
                    let child = try await ChildProcess.start(["cat", slow])
                    try await eventually("a read") { backend.counts.waiting == 1 }
                    child.signal(signal)
                    let ending = try await child.ended(within: .seconds(15))
                    #expect(ending.signal == signal)
                    #expect(ending.elapsed < .seconds(5), "it waited for the read to end by itself")
                    #expect(backend.counts == StallingFileSystem.Counts(cancelled: round))
                }
                try await session.check("same \"$(cat quick | wc -c)\" 4096")
            }
        }

        /// A handler that runs, and a read that fails with `EINTR`.
        @Test(arguments: Way.allCases)
        func endsAReadWithAnError(_ way: Way) async throws {
            let backend = StallingFileSystem(patience: .seconds(20))
            try await withMount(backend, configuration: try way.configuration()) { session in
                let script = """
                    import os, signal, sys
                    def handle(number, frame): raise SystemExit(42)
                    signal.signal(signal.SIGUSR1, handle)
                    os.read(os.open(sys.argv[1], os.O_RDONLY), 100)
                    """
                let slow = session.path.appending("slow").string
                let child = try await ChildProcess.start(["/usr/bin/python3", "-c", script, slow])
                try await eventually("a read") { backend.counts.waiting == 1 }
                child.signal(SIGUSR1)
                let ending = try await child.ended(within: .seconds(15))
                #expect(ending.exitCode == 42, "\(ending.text)")
                #expect(ending.elapsed < .seconds(5))
                #expect(backend.counts == StallingFileSystem.Counts(cancelled: 1))
            }
        }

        /// Only the one that is interrupted ends.
        @Test(arguments: Way.allCases)
        func leavesOthersAlone(_ way: Way) async throws {
            let backend = StallingFileSystem(patience: .seconds(20))
            try await withMount(backend, configuration: try way.configuration()) { session in
                let slow = session.path.appending("slow").string
                var children: [ChildProcess] = []
                for _ in 0..<5 { children.append(try await ChildProcess.start(["cat", slow])) }
                try await eventually("reads") { backend.counts.waiting == 5 }
                children[2].signal(SIGINT)
                #expect(try await children.remove(at: 2).ended(within: .seconds(15)).signal == SIGINT)
                #expect(backend.counts == StallingFileSystem.Counts(waiting: 4, cancelled: 1))
                backend.release()
                for child in children {
                    let ending = try await child.ended()
                    #expect(ending.isSuccess && ending.text.utf8.count == 4096)
                }
                // Each reads once more, to find the end.
                #expect(backend.counts == StallingFileSystem.Counts(cancelled: 1, answered: 8))
            }
        }

        /// Ctrl-C while a backend waits for its disk.
        @Test(arguments: Way.allCases)
        func endsAReaderOfASlowDisk(_ way: Way) async throws {
            let memory = MemoryFileSystem(byteLimit: 1 << 20)
            let backend = DelayFileSystem(memory, delay: .seconds(15))
            try await withMount(backend, configuration: try way.configuration()) { session in
                // The look-up is delayed like the read: cat waits for an answer from the start.
                let child = try await ChildProcess.start(["cat", session.path.appending("file").string])
                try await eventually("a look-up") { session.statistics?.workers.contains { $0.busy > 0 } == true }
                child.signal(SIGINT)
                let ending = try await child.ended(within: .seconds(30))
                #expect(ending.signal == SIGINT && ending.elapsed < .seconds(12))
            }
        }

        /// A killed reader is gone when the backend lets go of its request, which it is told to.
        @Test(arguments: Way.allCases)
        func endsAReaderThatIsKilled(_ way: Way) async throws {
            let backend = StallingFileSystem(patience: .seconds(40))
            try await withMount(backend, configuration: try way.configuration()) { session in
                let child = try await ChildProcess.start(["cat", session.path.appending("slow").string])
                try await eventually("a read") { backend.counts.waiting == 1 }
                child.signal(SIGKILL)
                let ending = try await child.ended(within: .seconds(30))
                #expect(ending.signal == SIGKILL && ending.elapsed < .seconds(20))
                #expect(backend.counts == StallingFileSystem.Counts(cancelled: 1))
            }
        }

        /// A backend that does not listen keeps its caller, killed or not, and nobody else.
        @Test(arguments: Way.allCases, [SIGINT, SIGKILL])
        func waitsForABackendThatIsDeaf(_ way: Way, _ signal: Int32) async throws {
            let backend = StubbornFileSystem()
            try await withMount(backend, configuration: try way.configuration()) { session in
                let child = try await ChildProcess.start(["cat", session.path.appending("deaf").string])
                try await eventually("a read") { backend.waitingCount == 1 }
                child.signal(signal)
                try await session.check("for n in 1 2 3 4 5; do same \"$(cat quick | wc -c)\" 4096; done")
                #expect(!child.hasEnded && backend.waitingCount == 1)
                backend.release()
                #expect(try await child.ended().signal == signal)
                try await session.check("same \"$(cat deaf | wc -c)\" 4096")
            }
        }
    }
}
