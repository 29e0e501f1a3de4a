import Glibc
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// The share of dirty memory that a mount may have.
    @Suite
    struct DirtyLimits {
        /// The limit of the mount on a path.
        private func limit(of path: FilePath) throws -> DirtyLimit {
            DirtyLimit(connection: try #require(try MountTable.read().entry(at: path)).connection)
        }

        @Test(arguments: Way.allCases)
        func isTheKernelsUnlessWishedOtherwise(_ way: Way) async throws {
            for wished in [nil, 1, 37, 100] {
                var configuration = try way.configuration()
                configuration.dirtyRatio = wished
                try await withMount(ChangingFileSystem(), configuration: configuration) { session in
                    let limit = try limit(of: session.path)
                    #expect(try limit.percent() == wished ?? 1)
                    #expect(limit.isStrict != false)
                    #expect(session.status.notices.isEmpty)
                }
            }
        }

        /// A value that the kernel refuses leaves the mount as it is, and the user is told what to do.
        @Test func isToldWhereItCannotBeSet() async throws {
            var configuration = try Way.device.configuration()
            configuration.dirtyRatio = 101
            try await withMount(ChangingFileSystem(), configuration: configuration) { session in
                let limit = try limit(of: session.path)
                #expect(try limit.percent() == 1)
                #expect(session.status.notices.count == 1)
                let notice = session.status.notices.first ?? ""
                #expect(notice.contains("stays as the kernel has it, 1 %"))
                #expect(notice.hasSuffix("as root: echo 101 > \(limit.directory)/max_ratio"))
            }
        }

        /// What a program can dirty while the server takes nothing: at 1 percent it is held back at the limit; where
        /// the limit is far away, it is not held back at all.
        @Test(arguments: Flavor.plain, WriteCache.allCases)
        func holdsAWriterBack(_ flavor: Flavor, _ cache: WriteCache) async throws {
            let line = try text(of: "/proc/vmstat").split(separator: "\n").first { $0.hasPrefix("nr_dirty_threshold ") }
            let machine = try #require(line.flatMap { Int($0.split(separator: " ")[1]) }, "/proc/vmstat")
            let limit = machine / 100
            // Twice the limit, in pages, in whole MiB.
            let wanted = (2 * limit / 256 + 1) * 256
            let held = try await pagesDirtied(of: wanted, flavor, cache, options: [])
            // Each CPU may be a batch of its counters beyond it.
            #expect(held > 0 && held < limit + limit / 4 + 2048, "\(held) pages at a limit of \(limit)")
            let free = try await pagesDirtied(of: wanted, flavor, cache, options: ["--dirty-ratio", "100"])
            #expect(free == wanted, "\(free) of \(wanted) pages")
        }

        /// Dirties pages through a mapping while the server is suspended.
        ///
        /// - Returns: how many could be dirtied until nothing went on for a while.
        private func pagesDirtied(
            of count: Int,
            _ flavor: Flavor,
            _ cache: WriteCache,
            options: [String]
        ) async throws -> Int {
            try await withScratch { scratch in
                let program = try await TestProgram.dirty.compile(in: scratch)
                let server = try await ServerProcess.start(
                    flavor.kind, by: flavor.way, scratch: scratch, options: options + cache.flags, limit: .seconds(180))
                let file = scratch.mountPoint.appending("f").string
                let counter = scratch.outside.appending("counter")
                // The kernel gives a mount its share by what it has lately written back: a new one has next to none.
                try await server.check("$OUT/dirty fill warm 96 map 1; truncate -s \(count / 256)M f")
                let creeper = try await ChildProcess.start(
                    [program.string, "creep", file, "\(count / 256)", counter.string], limit: .seconds(120))
                try await creeper.wrote("ready")
                server.process.signal(SIGSTOP)
                creeper.signal(SIGUSR1)
                let dirtied = try await settled { try pages(in: counter) }
                #expect(creeper.hasEnded == false || dirtied == count)
                server.process.signal(SIGCONT)
                let ending = try await creeper.ended(within: .seconds(120))
                #expect(ending.isSuccess, "\(ending.text)")
                #expect(try pages(in: counter) == count)
                server.process.signal(SIGTERM)
                #expect(try await server.process.ended(within: .seconds(60)).exitCode == 0)
                return dirtied
            }
        }

        /// The number that the program keeps.
        private func pages(in counter: FilePath) throws -> Int {
            let file = try FileDescriptor.open(counter, .readOnly)
            return try file.closeAfter {
                var value: UInt64 = 0
                _ = try unsafe withUnsafeMutableBytes(of: &value) { unsafe try file.read(into: $0) }
                return Int(UInt64(littleEndian: value))
            }
        }

        /// A number once it has stopped growing for a second and a half.
        private func settled(_ number: () throws -> Int) async throws -> Int {
            var last = -1
            var quiet = 0
            for _ in 0..<300 where quiet < 15 {
                try await Task.sleep(for: .milliseconds(100))
                let now = try number()
                quiet = now == last && now > 0 ? quiet + 1 : 0
                last = now
            }
            return last
        }
    }
}
