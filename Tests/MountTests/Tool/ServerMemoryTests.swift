import Glibc
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// What a server does for its own memory.
    @Suite
    struct ServerMemories {
        /// The flags of a task that allocates without I/O, and that is throttled by its own device alone
        /// (`PF_MEMALLOC_NOIO` and `PF_LOCAL_THROTTLE`); what PR_SET_IO_FLUSHER sets. They are the ninth field of
        /// `stat`.
        private static let flusherFlags: UInt64 = 0x0018_0000

        /// The flags of all threads of a process.
        private func flags(of process: pid_t) throws -> [UInt64] {
            try directoryEntries(FilePath("/proc/\(process)/task")).compactMap { thread in
                guard let stat = try? text(of: FilePath("/proc/\(process)/task/\(thread)/stat")) else { return nil }
                // The name, which may have blanks, ends with the last parenthesis.
                let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
                return fields.count > 6 ? UInt64(fields[6]) : nil
            }
        }

        /// Every thread that serves does not wait for writeback to get memory, if the process may say so.
        @Test(arguments: Flavor.plain)
        func areMarkedAsFlushers(_ flavor: Flavor) async throws {
            let may = try text(of: "/proc/self/status").split(separator: "\n").contains { line in
                let fields = line.split(whereSeparator: \.isWhitespace)
                return fields.first == "CapEff:" && UInt64(fields[1], radix: 16).map { $0 & 1 << 24 != 0 } ?? false
            }
            try await withScratch { scratch in
                let server = try await ServerProcess.start(flavor.kind, by: flavor.way, scratch: scratch)
                try await server.check("head -c 3000000 /dev/zero > f; sync f")
                let flags = try flags(of: server.process.identifier)
                #expect(flags.count > 3)
                for flags in flags {
                    #expect((flags & Self.flusherFlags == Self.flusherFlags) == may, "\(String(flags, radix: 16))")
                }
                server.process.signal(SIGTERM)
                #expect(try await server.process.ended().exitCode == 0)
            }
        }

        /// The program is there as a whole, buffers are populated, and later mappings are locked when they are touched.
        @Test(arguments: Flavor.plain)
        func areLockedIfWished(_ flavor: Flavor) async throws {
            try await withScratch { scratch in
                let server = try await ServerProcess.start(
                    flavor.kind, by: flavor.way, scratch: scratch, options: ["--lock-memory", "--memory", "32M"])
                let process = server.process.identifier
                try await server.check("head -c 3000000 /dev/zero > f")
                #expect(try kilobytes("VmLck", of: process) > kilobytes("VmSize", of: process) * 9 / 10)
                // Of 32 MiB, what whole entries of 1 MiB and a page fill; and not given back where others are.
                #expect(try kilobytes("RssAnon", of: process) > 24 << 10)
                try await Task.sleep(for: IdleMemories.rest)
                #expect(try kilobytes("RssAnon", of: process) > 24 << 10)
                server.process.signal(SIGTERM)
                #expect(try await server.process.ended().exitCode == 0)
            }
        }

        @Test(arguments: Way.allCases)
        func areNotLockedUnlessWished(_ way: Way) async throws {
            try await withScratch { scratch in
                let server = try await ServerProcess.start(.memory, by: way, scratch: scratch)
                #expect(try kilobytes("VmLck", of: server.process.identifier) == 0)
                #expect(try kilobytes("RssAnon", of: server.process.identifier) < 16 << 10)
                server.process.signal(SIGTERM)
                #expect(try await server.process.ended().exitCode == 0)
            }
        }

        /// With neither the privilege nor an unlimited limit, nothing is mounted, and the line says what to do.
        @Test func cannotBeLockedWithoutTheRightTo() async throws {
            try await withScratch { scratch in
                try await Program.check(
                    script: """
                        ulimit -l 4096
                        refuses 'ulimit -l unlimited, or LimitMEMLOCK=infinity in the unit' \\
                            setpriv --bounding-set -ipc_lock --inh-caps -ipc_lock \\
                            \(ServerProcess.tool) mount memory \(scratch.mountPoint) --lock-memory
                        refuses 'which is 4 MiB here' setpriv --bounding-set -ipc_lock --inh-caps -ipc_lock \\
                            \(ServerProcess.tool) mount memory \(scratch.mountPoint) --lock-memory
                        """, scratch: scratch)
                #expect(try !scratch.isMounted)
            }
        }
    }
}
