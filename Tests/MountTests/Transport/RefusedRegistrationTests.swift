import FileSystems
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// The kernel refuses one entry of the ring, after INIT has been answered with it.
    ///
    /// It switches the ring off for the whole connection then. No mount may hang: it is served over /dev/fuse, or gone.
    @Suite
    struct RefusedRegistration {
        /// Queue 0 is the one that opens the gate: it is registered last.
        private func configuration(
            _ transport: SessionConfiguration.Transport,
            queue: UInt16,
            entry: Int
        ) throws -> SessionConfiguration {
            try RequireRing.now()
            var configuration = SessionConfiguration()
            configuration.transport = transport
            configuration.depth = 4
            configuration.shortEntry = SessionConfiguration.ShortEntry(queue: queue, entry: entry)
            return configuration
        }

        /// Those entries whose queues the kernel has: one queue for each possible CPU.
        static func present(_ entries: [(queue: UInt16, entry: Int)]) -> [(queue: UInt16, entry: Int)] {
            entries.filter { Workers.topology.possible.contains(Int($0.queue)) }
        }

        @Test(arguments: RefusedRegistration.present([(1, 0), (1, 2), (1, 3), (0, 0)]))
        func fallsBackToTheDevice(_ queue: UInt16, _ entry: Int) async throws {
            let configuration = try configuration(.auto, queue: queue, entry: entry)
            let backend = MemoryFileSystem(byteLimit: 64 << 20)
            try await withMount(backend, configuration: configuration) { session in
                #expect(!session.status.usesRing)
                #expect(!session.status.connection.usesRing)
                let reason = try #require(session.status.fallbackReason)
                #expect(reason.contains("refused to register"), "\(reason)")
                try await session.check(
                    """
                    dd if=/dev/urandom of=a bs=1M count=8 status=none
                    cp a b; cmp a b
                    for cpu in \(Workers.cpuList); do taskset -c $cpu cat a | cmp - b; done
                    """)
                try await session.unmount()
                try await session.ended()
            }
        }

        @Test(arguments: RefusedRegistration.present([(1, 0), (1, 3), (0, 0), (0, 1), (0, 3)]))
        func failsWhereTheRingIsDemanded(_ queue: UInt16, _ entry: Int) async throws {
            try await fails(try configuration(.ring, queue: queue, entry: entry))
        }

        /// The ring is in use already: there is no way back.
        @Test(arguments: [1, 3])
        func failsOnceTheGateIsOpen(_ entry: Int) async throws {
            try await fails(try configuration(.auto, queue: 0, entry: entry))
        }

        private func fails(_ configuration: SessionConfiguration) async throws {
            try await withScratch { scratch in
                let error = await #expect(throws: SessionError.self) {
                    let backend = MemoryFileSystem(byteLimit: 64 << 20)
                    try await withMount(backend, scratch: scratch, configuration: configuration) { _ in }
                }
                let text = "\(error as Any)"
                #expect(text.contains("refused to register"), "\(text)")
                let isMounted = try scratch.isMounted
                #expect(!isMounted)
            }
        }
    }
}
