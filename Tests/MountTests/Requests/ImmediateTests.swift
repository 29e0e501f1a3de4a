import FileSystems
import RingFUSE
import Testing

extension MountTests {
    /// The immediate tier: what a backend answers at once is left to no task.
    @Suite
    struct AtOnce {
        @Test(arguments: Way.allCases)
        func namesInMemoryTakeNoTask(_ way: Way) async throws {
            try await withMount(
                MemoryFileSystem(byteLimit: 1 << 20), configuration: try way.configuration()
            ) { session in
                try await session.check("ls; : > first")
                let before = try #require(session.statistics)
                try await session.check(
                    """
                    for number in {1..50}; do echo x > old-$number; : < old-$number; mv old-$number new-$number; done
                    rm new-*
                    """)
                let after = try #require(session.statistics)
                for opcode in ["LOOKUP", "CREATE", "OPEN", "RELEASE", "RENAME2", "UNLINK", "WRITE", "GETXATTR"] {
                    let count = after.requests[opcode, default: 0] - before.requests[opcode, default: 0]
                    #expect(count >= 50, "\(opcode): \(count)")
                }
                // Listing for `new-*` does.
                #expect(Self.deferred(after) - Self.deferred(before) < 20)
            }
        }

        private static func deferred(_ statistics: SessionStatistics) -> UInt64 {
            statistics.workers.reduce(0) { $0 + $1.deferred }
        }
    }
}
