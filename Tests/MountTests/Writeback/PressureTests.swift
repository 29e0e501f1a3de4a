import Glibc
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// Far more is written than there is memory, and the server has hardly any for itself. (`tools/pressure` does
    /// more.)
    @Suite
    struct MemoryPressure {
        /// What is written in each of two ways, in MiB.
        private static let size = 128
        /// What the writer has, in MiB.
        private static let writerLimit = 48
        /// What a server has that keeps nothing itself, in MiB; enough for its program, whole and locked.
        private static let serverLimit = 160

        @Test(arguments: Flavor.plain, WriteCache.allCases)
        func isSurvived(_ flavor: Flavor, _ cache: WriteCache) async throws {
            let kept = flavor.kind == .memory ? 2 * Self.size + Self.size / 4 : 0
            try await withQuietKernel {
                try await withMemoryGroups(
                    server: Self.serverLimit + kept, writer: Self.writerLimit
                ) { servers, writers in
                    try await withScratch { scratch in
                        _ = try await TestProgram.dirty.compile(in: scratch)
                        let server = try await ServerProcess.start(
                            flavor.kind, by: flavor.way, scratch: scratch,
                            options: cache.flags + ["--lock-memory", "--memory", "16M"], launcher: servers.launcher,
                            limit: .seconds(200))
                        try await Program.check(
                            script: """
                                echo $$ > \(writers.path)/cgroup.procs
                                $OUT/dirty fill mapped \(Self.size) map 1
                                $OUT/dirty fill written \(Self.size) write 2
                                sync -f .
                                $OUT/dirty verify mapped \(Self.size) 1
                                $OUT/dirty verify written \(Self.size) 2
                                """, scratch: scratch, in: scratch.mountPoint, limit: .seconds(120))
                        // That there was pressure: otherwise the rest shows nothing.
                        #expect(try writers.fillings > 0)
                        try await Program.check(script: "timeout 60 sync", scratch: scratch, limit: .seconds(70))
                        #expect(try servers.kills == 0 && writers.kills == 0)
                        server.process.signal(SIGTERM)
                        let ending = try await server.process.ended(within: .seconds(60))
                        #expect(ending.exitCode == 0, "\(ending.text)")
                        if flavor.kind == .mirror {
                            try await Program.check(
                                script: "$OUT/dirty verify $OUT/../source/mapped \(Self.size) 1", scratch: scratch)
                        }
                    }
                }
            }
        }
    }
}
