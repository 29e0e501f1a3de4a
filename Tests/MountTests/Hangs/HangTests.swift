import Glibc
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// File systems that wait for themselves: both deadlocks of the kernel's documentation, and a worker that waits for
    /// a request which only it can take.
    @Suite(.enabled(if: sysconf(Int32(_SC_NPROCESSORS_ONLN)) > 1, "those that go on need a CPU of their own"))
    struct Hangs {
        typealias Trap = HangServerProcess.Trap

        @Test(arguments: Way.allCases, Trap.allCases)
        func endWithAnAbort(_ way: Way, _ trap: Trap) async throws {
            try await withScratch { scratch in
                let server = try await HangServerProcess.start(trap, by: way, scratch: scratch)
                // The device's other worker serves everybody, unless there is but one.
                if way == .ring || trap != .workerStat { try await server.servesOthers(on: 1) }
                if way == .device && trap != .workerStat || !trap.blocksWorker {
                    try await server.servesOthers(on: 0)
                }
                #expect(!server.victim.hasEnded)
                try await server.abort()
                let ending = try await server.process.ended(within: .seconds(30))
                #expect(ending.exitCode == 3, "\(ending.text)")
                #expect(ending.text.contains("was aborted"), "\(ending.text)")
                // Where a worker waited inside of its own system call, the session ends without it, and says so.
                let isLost = way == .ring && trap == .mapped
                #expect(ending.text.contains("ringfuse-ring0 cannot end") == isLost, "\(ending.text)")
                #expect(try await server.victim.ended().exitCode != 0)
                let isMounted = try scratch.isMounted
                #expect(!isMounted)
            }
        }

        /// kill -9 first: what is stuck in the kernel is gone at the latest when the connection is aborted.
        ///
        /// Not for a worker on the ring that waits for its own request: nothing is left then that could take its ring
        /// away (docs/decisions/0014).
        @Test(arguments: [
            (Way.ring, Trap.poolUnlink), (.ring, .workerUnlink), (.ring, .mapped), (.device, .poolUnlink),
            (.device, .workerUnlink), (.device, .workerStat), (.device, .mapped),
        ])
        func endWithAKill(_ way: Way, _ trap: Trap) async throws {
            try await withScratch { scratch in
                let server = try await HangServerProcess.start(trap, by: way, scratch: scratch)
                server.process.signal(SIGKILL)
                try await server.abort()
                #expect(try await server.process.ended(within: .seconds(30)).signal == SIGKILL)
                #expect(try await server.victim.ended().exitCode != 0)
                try Mounter.unmount(scratch.mountPoint, lazy: true)
            }
        }
    }
}
