import Foundation
import NetworkStore
import StoreTestSupport
import SystemPackage
import TestSupport
import Testing

extension MountTests {
    /// Mounts whose server of objects fails in all ways, request by request: what people are told, that no wrong byte is
    /// ever read, and that all is well when it is over.
    @Suite
    struct FaultyServer {
        /// A volume in SQLite whose objects are behind a proxy.
        struct Fixture {
            let scratch: Scratch
            let proxy: FaultProxy
            let keys: [String]

            /// Mounts it, with little memory, so that most of what is read comes from the server.
            func mount(_ way: Way) async throws -> ServerProcess {
                try await ServerProcess.start(
                    .store, by: way, scratch: scratch, options: ["--content-memory", "32M"], launcher: keys,
                    limit: .seconds(240))
            }

            /// Runs a command of the tool that must succeed, and gives what it said.
            @discardableResult
            func succeed(_ words: [String]) async throws -> String {
                try await S3Volume.succeed(words, keys: keys)
            }

            /// Expects the volume to be sound, to the last byte.
            func checkVolume() async throws {
                let database = scratch.outside.appending("volume.db").string
                #expect(try await succeed(["fsck", database, "--scrub"]).contains("consistent"))
            }

            /// Expects that so many of some faults have come; they are drawn, so that any single one may be missing.
            func expect(_ count: Int, of faults: [FaultProxy.Fault], sourceLocation: SourceLocation = #_sourceLocation)
            {
                let counts = proxy.counts
                let sum = faults.reduce(0) { $0 + counts[$1, default: 0] }
                #expect(sum >= count, "\(counts)", sourceLocation: sourceLocation)
            }
        }

        /// Seeds of the faults: one as a rule, as many as `RINGFUSE_TEST_HISTORIES` says otherwise.
        static let seeds = HistorySeeds.chosen(1)

        /// Makes a volume; odd seeds are for mounts on the ring.
        private static func with(_ seed: UInt64, _ body: (Fixture, Way) async throws -> Void) async throws {
            try await TestBucket.ready.value
            let server = try await ObjectServer.shared.value
            try await withScratch { scratch in
                let proxy = try await FaultProxy(before: server.endpoint, seed: seed)
                let fixture = Fixture(scratch: scratch, proxy: proxy, keys: server.words)
                let place = "s3://test-bucket/faulty-\(UInt32.random(in: 0...UInt32.max))"
                try await fixture.succeed([
                    "format", scratch.outside.appending("volume.db").string, "--data",
                    "\(place)?endpoint=http://127.0.0.1:\(proxy.port)",
                ])
                try await body(fixture, seed % 2 == 0 ? .device : .ring)
            }
        }

        /// What is made anew, and read back in all ways: `make`, then `compare`. Objects of several blocks, of one, and content
        /// that is in the database.
        private static let files = """
            make() {
                [ -e $OUT/large ] || { head -c 60M /dev/urandom > $OUT/large; head -c 3M /dev/urandom > $OUT/small; }
                cp $OUT/large large; mkdir small
                for i in {0..39}; do piece $i > small/$i; done
                for at in 100 70000 9000000; do printf changed | dd of=large bs=1 seek=$at conv=notrunc status=none; done
                for at in 100 70000 9000000; do printf changed | dd of=$OUT/large bs=1 seek=$at conv=notrunc status=none; done
            }
            piece() { head -c $(($1 * 1700 + 40)) < <(tail -c +$(($1 * 70000 + 1)) $OUT/small); }
            compare() {
                cmp large $OUT/large
                for i in {0..39}; do cmp small/$i <(piece $i); done
                for i in {1..40}; do
                    flags="bs=4096 count=$((RANDOM % 40 + 1)) skip=$((RANDOM % 15000)) status=none"
                    cmp <(dd if=large iflag=direct $flags) <(dd if=$OUT/large $flags)
                done
            }

            """

        /// What a client makes good by asking again, nobody on the mount notices.
        @Test(arguments: seeds)
        func isNotNoticedWhereItPasses(_ seed: UInt64) async throws {
            try await Self.with(seed) { fixture, way in
                let faults = FaultProxy.Fault.passing
                try fixture.proxy.disturb(percent: 20, faults)
                let first = try await fixture.mount(way)
                try await first.check(Self.files + "make; compare; rm small/39; cp $OUT/large again; sync")
                try await StoreTool.end(first)
                let second = try await fixture.mount(way)
                try await second.check(Self.files + "mv again gone; rm gone; piece 39 > small/39; compare; compare")
                try await StoreTool.end(second)
                fixture.expect(15, of: faults)
                try fixture.proxy.rest()
                try await fixture.checkVolume()
            }
        }

        /// Objects of which a byte is wrong, or that are said to be gone: an error for what is in them, and never other bytes;
        /// and all is read again when it is over.
        @Test(arguments: seeds)
        func neverGivesWrongBytes(_ seed: UInt64) async throws {
            try await Self.with(seed) { fixture, way in
                let first = try await fixture.mount(way)
                try await first.check(Self.files + "make; cp small/3 small/inline")
                try await StoreTool.end(first)
                let second = try await fixture.mount(way)
                try fixture.proxy.disturb(percent: 50, [.wrong, .missing])
                try await second.check(
                    Self.files + """
                        failed=0
                        for round in 1 2; do
                            for ((i = 0; i < 480; i += round * 3)); do
                                if dd if=large of=$OUT/block bs=128K skip=$i count=1 iflag=direct status=none 2> $OUT/error; then
                                    cmp $OUT/block <(dd if=$OUT/large bs=128K skip=$i count=1 status=none)
                                else
                                    grep -q 'Input/output error' $OUT/error; failed=$((failed + 1))
                                fi
                            done
                            for i in {0..39}; do
                                cat small/$i > $OUT/got 2> $OUT/error || grep -q 'Input/output error' $OUT/error
                                cmp -n "$(stat -c %s $OUT/got)" $OUT/got <(piece $i)
                            done
                        done
                        [ $failed -gt 0 ]
                        # Writing goes on.
                        echo new > new; same "$(cat new)" new
                        """)
                fixture.expect(5, of: [.wrong])
                fixture.expect(5, of: [.missing])
                try fixture.proxy.rest()
                try await second.check(Self.files + "compare; same \"$(cat new)\" new")
                try await StoreTool.end(second)
                try await fixture.checkVolume()
            }
        }

        /// A byte that is wrong once is asked for again, and nobody notices; one that is wrong each time takes the block that it is
        /// in, and nothing else. Both are counted, and told in the log once.
        @Test(arguments: [UInt64(0), 1])
        func wrongBytesAreAskedForAgain(_ seed: UInt64) async throws {
            try await Self.with(seed) { fixture, way in
                let first = try await fixture.mount(way)
                try await first.check("head -c 4M /dev/urandom > $OUT/f; cp $OUT/f f")
                try await StoreTool.end(first)
                let block = "block() { dd if=$1 bs=64K skip=$2 count=1 iflag=$3 status=none; }\n" + StoreTool.volume
                let second = try await fixture.mount(way)
                try fixture.proxy.disturb(percent: 100, [.wrong], limit: 1)
                try await second.check(
                    block + """
                        cmp <(block f 7 direct) <(block $OUT/f 7 fullblock)
                        same "$(volume fetched.wrong) $(volume fetched.failed)" "1 1"
                        cmp f $OUT/f
                        """)
                try await StoreTool.end(second)
                let told = second.process.text.components(separatedBy: "the right ones when it was asked again")
                #expect(told.count == 2, "\(second.process.text)")
                try fixture.proxy.disturb(percent: 100, [.spot])
                let third = try await fixture.mount(way)
                try await third.check(
                    block + """
                        for round in 1 2; do refuses 'Input/output error' block f 1 direct; done
                        same "$(volume fetched.wrong)" 4
                        for i in 0 {2..63}; do cmp <(block f $i direct) <(block $OUT/f $i fullblock); done
                        cmp <(tail -c +131073 f) <(tail -c +131073 $OUT/f)
                        refuses 'Input/output error' cat f
                        """)
                try fixture.proxy.rest()
                try await third.check("cmp f $OUT/f")
                try await StoreTool.end(third)
                #expect(third.process.text.components(separatedBy: "wrong bytes").count == 2, "\(third.process.text)")
            }
        }

        /// All of it at once, and often: programs get errors, or what they wrote is right; when it is over all can be read,
        /// and what could not be stored is.
        @Test(arguments: seeds)
        func tellsOrKeeps(_ seed: UInt64) async throws {
            try await Self.with(seed) { fixture, way in
                let first = try await fixture.mount(way)
                try await first.check(Self.files + "make")
                try fixture.proxy.disturb(percent: 70, FaultProxy.Fault.prompt)
                let writing = """
                    refused=0
                    for i in {1..25}; do
                        # Of what the close says that it is not stored the mount has all the same, and keeps it.
                        if ! dd if=$OUT/large of=w$i bs=100K count=$i status=none 2> $OUT/error; then
                            grep -q 'Input/output error' $OUT/error; refused=$((refused + 1))
                        fi
                        for skip in $((RANDOM % 58)) $((RANDOM % 58)); do
                            dd if=large of=$OUT/got bs=1M count=2 skip=$skip iflag=direct status=none 2> /dev/null || true
                            cmp -n "$(stat -c %s $OUT/got)" $OUT/got $OUT/large 0 $((skip << 20))
                        done
                    done
                    [ $refused -lt 25 ]
                    """
                try await Program.check(
                    script: Self.files + writing, scratch: fixture.scratch, in: first.path, limit: .seconds(200))
                fixture.expect(30, of: FaultProxy.Fault.passing)
                fixture.expect(1, of: [.wrong, .missing])
                try fixture.proxy.rest()
                let reading = """
                    for i in {1..25}; do
                        # An attempt that began before may still fail.
                        for try in 1 2 3 4 5; do sync w$i 2> /dev/null && break; done
                        sync w$i
                        cmp w$i <(head -c $((i * 102400)) $OUT/large)
                    done
                    compare
                    """
                try await first.check(Self.files + reading)
                try await StoreTool.end(first)
                let second = try await fixture.mount(way)
                try await second.check(
                    Self.files + "for i in {1..25}; do cmp w$i <(head -c $((i * 102400)) $OUT/large); done; compare")
                try await StoreTool.end(second)
                try await fixture.checkVolume()
            }
        }
    }
}
