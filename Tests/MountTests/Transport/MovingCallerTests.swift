import Glibc
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// Callers that send each request from another CPU.
    @Suite(.enabled(if: Workers.topology.usable.count > 1, "needs two CPUs"))
    struct MovingCallers {
        /// Asks for what no cache answers, from one CPU and the other in turn; so often from each that there is a load on a
        /// machine where it takes long to be moved, too.
        private static let caller = """
            import os, sys
            os.setxattr("file", "user.a", b"b")
            cpus = sorted(os.sched_getaffinity(0))[:2]
            while True:
                for cpu in cpus:
                    os.sched_setaffinity(0, {cpu})
                    for _ in range(200):
                        assert os.getxattr("file", "user.a") == b"b"
            """

        /// They are seen, held, and answered.
        @Test func areFollowed() async throws {
            try await withScratch { scratch in
                let server = try await ServerProcess.start(
                    .memory, by: .ring, scratch: scratch, options: ["--log-level", "debug"], limit: .seconds(180))
                try await server.check("touch file")
                let caller = try await ChildProcess.start(
                    ["/usr/bin/python3", "-I", "-c", Self.caller], in: server.path, limit: .seconds(120))
                try await server.process.wrote("workers follow callers that move")
                // Some of them are held by now.
                try await Task.sleep(for: .milliseconds(300))
                #expect(!caller.hasEnded, "\(caller.text)")
                caller.signal(SIGKILL)
                _ = try await caller.ended()
                try await server.process.wrote("workers follow nobody")
                server.process.signal(SIGTERM)
                #expect(try await server.process.ended().exitCode == 0)
            }
        }
    }
}
