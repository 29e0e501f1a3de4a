import Glibc
import SystemPackage
import TestSupport
import Testing

extension MountTests {
    /// Mounts that end while their database, a PostgreSQL, takes what it is asked and answers nothing.
    @Suite
    struct SilentDatabase {
        /// A volume whose database is behind a proxy.
        private struct Fixture {
            let scratch: Scratch
            let proxy: CuttingProxy
            let url: String

            /// Where something is saved, or kept.
            var directory: String { scratch.outside.appending("rescue").string }

            func mount(_ way: Way, _ options: [String] = []) async throws -> ServerProcess {
                try await ServerProcess.start(
                    .shared, by: way, scratch: scratch, metadata: url, options: options, limit: .seconds(280))
            }

            /// Has a mount end while the database is silent, which is longer than it would wait for an answer, or for a connection.
            func end(_ server: ServerProcess) async throws -> ChildProcess.Ending {
                let ending = try await server.process.ended(within: .seconds(250))
                // Neither the usual minute, nor new attempts at what is over.
                #expect(!ending.text.contains("for 60 s"), "\(ending.text)")
                #expect(!ending.text.contains("try to reach it again"), "\(ending.text)")
                proxy.resume()
                return ending
            }
        }

        /// Both at a time: most of it is waiting.
        private static func onBothWays(_ body: @escaping @Sendable (Fixture, Way) async throws -> Void) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for way in Way.allCases {
                    group.addTask { try await with { fixture in try await body(fixture, way) } }
                }
                try await group.waitForAll()
            }
        }

        private static func with(_ body: (Fixture) async throws -> Void) async throws {
            let server = try await PostgreSQLServer.shared.value
            try await withScratch { scratch in
                let proxy = try CuttingProxy(before: server.port)
                let direct = server.volume()
                let url = direct.replacing(":\(server.port)/", with: ":\(proxy.port)/")
                try await StoreTool.succeed(["format", direct, "--data", "file://\(scratch.outside)/objects"])
                try await body(Fixture(scratch: scratch, proxy: proxy, url: url))
                #expect(try await StoreTool.succeed(["fsck", direct, "--scrub"]).contains("consistent"))
            }
        }

        /// A mount with something unwritten says what it waits for, and saves it aside after half a minute.
        @Test func unmountingIsBounded() async throws {
            try await Self.onBothWays { fixture, way in
                let server = try await fixture.mount(way, ["--rescue", fixture.directory])
                try await server.check("echo there > there")
                try await SilentServer.dirty(server)
                fixture.proxy.silence()
                let start = ContinuousClock.now
                server.process.signal(SIGTERM)
                try await server.process.wrote("waiting until what is unwritten of 2 files is stored in file://")
                #expect(server.process.text.contains(" and committed in \(fixture.url)"))
                #expect(server.process.text.contains("on for 30 s, it is saved in \(fixture.directory)"))
                let ending = try await fixture.end(server)
                #expect(.now - start >= .seconds(25), "\(ending.text)")
                #expect(ending.exitCode == 1, "\(ending.text)")
                let told = "of 2 files it is saved in \(fixture.directory); \(fixture.url) has not answered for 30 s"
                #expect(ending.text.contains(told), "\(ending.text)")
                let again = try await fixture.mount(way)
                try await again.check("same \"$(cat there)\" there\n\(SilentServer.compare)")
                try await StoreTool.end(again)
            }
        }

        /// With a journal it stays there, all of it, and the next mount brings it in. Here somebody unmounts, of which the server hears late.
        @Test func journalsKeepAll() async throws {
            try await Self.onBothWays { fixture, way in
                let journal = ["--writeback", fixture.directory]
                let server = try await fixture.mount(way, journal)
                try await SilentServer.dirty(server)
                fixture.proxy.silence()
                let unmounting = try await ChildProcess.start(
                    [ServerProcess.tool.string, "unmount", server.path.string])
                #expect(try await unmounting.ended().isSuccess)
                try await server.process.wrote("does not get on for 30 s, it stays in \(fixture.directory)")
                let ending = try await fixture.end(server)
                #expect(ending.exitCode == 0, "\(ending.text)")
                #expect(ending.text.contains("\(fixture.url) has not answered for 30 s"), "\(ending.text)")
                #expect(ending.text.contains("they stay in \(fixture.directory)"), "\(ending.text)")
                let again = try await fixture.mount(way, journal)
                try await again.check("for f in f g; do \(SilentServer.written) | cmp - $f; done")
                try await StoreTool.end(again)
            }
        }

        /// With nothing unwritten the end of the session is all that is waited for, and not for longer.
        @Test func sessionsAreLeftBehind() async throws {
            try await Self.with { fixture in
                let server = try await fixture.mount(.device)
                try await server.check("echo there > there")
                fixture.proxy.silence()
                server.process.signal(SIGTERM)
                try await server.process.wrote("waiting until the database has ended this session")
                let ending = try await fixture.end(server)
                #expect(ending.exitCode == 0, "\(ending.text)")
                #expect(ending.text.contains("this session is not ended in the database"), "\(ending.text)")
                let again = try await fixture.mount(.device)
                try await again.check("same \"$(cat there)\" there")
                try await StoreTool.end(again)
            }
        }

        /// Once the end is asked for, a program that waits for the database is told so and does not keep the mount.
        @Test func programsDoNotKeepTheMount() async throws {
            try await Self.onBothWays { fixture, way in
                let server = try await fixture.mount(way, ["--rescue", fixture.directory])
                let script = """
                    import errno, os, time
                    file = os.open('\(server.path)/f', os.O_RDWR | os.O_CREAT, 0o644)
                    os.fsync(file)
                    os.write(file, b'w' * 100000)
                    print('inode', os.fstat(file).st_ino, flush=True)
                    while not os.path.exists('\(fixture.scratch.outside)/continued'): time.sleep(0.02)
                    print('asking', flush=True)
                    try:
                        os.fsync(file)
                        print('stored')
                    except OSError as error:
                        print('refused', errno.errorcode[error.errno])
                    os._exit(0)
                    """
                let program = try await ChildProcess.start(["python3", "-c", script], limit: .seconds(280))
                try await program.wrote("inode")
                fixture.proxy.silence()
                try await Program.check(script: "touch $OUT/continued", scratch: fixture.scratch)
                try await program.wrote("asking")
                server.process.signal(SIGTERM)
                try await server.process.wrote("is in use: detached")
                let ending = try await fixture.end(server)
                let text = try await program.ended().text
                #expect(text.contains("refused EIO"), "\(text)")
                #expect(ending.exitCode == 1, "\(ending.text)")
                #expect(ending.text.contains("of 1 file it is saved in \(fixture.directory)"), "\(ending.text)")
                let again = try await fixture.mount(way)
                try await again.check("same \"$(stat -c %s f)\" 0")
                try await StoreTool.end(again)
            }
        }
    }
}
