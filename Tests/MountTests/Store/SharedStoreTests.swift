import Glibc
import RingFUSE
import SystemPackage
import TestSupport
import Testing

extension MountTests {
    /// Volumes in PostgreSQL, which several mounts have at a time.
    @Suite
    struct SharedStore {
        /// A volume, and where it may be mounted twice.
        struct Pair {
            let url: String
            let first: Scratch
            let second: Scratch

            /// The schema of the volume.
            var schema: String { String(url.split(separator: "=").last ?? "") }

            /// Mounts it at one of the places.
            func mount(_ scratch: Scratch, _ way: Way, options: [String] = []) async throws -> ServerProcess {
                try await ServerProcess.start(.shared, by: way, scratch: scratch, metadata: url, options: options)
            }

            /// Runs a script of bash that knows both mounts as `$A` and `$B`.
            func check(_ script: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
                let places = "A='\(first.mountPoint)'; B='\(second.mountPoint)'\n"
                try await Program.check(
                    script: places + script, scratch: first, in: first.outside, sourceLocation: sourceLocation)
            }

            /// Expects the volume to be sound.
            func checkVolume() async throws {
                #expect(try await StoreTool.succeed(["fsck", url, "--scrub"]).contains("consistent"))
            }
        }

        /// Makes a volume.
        static func withPair(
            on server: PostgreSQLServer? = nil,
            _ body: (Pair) async throws -> Void
        ) async throws {
            let shared = try await PostgreSQLServer.shared.value
            let url = (server ?? shared).volume()
            try await withScratch { first in
                try await withScratch { second in
                    try await StoreTool.succeed(["format", url, "--data", "file://\(first.outside)/objects"])
                    try await body(Pair(url: url, first: first, second: second))
                }
            }
        }

        /// What one mount has closed, the other reads when it opens it: content and size, longer and shorter, back and forth.
        @Test(arguments: Way.allCases)
        func closedIsSeenByWhoeverOpens(_ way: Way) async throws {
            try await Self.withPair { pair in
                let (first, second) = (try await pair.mount(pair.first, way), try await pair.mount(pair.second, way))
                try await pair.check(
                    """
                    for i in {1..40}; do
                        head -c $((i * 99991 % 300000 + 1)) < <(yes "round $i") > expected
                        if ((i % 2)); then from=$A to=$B; else from=$B to=$A; fi
                        # The reader has the old content in its caches.
                        if ((i > 1)); then cat $to/f > /dev/null; fi
                        cp expected $from/f
                        cmp expected $to/f
                        same "$(stat -c %s $to/f)" "$(stat -c %s expected)"
                    done
                    for i in {1..20}; do
                        echo "line $i" >> $A/log; echo "line $i" >> expected-log
                        cmp expected-log $B/log
                    done
                    # The same length, so that no size tells.
                    for i in {10..40}; do echo "number $i" > $A/same; same "$(cat $B/same)" "number $i"; done
                    """)
                try await StoreTool.end(first, second)
                try await pair.checkVolume()
            }
        }

        /// Names that one mount makes, moves and removes, the other hears of long before it would ask again.
        @Test func namesAreTold() async throws {
            try await Self.withPair { pair in
                let long = ["--cache-timeout", "1000"]
                let first = try await pair.mount(pair.first, .device, options: long)
                let second = try await pair.mount(pair.second, .device, options: long)
                try await pair.check(
                    """
                    mkdir $A/d; until [ -d $B/d ]; do sleep 0.01; done
                    for i in {1..10}; do
                        [ ! -e $B/d/x ]; echo $i > $A/d/x
                        until [ -e $B/d/x ]; do sleep 0.01; done
                        same "$(cat $B/d/x)" $i
                        mv $A/d/x $A/d/y
                        until [ ! -e $B/d/x ] && [ -e $B/d/y ]; do sleep 0.01; done
                        rm $B/d/y
                        until [ ! -e $A/d/y ]; do sleep 0.01; done
                    done
                    chmod 700 $A/d; until [ "$(stat -c %a $B/d)" = 700 ]; do sleep 0.01; done
                    """)
                try await StoreTool.end(first, second)
                try await pair.checkVolume()
            }
        }

        /// With `--consistency strict` the next look at a name sees what the other mount has done.
        @Test(arguments: Way.allCases)
        func strictNamesAreAskedFor(_ way: Way) async throws {
            try await Self.withPair { pair in
                let first = try await pair.mount(pair.first, way, options: ["--consistency", "strict"])
                let second = try await pair.mount(pair.second, way, options: ["--consistency", "relaxed"])
                try await pair.check(
                    """
                    for i in {1..50}; do
                        [ ! -e $A/x ]; echo $i > $B/x; [ -e $A/x ]
                        chmod 7$((i % 8))0 $B/x; same "$(stat -c %a $A/x)" 7$((i % 8))0
                        mv $B/x $B/y; [ ! -e $A/x ]; same "$(cat $A/y)" $i
                        rm $B/y; [ ! -e $A/y ]
                    done
                    """)
                try await StoreTool.end(first, second)
            }
        }

        /// A mount that was paused for longer than its lease has lost the volume: what it had not committed gives errors, and
        /// what the other has done meanwhile is right.
        @Test func pausedMountsAreFenced() async throws {
            try await Self.withPair { pair in
                let server = try await PostgreSQLServer.shared.value
                let lease = ["--lease", "2", "--rescue", "none"]
                let first = try await pair.mount(pair.first, .device, options: lease)
                let second = try await pair.mount(pair.second, .device, options: lease)
                let script = """
                    import errno, os, sys
                    file = os.open('\(pair.first.mountPoint)/held', os.O_WRONLY | os.O_CREAT, 0o644)
                    os.write(file, b'x' * 100000)
                    print('written', flush=True)
                    while not os.path.exists('\(pair.first.outside)/continued'): pass
                    try:
                        os.fsync(file)
                        print('stored')
                    except OSError as error:
                        print('refused', errno.errorcode[error.errno])
                    """
                let writer = try await ChildProcess.start(["python3", "-c", script], limit: .seconds(60))
                try await writer.wrote("written")
                first.process.signal(SIGSTOP)
                while try server.run("SELECT count(*) FROM sessions", schema: pair.schema) != "1\n" {
                    try await Task.sleep(for: .milliseconds(100))
                }
                try await pair.check("echo other > $B/held; echo more > $B/more")
                first.process.signal(SIGCONT)
                try await pair.check(
                    "! dd if=/dev/zero of=$A/late bs=4k count=1 conv=fsync status=none 2>error; touch continued")
                let ending = try await writer.ended()
                #expect(ending.text.contains("refused"), "\(ending.text)")
                try await pair.check("same \"$(cat $B/held)\" other; same \"$(cat $B/more)\" more; [ ! -e $B/late ]")
                first.process.signal(SIGTERM)
                _ = try await first.process.ended()
                #expect(first.process.text.contains("mount it again"))
                try await StoreTool.end(second)
                try await pair.checkVolume()
            }
        }

        /// A mount is killed: what was closed is there, for the other at once, and for the next.
        @Test func killedMountsHaveKeptWhatWasClosed() async throws {
            try await Self.withPair { pair in
                let first = try await pair.mount(pair.first, .device)
                let second = try await pair.mount(pair.second, .device)
                let script = """
                    cd '\(first.path)'
                    for ((i = 0; ; i++)); do
                        size=$((i % 7 == 6 ? 6000000 : i * 1000 % 70000 + 1))
                        head -c $size < <(yes "$i") > $i || exit 0
                        echo "$i $size" >> '\(pair.first.outside)/closed'
                    done
                    """
                let writer = try await ChildProcess.start(["bash", "-c", script], limit: .seconds(60))
                try await pair.check("until [ -e closed ] && [ $(wc -l < closed) -gt 40 ]; do sleep 0.01; done")
                first.process.signal(SIGKILL)
                _ = try await first.process.ended()
                _ = try await writer.ended()
                try await Program.check(script: "umount -l '\(first.path)'", scratch: pair.first)
                let again = try await pair.mount(pair.first, .device)
                try await pair.check(
                    """
                    while read -r i size; do
                        head -c $size < <(yes "$i") > expected
                        cmp expected $A/$i; cmp expected $B/$i
                    done < closed
                    """)
                try await StoreTool.end(again, second)
                try await pair.checkVolume()
            }
        }

        /// The database's server is restarted under a mount: programs wait, and nothing is lost.
        @Test func restartsOfTheServerAreWaitedFor() async throws {
            let server = try PostgreSQLServer()
            defer {
                server.stop()
                server.remove()
            }
            try await Self.withPair(on: server) { pair in
                let first = try await pair.mount(pair.first, .device)
                try await pair.check("for i in {1..50}; do echo $i > $A/$i; done")
                let writer = try await ChildProcess.start(
                    ["bash", "-c", "cd '\(first.path)'; for i in {51..200}; do echo $i > $i || exit 1; done"],
                    limit: .seconds(60))
                try await pair.check("until [ -e $A/60 ]; do sleep 0.01; done")
                server.stop()
                try server.start()
                #expect(try await writer.ended().isSuccess)
                try await pair.check("for i in {1..200}; do same \"$(cat $A/$i)\" $i; done")
                try await StoreTool.end(first)
                try await pair.checkVolume()
            }
        }
    }
}
