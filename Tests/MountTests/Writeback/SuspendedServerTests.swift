import Glibc
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// A server that is suspended for a while with dirty memory of its mount around.
    @Suite
    struct SuspendedServers {
        /// Programs on the mount wait, others do not, and nothing is lost.
        @Test(arguments: Flavor.plain, WriteCache.allCases)
        func holdUpTheirOwnMountOnly(_ flavor: Flavor, _ cache: WriteCache) async throws {
            try await withQuietKernel {
                try await withScratch { scratch in
                    _ = try await TestProgram.mapping.compile(in: scratch)
                    let server = try await ServerProcess.start(
                        flavor.kind, by: flavor.way, scratch: scratch, options: cache.flags, limit: .seconds(120))
                    let writer = try await Program.start(
                        script: "$OUT/mapping race f 256 2 5 $RANDOM $OUT/model; $OUT/mapping check f $OUT/model",
                        scratch: scratch, in: scratch.mountPoint, limit: .seconds(90))
                    try await Task.sleep(for: .seconds(1))
                    server.process.signal(SIGSTOP)
                    // Others write and synchronize, and see all mounts; the suspended one only without touching it.
                    try await Program.check(
                        script: """
                            for turn in 1 2 3 4; do
                                dd if=/dev/zero of=$OUT/other bs=64K count=32 conv=fsync status=none
                                stat -f / > $OUT/stat
                                grep -q \(scratch.mountPoint) /proc/self/mountinfo
                                ps -e > $OUT/ps
                            done
                            """, scratch: scratch, in: scratch.outside, limit: .seconds(60))
                    try await Task.sleep(for: .seconds(3))
                    #expect(!writer.hasEnded, "it cannot end while nobody serves it")
                    server.process.signal(SIGCONT)
                    let ending = try await writer.ended(within: .seconds(100))
                    #expect(ending.isSuccess, "\(ending.text)")
                    if flavor.kind == .mirror {
                        try await Program.check(
                            script: "$OUT/mapping check $OUT/../source/f $OUT/model", scratch: scratch)
                    }
                    server.process.signal(SIGTERM)
                    #expect(try await server.process.ended().exitCode == 0)
                }
            }
        }
    }
}
