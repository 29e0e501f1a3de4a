import Foundation
import Glibc
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// `ringfuse stats`, and an abort where there is no fusectl.
    @Suite
    struct Stats {
        private func statistics(_ server: ServerProcess) async throws -> SessionStatistics {
            let ending = try await Program.run(ServerProcess.tool.string, "stats", server.path.string, "--json")
            #expect(ending.isSuccess, "\(ending.text)")
            return try JSONDecoder().decode(SessionStatistics.self, from: Data(ending.text.utf8))
        }

        private func socket(_ server: ServerProcess) throws -> FilePath {
            let entry = try MountEntry.fuse(at: server.path)
            return FilePath("/run/ringfuse").appending("\(entry.connection).sock")
        }

        @Test(arguments: Way.allCases)
        func areToldByTheServer(_ way: Way) async throws {
            try await withScratch { scratch in
                let server = try await ServerProcess.start(.memory, by: way, scratch: scratch)
                try await server.check("echo hello > f")
                let statistics = try await statistics(server)
                #expect(statistics.mountPoint == server.path.string && statistics.transport == way.rawValue)
                #expect(statistics.processID == server.process.identifier)
                #expect(statistics.requests["CREATE"] == 1 && statistics.requests["WRITE"] == 1)
                let text = try await Program.run(ServerProcess.tool.string, "stats").text
                #expect(text.contains("\(server.path): \(way.rawValue)") && text.contains("CREATE 1"), "\(text)")
                let path = try socket(server)
                var status = stat()
                #expect(unsafe lstat(path.string, &status) == 0 && status.st_mode & 0o7777 == 0o600)
                let other = try await Program.run(
                    "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", ServerProcess.tool.string, "stats",
                    server.path.string)
                #expect(!other.isSuccess, "\(other.text)")
                server.process.signal(SIGTERM)
                #expect(try await server.process.ended().exitCode == 0)
                #expect(unsafe lstat(path.string, &status) != 0, "the socket is left")
            }
        }

        @Test func clearTheSocketOfAServerThatIsGone() async throws {
            try await withScratch { scratch in
                let server = try await ServerProcess.start(.memory, by: .device, scratch: scratch)
                let path = try socket(server)
                server.process.signal(SIGKILL)
                _ = try await server.process.ended()
                var status = stat()
                #expect(unsafe lstat(path.string, &status) == 0)
                let ending = try await Program.run(ServerProcess.tool.string, "stats", server.path.string)
                #expect(ending.exitCode == 1 && ending.text.contains("no server tells"), "\(ending.text)")
                #expect(unsafe lstat(path.string, &status) != 0, "the socket is left")
                try Mounter.unmount(server.path)
            }
        }

        /// A mirror of a file system that does not answer.
        @Test(arguments: Way.allCases)
        func nameWhatIsStuck(_ way: Way) async throws {
            let backend = StallingFileSystem(patience: .seconds(100))
            try await withMount(backend) { stalling in
                try await withScratch { scratch in
                    let source = scratch.source.string
                    #expect(try await Program.run("mount", "--bind", stalling.path.string, source).isSuccess)
                    let server = try await ServerProcess.start(
                        .mirror, by: way, scratch: scratch, options: ["--stuck-after", "1"])
                    let child = try await ChildProcess.start(["cat", server.path.appending("slow").string])
                    try await server.process.wrote("unanswered for 1 s")
                    let statistics = try await statistics(server)
                    let request = try #require(statistics.stuckRequests.first)
                    #expect(request.processID == UInt32(child.identifier) && request.command == "cat")
                    #expect(server.process.text.contains("for process \(child.identifier) (cat)"))
                    backend.release()
                    #expect(try await child.ended().isSuccess)
                    try await server.process.wrote("has been answered after")
                    server.process.signal(SIGTERM)
                    #expect(try await server.process.ended().exitCode == 0)
                    #expect(try await Program.run("umount", source).isSuccess)
                }
            }
        }

        @Test(arguments: Way.allCases)
        func abortNeedsNoControlFiles(_ way: Way) async throws {
            try await withScratch { scratch in
                let server = try await ServerProcess.start(.memory, by: way, scratch: scratch)
                let script = """
                    exec 3> f
                    unshare --mount --propagation unchanged bash -euc '
                    mount --make-private /sys
                    mount -t tmpfs none /sys
                    [[ ! -e /sys/fs ]]
                    \(ServerProcess.tool) abort \(server.path)'
                    refuses '' bash -c 'echo x >&3'
                    """
                try await server.check(script)
                let ending = try await server.process.ended()
                #expect(ending.text.contains("was aborted"), "\(ending.text)")
            }
        }
    }
}
