import FileSystems
import Glibc
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// Which transport a session takes, and what it says about it. Changes the kernel's settings, and puts them back.
    @Suite
    struct Choice {
        private func configuration(_ transport: SessionConfiguration.Transport) -> SessionConfiguration {
            var configuration = SessionConfiguration()
            configuration.transport = transport
            return configuration
        }

        /// What `run` throws, where nothing may stay mounted.
        private func failure(
            _ configuration: SessionConfiguration,
            sourceLocation: SourceLocation = #_sourceLocation
        ) async throws -> SessionError? {
            try await withScratch { scratch in
                let error = await #expect(throws: SessionError.self, sourceLocation: sourceLocation) {
                    try await withMount(NullFileSystem(), scratch: scratch, configuration: configuration) { _ in }
                }
                let isMounted = try scratch.isMounted
                #expect(!isMounted, sourceLocation: sourceLocation)
                return error
            }
        }

        @Test(arguments: [SessionConfiguration.Transport.auto, .ring])
        func takesTheRing(_ transport: SessionConfiguration.Transport) async throws {
            try RequireRing.now()
            try await withMount(NullFileSystem(), configuration: configuration(transport)) { session in
                #expect(session.status.usesRing)
                #expect(session.status.fallbackReason == nil)
                #expect(session.status.connection.usesRing)
                // And not by its own word alone.
                let names = try threadNames()
                #expect(names.contains("ringfuse-ring0"))
                #expect(!names.contains("ringfuse-dev0"))
                #expect(try openRings() > 0)
                try await session.check("echo hello > f; same \"$(stat -c %s f)\" 6")
            }
        }

        @Test func takesTheDeviceWhereAskedTo() async throws {
            try await withMount(NullFileSystem(), configuration: configuration(.device)) { session in
                #expect(!session.status.usesRing)
                #expect(session.status.fallbackReason == nil)
                #expect(!session.status.connection.usesRing)
                let names = try threadNames()
                #expect(names.contains("ringfuse-dev0"))
                #expect(!names.contains("ringfuse-ring0"))
                try await session.check("echo hello > f; same \"$(stat -c %s f)\" 6")
            }
        }

        @Test func saysThatTheRingIsSwitchedOff() async throws {
            try RequireRing.now()
            try await KernelSetting.ring.set(to: "N", then: "Y") {
                let error = try #require(try await failure(configuration(.ring)))
                guard case .ringUnavailable = error else {
                    Issue.record("\(error)")
                    return
                }
                #expect("\(error)".contains("echo Y > /sys/module/fuse/parameters/enable_uring"))
                let backend = MemoryFileSystem(byteLimit: 1 << 20)
                try await withMount(backend, configuration: configuration(.auto)) { session in
                    #expect(!session.status.usesRing)
                    #expect(session.status.fallbackReason?.contains("enable_uring") == true)
                    #expect(session.status.fallbackReason?.contains("\n") == false)
                    try await session.check("echo hello > f; same \"$(cat f)\" hello")
                }
            }
            #expect(try KernelSetting.ring.read() == "Y")
        }

        @Test(.enabled(if: KernelSetting.ringsForbidden.exists, "this kernel cannot forbid io_uring"))
        func servesWhereRingsAreForbidden() async throws {
            try await KernelSetting.ringsForbidden.set(to: "2") {
                if RequireRing.kernelHasIt {
                    let error = try #require(try await failure(configuration(.ring)))
                    #expect("\(error)".contains("kernel.io_uring_disabled is 2"))
                    #expect("\(error)".contains("sysctl kernel.io_uring_disabled=0"))
                }
                let rings = try openRings()
                for transport in [SessionConfiguration.Transport.auto, .device] {
                    try await withScratch { scratch in
                        let backend = try MirrorFileSystem(source: scratch.source)
                        let configuration = configuration(transport)
                        try await withMount(backend, scratch: scratch, configuration: configuration) { session in
                            let reason = session.status.fallbackReason
                            let isNamed = reason?.contains("kernel.io_uring_disabled is 2") == true
                            #expect(isNamed == (transport == .auto && RequireRing.kernelHasIt))
                            #expect(!session.status.usesRing)
                            // The mirror's reads and writes are on threads now, by several programs at once.
                            try await session.check(
                                """
                                head -c 3000000 /dev/urandom > $OUT/data
                                for number in {1..4}; do
                                    (dd if=$OUT/data of=f$number bs=64K oflag=direct status=none
                                    dd if=f$number bs=4K iflag=direct status=none | cmp - $OUT/data) & jobs[number]=$!
                                done
                                for job in ${jobs[@]}; do wait $job; done
                                cmp f1 $OUT/../source/f1
                                """)
                            #expect(try openRings() == rings, "a ring, although none is allowed")
                        }
                    }
                }
            }
        }

        /// Rings that this process has open.
        private func openRings() throws -> Int {
            try directoryEntries("/proc/self/fd").count { descriptor in
                var target = [CChar](repeating: 0, count: 256)
                let count = unsafe readlink("/proc/self/fd/\(descriptor)", &target, target.count)
                return count > 0
                    && String(decoding: target[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
                        .contains("io_uring")
            }
        }
    }
}
