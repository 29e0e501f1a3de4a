import Glibc
import NetworkStore
import StoreTestSupport
import SystemPackage
import TestSupport
import Testing

extension MountTests {
    /// Volumes whose objects are in a bucket of a real server, SeaweedFS or another (see ``ObjectServer``).
    @Suite
    struct StoreOnS3 {
        /// A volume: its metadata's URL, and words that give programs the keys of its bucket.
        struct Fixture {
            let scratch: Scratch
            let metadata: String
            let keys: [String]

            func mount(_ way: Way, at place: Scratch? = nil, _ options: [String] = []) async throws -> ServerProcess {
                try await ServerProcess.start(
                    metadata.hasPrefix("postgres") ? .shared : .store, by: way, scratch: place ?? scratch,
                    metadata: metadata, options: options, launcher: keys, limit: .seconds(200))
            }

            @discardableResult
            func succeed(_ words: [String]) async throws -> String { try await S3Volume.succeed(words, keys: keys) }
        }

        /// Makes a volume.
        private static func with(
            inPostgreSQL: Bool = false,
            _ options: [String] = [],
            _ body: (Fixture) async throws -> Void
        ) async throws {
            let keys = try await ObjectServer.shared.value.words
            let data = try await S3Volume.place()
            try await withScratch { scratch in
                let database = scratch.outside.appending("volume.db").string
                let metadata = inPostgreSQL ? try await PostgreSQLServer.shared.value.volume() : database
                let fixture = Fixture(scratch: scratch, metadata: metadata, keys: keys)
                try await fixture.succeed(["format", metadata, "--data", data] + options)
                try await body(fixture)
            }
        }

        /// What was written is there after a remount, in any order of reading; what was removed leaves no object.
        @Test(arguments: zip(Way.allCases, ["none", "zstd"]))
        func staysAfterARemount(_ way: Way, _ compression: String) async throws {
            try await Self.with(["--compression", compression]) { fixture in
                let first = try await fixture.mount(way)
                try await first.check(
                    """
                    head -c 13000001 /dev/urandom > $OUT/noise
                    head -c 20000000 < <(yes 'the same again') > $OUT/text
                    cp $OUT/noise $OUT/text .
                    cp $OUT/noise $OUT/before
                    mkdir a
                    for i in {1..60}; do head -c $((i * 1500)) $OUT/noise > a/$i; done
                    for at in 100 5000 4096000 12999990; do
                        for target in noise $OUT/noise; do
                            printf 0123456789 | dd of=$target bs=1 seek=$at conv=notrunc status=none
                        done
                    done
                    cp $OUT/noise copy; truncate -s 5000000 copy
                    """)
                try await StoreTool.end(first)
                #expect(try await fixture.succeed(["fsck", fixture.metadata, "--scrub"]).contains("consistent"))
                let second = try await fixture.mount(way)
                try await second.check(
                    """
                    for i in {1..25}; do
                        flags="bs=4096 count=$((RANDOM % 40 + 1)) skip=$((RANDOM % 3100)) status=none"
                        cmp <(dd if=noise iflag=direct $flags) <(dd if=$OUT/noise $flags)
                    done
                    cmp noise $OUT/noise; cmp text $OUT/text; cmp copy <(head -c 5000000 $OUT/noise)
                    for i in {1..60}; do cmp a/$i <(head -c $((i * 1500)) $OUT/before); done
                    rm -r *
                    """)
                try await StoreTool.end(second)
                try await fixture.succeed(["gc", fixture.metadata])
                #expect(try await fixture.succeed(["fsck", fixture.metadata]).contains("consistent: 0 objects"))
                try await fixture.succeed(["destroy", fixture.metadata, "--yes"])
            }
        }

        /// A server of a mount is killed at work: every file whose `close` had returned is there.
        @Test(arguments: Way.allCases)
        func losesNothingWhenItIsKilled(_ way: Way) async throws {
            try await Self.with { fixture in
                let first = try await fixture.mount(way)
                let script = """
                    cd '\(first.path)'
                    for ((i = 0; ; i++)); do
                        size=$((i % 7 == 6 ? 6000000 : i * 1000 % 70000 + 1))
                        head -c $size < <(yes "$i") > $i || exit 0
                        echo "$i $size" >> '\(fixture.scratch.outside)/closed'
                    done
                    """
                let writer = try await ChildProcess.start(["bash", "-c", script], limit: .seconds(100))
                try await Program.check(
                    script: "until [ -e $OUT/closed ] && [ $(wc -l < $OUT/closed) -gt 25 ]; do sleep 0.05; done",
                    scratch: fixture.scratch)
                first.process.signal(SIGKILL)
                _ = try await first.process.ended()
                _ = try await writer.ended()
                try await Program.check(script: "umount -l '\(first.path)'", scratch: fixture.scratch)
                #expect(try await fixture.succeed(["fsck", fixture.metadata, "--scrub"]).contains("consistent"))
                let second = try await fixture.mount(way)
                try await second.check(
                    "while read -r i size; do head -c $size < <(yes $i) | cmp - $i; done < $OUT/closed")
                try await StoreTool.end(second)
            }
        }

        /// Two mounts of a volume in PostgreSQL: what one has closed the other reads.
        @Test(arguments: Way.allCases)
        func isSharedByTwoMounts(_ way: Way) async throws {
            try await Self.with(inPostgreSQL: true) { fixture in
                try await withScratch { other in
                    let first = try await fixture.mount(way)
                    let second = try await fixture.mount(way, at: other)
                    try await Program.check(
                        script: """
                            A='\(first.path)'; B='\(second.path)'
                            head -c 3000000 /dev/urandom > $OUT/data
                            for i in {1..20}; do
                                if ((i % 2)); then from=$A to=$B; else from=$B to=$A; fi
                                if ((i > 1)); then cat $to/f > /dev/null; fi
                                head -c $((i * 99991 % 2900000 + 1)) < <(tail -c +$i $OUT/data) > $OUT/expected
                                cp $OUT/expected $from/f
                                cmp $OUT/expected $to/f
                            done
                            """, scratch: fixture.scratch)
                    try await StoreTool.end(first, second)
                    #expect(try await fixture.succeed(["fsck", fixture.metadata, "--scrub"]).contains("consistent"))
                    try await fixture.succeed(["destroy", fixture.metadata, "--yes"])
                }
            }
        }

        /// A wrong key or bucket: one line that says which, and nothing is made.
        @Test func refusesWhatCannotBe() async throws {
            let server = try await ObjectServer.shared.value
            try await TestBucket.ready.value
            var wrong = [(["--data", "s3://test-bucket/?endpoint=http://127.0.0.1:9"], "127.0.0.1:9")]
            if ServerLimit.buckets.isAsked {
                wrong.append((["--data", server.url(bucket: "no-such-bucket")], "no bucket no-such-bucket"))
            }
            if ServerLimit.signatures.isAsked { wrong.append((["--data", server.url()], "AWS_SECRET_ACCESS_KEY")) }
            try await withScratch { scratch in
                let database = scratch.outside.appending("volume.db").string
                for (words, text) in wrong {
                    let keys = text.hasPrefix("AWS") ? server.words + ["\(text)=not-the-secret"] : server.words
                    let ending = try await S3Volume.run(["format", database] + words, keys: keys)
                    #expect(ending.exitCode == 1 && ending.text.contains(text), "\(words): \(ending.text)")
                    #expect(ending.text.split(separator: "\n").count == 1, "\(ending.text)")
                    #expect(try directoryEntries(scratch.outside) == [])
                }
            }
        }
    }
}
