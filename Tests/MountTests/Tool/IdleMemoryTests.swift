import FileSystems
import Glibc
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// What a mount that rests takes.
    @Suite
    struct IdleMemories {
        /// After which rest a server with default settings has given its buffers back, with some time to spare.
        static let rest = Duration.seconds(8)

        /// Registering entries, or starting workers, populates no buffer: 64 entries of 1 MiB would show.
        @Test(arguments: Way.allCases)
        func buffersThatAreNotUsedTakeNone(_ way: Way) async throws {
            try await withScratch { scratch in
                let server = try await ServerProcess.start(.mirror, by: way, scratch: scratch)
                try await server.check("stat . > /dev/null")
                #expect(try kilobytes("RssAnon", of: server.process.identifier) < 8 << 10)
                try await end(server)
            }
        }

        /// What the start has brought in of program and libraries, 23 MiB with them, does not stay.
        @Test(arguments: Way.allCases)
        func theStartLeavesLittleBehind(_ way: Way) async throws {
            try await withScratch { scratch in
                let server = try await ServerProcess.start(.mirror, by: way, scratch: scratch)
                let process = server.process.identifier
                try await server.check("stat . > /dev/null")
                try await eventually("program and libraries to be let go of") {
                    (try? kilobytes("VmRSS", of: process)).map { $0 < 16 << 10 } ?? false
                }
                try await end(server)
            }
        }

        @Test(arguments: Way.allCases)
        func buffersAreGivenBackAfterAWhile(_ way: Way) async throws {
            try await withScratch { scratch in
                // A mirror keeps nothing of what is read in its own memory.
                let server = try await ServerProcess.start(.mirror, by: way, scratch: scratch)
                let process = server.process.identifier
                try await server.check(
                    """
                    head -c 64M /dev/zero > f
                    for number in {0..15}; do
                        dd if=f of=/dev/null bs=1M skip=$((number * 4)) count=4 iflag=direct status=none &
                    done
                    wait
                    """)
                let loaded = try kilobytes("RssAnon", of: process)
                #expect(loaded > 6 << 10, "the load has used buffers")
                // On the device each worker keeps the entry that it reads into.
                let left = (way == .ring ? 6 : 8) << 10
                try await eventually(within: Self.rest * 2, "buffers to be given back") {
                    (try? kilobytes("RssAnon", of: process)).map { $0 < left && $0 < loaded } ?? false
                }
                try await server.check("cmp f <(head -c 64M /dev/zero)")
                try await end(server)
            }
        }

        /// Requests that come in the moment when buffers are given back find them as they need them.
        @Test(arguments: Way.allCases, [Kind.memory, Kind.mirror])
        func dataStaysWhatItIs(_ way: Way, _ kind: Kind) async throws {
            var configuration = try way.configuration()
            // As often as the watchdog can look.
            configuration.givesBuffersBackAfter = .milliseconds(20)
            let script = """
                head -c 1500000 /dev/urandom > "$OUT/data"
                use() {
                    for round in {1..25}; do
                        dd if="$OUT/data" of=$1 bs=256K oflag=direct status=none
                        # About as long as it takes until buffers are given back.
                        sleep 0.0$((RANDOM % 6))
                        dd if=$1 bs=64K iflag=direct status=none | cmp - "$OUT/data"
                        sleep 0.0$((RANDOM % 6))
                        mv $1 $1-$round && cmp $1-$round "$OUT/data" && rm $1-$round
                    done
                }
                use one & use two & use three &
                for job in $(jobs -p); do wait $job; done
                """
            try await withScratch { scratch in
                switch kind {
                case .memory:
                    try await withMount(
                        MemoryFileSystem(byteLimit: 64 << 20), scratch: scratch, configuration: configuration
                    ) { try await $0.check(script) }
                case .mirror:
                    try await withMount(
                        try MirrorFileSystem(source: scratch.source), scratch: scratch, configuration: configuration
                    ) { try await $0.check(script) }
                case .store, .shared:
                    Issue.record("not asked for")
                }
            }
        }

        private func end(_ server: ServerProcess) async throws {
            server.process.signal(SIGTERM)
            #expect(try await server.process.ended().exitCode == 0)
        }
    }
}
