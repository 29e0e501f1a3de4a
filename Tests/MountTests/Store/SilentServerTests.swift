import Glibc
import StoreTestSupport
import SystemPackage
import TestSupport
import Testing

extension MountTests {
    /// Mounts and commands whose server of objects takes what it is asked, and answers nothing.
    @Suite
    struct SilentServer {
        /// A volume in SQLite whose objects are behind a proxy.
        private struct Fixture {
            let scratch: Scratch
            let proxy: FaultProxy
            let keys: [String]

            var database: String { scratch.outside.appending("volume.db").string }

            func mount(_ way: Way, _ options: [String] = []) async throws -> ServerProcess {
                try await ServerProcess.start(
                    .store, by: way, scratch: scratch, options: options, launcher: keys, limit: .seconds(100))
            }

            /// Falls silent.
            func silence() throws { try proxy.disturb(percent: 100, [.silent]) }
        }

        private static func with(_ body: (Fixture) async throws -> Void) async throws {
            try await TestBucket.ready.value
            let server = try await ObjectServer.shared.value
            try await withScratch { scratch in
                let proxy = try await FaultProxy(before: server.endpoint, seed: 1)
                let fixture = Fixture(scratch: scratch, proxy: proxy, keys: server.words)
                let place = "s3://test-bucket/silent-\(UInt32.random(in: 0...UInt32.max))"
                let data = "\(place)?endpoint=http://127.0.0.1:\(proxy.port)"
                try await S3Volume.succeed(["format", fixture.database, "--data", data], keys: server.words)
                try await body(fixture)
            }
        }

        /// Has files of 5 MB that are dirty in the kernel, so that nobody but the end of the mount writes them.
        static func dirty(_ server: ServerProcess) async throws {
            let script = """
                import ctypes, os
                # Python's own mapping would keep a descriptor.
                library = ctypes.CDLL(None)
                library.mmap.restype = ctypes.c_void_p
                library.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
                for name in 'f', 'g':
                    file = os.open('\(server.path)/' + name, os.O_RDWR | os.O_CREAT, 0o644)
                    os.write(file, b'o' * 5000000)
                    memory = library.mmap(None, 5000000, 3, 1, file, 0)
                    os.close(file)
                    ctypes.memset(memory, ord('w'), 5000000)
                os._exit(0)
                """
            let writer = try await ChildProcess.start(["python3", "-c", script])
            #expect(try await writer.ended().isSuccess)
        }

        /// Prints what is in one of them.
        static let written = "head -c 5000000 /dev/zero | tr '\\0' w"

        /// Checks that what is not in a file on a mount is saved. The kernel may have written a part before the server fell silent.
        static let compare = """
            python3 - "$OUT/rescue" <<'END'
            import glob, os, sys
            for name in 'f', 'g':
                stored = open(name, 'rb').read()
                saved, = glob.glob(f'{sys.argv[1]}/inode-{os.stat(name).st_ino}-*')
                saved = open(saved, 'rb').read().ljust(len(stored), b'\\0')
                assert len(stored) == 5000000 and all(119 in pair for pair in zip(stored, saved)), name
            END
            """

        /// A mount with something unwritten says what it waits for, and saves it aside after half a minute.
        @Test(arguments: Way.allCases)
        func unmountingIsBounded(_ way: Way) async throws {
            try await Self.with { fixture in
                let rescue = fixture.scratch.outside.appending("rescue").string
                let server = try await fixture.mount(way, ["--rescue", rescue])
                try await server.check("echo there > there")
                try await Self.dirty(server)
                try fixture.silence()
                let start = ContinuousClock.now
                server.process.signal(SIGTERM)
                let waiting = "waiting until what is unwritten of 2 files is stored in s3://test-bucket/"
                try await server.process.wrote(waiting)
                #expect(server.process.text.contains("does not get on for 30 s, it is saved in \(rescue)"))
                let ending = try await server.process.ended(within: .seconds(60))
                #expect(.now - start >= .seconds(25), "\(ending.text)")
                #expect(ending.exitCode == 1 && ending.text.contains("of 2 files it is saved in"), "\(ending.text)")
                try fixture.proxy.rest()
                let again = try await fixture.mount(way)
                try await again.check("same \"$(cat there)\" there\n\(Self.compare)")
                try await StoreTool.end(again)
            }
        }

        /// With a journal it stays there, all of it, and the next mount brings it in.
        @Test(arguments: Way.allCases)
        func journalsKeepAll(_ way: Way) async throws {
            try await Self.with { fixture in
                let journal = ["--writeback", fixture.scratch.outside.appending("journal").string]
                let server = try await fixture.mount(way, journal)
                try await Self.dirty(server)
                try fixture.silence()
                try await server.check("head -c 3000000 /dev/zero > z; sync z; echo small > s")
                server.process.signal(SIGTERM)
                try await server.process.wrote("does not get on for 30 s, it stays in \(journal[1])")
                let ending = try await server.process.ended(within: .seconds(60))
                #expect(ending.exitCode == 0 && ending.text.contains("they stay in \(journal[1])"), "\(ending.text)")
                try fixture.proxy.rest()
                let again = try await fixture.mount(way, journal)
                try await again.check(
                    """
                    for f in f g; do \(Self.written) | cmp - $f; done
                    head -c 3000000 /dev/zero | cmp - z; same "$(cat s)" small
                    """)
                try await StoreTool.end(again)
            }
        }

        /// What a mount does in the background with nothing unwritten is not waited for at all.
        @Test func nothingUnwrittenIsNotWaitedFor() async throws {
            try await Self.with { fixture in
                let server = try await fixture.mount(.device)
                try await server.check("head -c 9000000 /dev/zero > f; rm f; head -c 9000000 /dev/zero > g")
                try await StoreTool.end(server)
                let again = try await fixture.mount(.device)
                try fixture.silence()
                // Readahead goes on when its reader is gone.
                try await again.check("timeout -s KILL 1 head -c 200000 g > $OUT/part || true")
                try await eventually("a silent request") { fixture.proxy.counts[.silent, default: 0] > 0 }
                again.process.signal(SIGTERM)
                let ending = try await again.process.ended(within: .seconds(60))
                #expect(ending.exitCode == 0, "\(ending.text)")
                #expect(!ending.text.contains("waiting"))
            }
        }

        /// Commands that wait for it end at Ctrl-C, and what they have found by then is told.
        @Test func commandsCanBeStopped() async throws {
            try await Self.with { fixture in
                let server = try await fixture.mount(.device)
                try await server.check("head -c 9000000 /dev/zero > f")
                try await StoreTool.end(server)
                let change = "UPDATE objects SET live = live + 1 WHERE number = (SELECT min(number) FROM objects)"
                let script = "import sqlite3; d = sqlite3.connect('\(fixture.database)'); "
                try await Program.check(
                    script: "python3 -c \"\(script)d.execute('\(change)'); d.commit()\"", scratch: fixture.scratch)
                try fixture.silence()
                let output = fixture.scratch.outside.appending("findings").string
                let tool = ServerProcess.tool.string
                let check = try await ChildProcess.start(
                    fixture.keys + ["bash", "-c", "exec '\(tool)' store fsck '\(fixture.database)' > '\(output)'"])
                try await eventually("a silent request") { fixture.proxy.counts[.silent, default: 0] > 0 }
                try await Program.check(script: "same \"$(wc -l < '\(output)')\" 1", scratch: fixture.scratch)
                check.signal(SIGINT)
                let ending = try await check.ended(within: .seconds(10))
                #expect(ending.signal == SIGINT, "\(ending)")
                let told = "ringfuse: interrupted: 0 objects were checked, with 1 findings; nothing is changed\n"
                #expect(ending.text.hasSuffix(told), "\(ending.text)")
                let again = try await fixture.mount(.device)
                let words = fixture.keys + [tool, "store", "warmup", again.path.string]
                let warmUp = try await ChildProcess.start(words)
                let before = fixture.proxy.counts[.silent, default: 0]
                try await eventually("a silent request") { fixture.proxy.counts[.silent, default: 0] > before }
                warmUp.signal(SIGINT)
                let stopped = try await warmUp.ended(within: .seconds(10))
                #expect(stopped.text.hasSuffix("ringfuse: interrupted: read 0 files, 0 bytes\n"), "\(stopped.text)")
                // The kernel keeps requests of asynchronous reads when their process is gone, and with them the mount.
                again.process.signal(SIGTERM)
                try await again.process.wrote("unmounting")
                again.process.signal(SIGTERM)
                _ = try await again.process.ended()
            }
        }
    }
}
