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
    }
}
