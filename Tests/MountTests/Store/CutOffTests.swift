import Foundation
import Glibc
import NetworkStore
import StoreTestSupport
import SystemPackage
import TestSupport
import Testing

extension MountTests {
    /// Two mounts of a volume, each in a network namespace of its own, and their servers outside: links are cut and mended.
    @Suite
    struct CutOff {
        /// A volume that is mounted twice.
        struct Fixture {
            let networks: NetworkNamespaces
            let database: PostgreSQLServer
            let url: String
            let keys: [String]
            let scratches: [Scratch]

            func mount(_ index: Int) async throws -> ServerProcess {
                try await ServerProcess.start(
                    .shared, by: .ring, scratch: scratches[index], metadata: url,
                    options: ["--lease", "8", "--rescue", place("rescue")],
                    launcher: networks.words(index) + keys, limit: .seconds(280))
            }

            /// A file outside of the mounts.
            func place(_ name: String) -> String { scratches[0].outside.appending(name).string }

            /// Starts a program that works on a mount until `stop` is there, or until it is refused something; see `worker`.
            func start(_ index: Int, _ name: String, isAlone: Bool = false) async throws -> Worker {
                let log = place(name)
                let mount = scratches[index].mountPoint.string
                let words = [mount, name, log, place("stop"), isAlone ? "alone" : "shared"]
                return Worker(
                    process: try await ChildProcess.start(
                        ["python3", "-c", CutOff.worker] + words, limit: .seconds(280)),
                    log: log)
            }

            /// Runs a script of bash that knows both mounts as `$A` and `$B`.
            func check(_ script: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
                let places = "A='\(scratches[0].mountPoint)'; B='\(scratches[1].mountPoint)'\n"
                try await Program.check(
                    script: places + script, scratch: scratches[0], sourceLocation: sourceLocation)
            }

            /// The sessions of the volume.
            var sessions: Int {
                get throws {
                    let schema = String(url.split(separator: "=").last ?? "")
                    return Int(try database.run("SELECT count(*) FROM sessions", schema: schema).dropLast()) ?? 0
                }
            }
        }

        /// A program that works on a mount, and notes what was acknowledged.
        struct Worker {
            let process: ChildProcess
            let log: String

            /// How much has been acknowledged.
            var count: Int { (try? String(contentsOfFile: log, encoding: .utf8))?.split(separator: "\n").count ?? 0 }

            /// Waits until more has been acknowledged.
            func goesOn(by more: Int = 8) async throws {
                let before = count
                try await eventually("more of \(log); \(process.text)") {
                    count >= before + more || process.hasEnded
                }
                try #require(!process.hasEnded, "\(log): \(process.text)")
            }
        }

        /// Makes files in a directory of its own, and counts in a file of all under a lock, where it is not alone. Notes what has
        /// been closed, and the counts that it has made.
        private static let worker = """
            import errno, fcntl, os, sys, time
            mount, name, log, stop, kind = sys.argv[1:]

            def content(i):
                return b'%s %d\\n' % (name.encode(), i) * (9000 * (1 + i % 5) if i % 7 == 6 else i % 50 + 1)

            def write(i):
                file = os.open(f'{mount}/{name}/{i}', os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
                try:
                    os.write(file, content(i))
                finally:
                    os.close(file)

            def count():
                file = os.open(f'{mount}/count', os.O_RDWR | os.O_CREAT, 0o644)
                try:
                    fcntl.flock(file, fcntl.LOCK_EX)
                    number = int(os.pread(file, 20, 0) or b'0') + 1
                    os.pwrite(file, b'%019d\\n' % number, 0)
                    fcntl.flock(file, fcntl.LOCK_UN)
                finally:
                    os.close(file)
                return number

            with open(log, 'w') as told:
                i = 0
                try:
                    os.makedirs(f'{mount}/{name}', exist_ok=True)
                    while not os.path.exists(stop):
                        write(i)
                        print('file', i, len(content(i)), file=told, flush=True)
                        if kind == 'shared':
                            print('count', count(), file=told, flush=True)
                        i += 1
                        # All of it is read in the end, however fast the machine is.
                        time.sleep(0.01)
                    print('stopped')
                except OSError as error:
                    print('refused', errno.errorcode[error.errno], i)
            """

        /// Holds a lock, and has something written that is not stored, until it is told to store it.
        private static func holder(_ fixture: Fixture) async throws -> ChildProcess {
            let script = """
                import errno, fcntl, os, time
                file = os.open('\(fixture.scratches[0].mountPoint)/held', os.O_WRONLY | os.O_CREAT, 0o644)
                fcntl.flock(file, fcntl.LOCK_EX)
                os.write(file, b'x' * 100000)
                print('written', flush=True)
                while not os.path.exists('\(fixture.place("continued"))'):
                    time.sleep(0.05)
                try:
                    os.fsync(file)
                    print('stored')
                except OSError as error:
                    print('refused', errno.errorcode[error.errno])
                """
            let process = try await ChildProcess.start(["python3", "-c", script], limit: .seconds(200))
            try await process.wrote("written")
            return process
        }

        private static func with(_ body: (Fixture) async throws -> Void) async throws {
            let networks = try await NetworkNamespaces(count: 2)
            do {
                let database = try PostgreSQLServer(alsoAt: [networks.address])
                let store = try await SeaweedServer(at: "0.0.0.0")
                try await use(networks, database, store, body)
                store.stop()
                database.stop()
                database.remove()
            } catch {
                await networks.remove()
                throw error
            }
            await networks.remove()
        }

        private static func use(
            _ networks: NetworkNamespaces,
            _ database: PostgreSQLServer,
            _ store: SeaweedServer,
            _ body: (Fixture) async throws -> Void
        ) async throws {
            let keys = SeaweedServer.environment
            try await TestBucket.make(by: store.url(), keys)
            let words = ["env"] + keys.map { "\($0.key)=\($0.value)" }
            let url = database.volume(host: networks.address)
            try await withScratch { first in
                try await withScratch { second in
                    let data = "s3://test-bucket/cut?endpoint=http://\(networks.address):\(store.port)"
                    try await S3Volume.succeed(["format", url, "--data", data], keys: words)
                    try await body(
                        Fixture(
                            networks: networks, database: database, url: url, keys: words, scratches: [first, second]))
                    let check = try await S3Volume.succeed(["fsck", url, "--scrub"], keys: words)
                    #expect(check.contains("consistent"), "\(check)")
                }
            }
        }

        /// Cut off for less than its lease, a mount goes on where it was, and nobody is told anything. Cut off for longer, it has
        /// lost the volume: the other one goes on all the time and gets what it needs; what was acknowledged is there, and
        /// nothing else of the lost one ever is.
        @Test func mountsComeBackOrAreFenced() async throws {
            try await Self.with { fixture in
                let first = try await fixture.mount(0)
                let second = try await fixture.mount(1)
                let lost = try await fixture.start(0, "lost")
                let other = try await fixture.start(1, "other")
                let alone = try await fixture.start(1, "alone", isAlone: true)
                for worker in [lost, other, alone] { try await worker.goesOn() }
                for index in [0, 1, 0] {
                    try await fixture.networks.cut(index)
                    try await Task.sleep(for: .seconds(1))
                    try await fixture.networks.mend(index)
                    for worker in [lost, other, alone] { try await worker.goesOn() }
                }
                let holder = try await Self.holder(fixture)
                try await fixture.networks.cut(0)
                try await alone.goesOn()
                try await eventually("the end of a session") { try fixture.sessions == 1 }
                for worker in [other, alone] { try await worker.goesOn() }
                try await fixture.check(
                    """
                    flock -w 30 $B/held -c "echo theirs > $B/held"
                    find $B/lost -type f -exec md5sum {} + | sort > $OUT/before
                    """)
                try await fixture.networks.mend(0)
                try await fixture.check("touch $OUT/continued")
                let refused = try await holder.ended(within: .seconds(120))
                #expect(refused.text.contains("refused"), "\(refused.text)")
                let ending = try await lost.process.ended(within: .seconds(120))
                #expect(ending.text.contains("refused E"), "\(ending.text)")
                try await fixture.check(
                    """
                    for i in {1..120}; do
                        if touch $A/late 2> $OUT/error; then fail 'made a file'; fi
                        grep -q 'Stale file handle' $OUT/error && break
                        sleep 0.5
                    done
                    grep -q 'Stale file handle' $OUT/error
                    """)
                for worker in [other, alone] { try await worker.goesOn() }
                try await fixture.check("touch $OUT/stop")
                for worker in [other, alone] {
                    let text = try await worker.process.ended().text
                    #expect(text == "stopped\n", "\(text)")
                }
                first.process.signal(SIGTERM)
                _ = try await first.process.ended(within: .seconds(60))
                #expect(first.process.text.contains("mount it again"), "\(first.process.text)")
                #expect(first.process.text.contains("is saved in \(fixture.place("rescue"))"), "\(first.process.text)")
                try await fixture.check(
                    """
                    head -c 100000 /dev/zero | tr '\\0' x > $OUT/expected
                    for file in $OUT/rescue/*; do if cmp -s $OUT/expected $file; then exit; fi; done; fail 'not saved'
                    """)
                let again = try await fixture.mount(0)
                try await fixture.check(Self.everything)
                try await StoreTool.end(again, second)
            }
        }

        /// What is there in the end.
        private static let everything = """
            same "$(cat $B/held)" theirs
            [ ! -e $B/late ]
            find $B/lost -type f -exec md5sum {} + | sort | cmp - $OUT/before
            python3 - $A $B $OUT <<'END'
            import os, sys
            one, two, out = sys.argv[1:]
            for name in 'lost', 'other', 'alone':
                told = [line.split()[1:] for line in open(f'{out}/{name}') if line.startswith('file ')]
                for i, size in told:
                    line = f'{name} {i}\\n'.encode()
                    for mount in one, two:
                        with open(f'{mount}/{name}/{i}', 'rb') as file:
                            assert file.read() == line * (int(size) // len(line)), file.name
                # One more at the most, of which nobody was told whether it was stored.
                found = len(os.listdir(f'{two}/{name}'))
                assert found in (len(told), len(told) + 1), f'{name}: {found} files, {len(told)} told of'
            END
            # Each count was made once.
            cat $OUT/lost $OUT/other | sed -n 's/^count //p' | sort -n > $OUT/counts
            same "$(uniq -d $OUT/counts)" ''
            told=$(wc -l < $OUT/counts); found=$((10#$(cat $B/count)))
            (( found == told || found == told + 1 )) || fail "counted to $found, told of $told"
            """
    }
}
