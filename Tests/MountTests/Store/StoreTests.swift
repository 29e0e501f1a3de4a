import Glibc
import NetworkStore
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// Volumes of the network store as their users have them: formatted, mounted, killed, damaged, checked.
    @Suite
    struct Store {
        /// What was written is there after a remount, whatever the objects are like; and nothing of it afterwards.
        @Test(arguments: Way.allCases, ["none", "lz4", "zstd"])
        func staysAfterARemount(_ way: Way, _ compression: String) async throws {
            try await withScratch { scratch in
                let database = try await StoreTool.format(scratch, ["--compression", compression])
                let first = try await ServerProcess.start(.store, by: way, scratch: scratch)
                try await first.check(
                    """
                    head -c 9000001 /dev/urandom > $OUT/noise
                    head -c 20000000 < <(yes 'the same again') > $OUT/text
                    cp $OUT/noise $OUT/text .
                    mkdir -p a/b
                    for i in {1..200}; do echo "file $i" > a/b/$i; done
                    ln a/b/1 hard; ln -s a/b/2 soft; setfattr -n user.x -v y a; truncate -s 1T sparse
                    printf x | dd of=sparse bs=1 seek=500000000000 conv=notrunc status=none
                    # Here and there, over what is there.
                    for at in 100 5000 4096000 8999990; do
                        for target in noise $OUT/noise; do
                            printf 0123456789 | dd of=$target bs=1 seek=$at conv=notrunc status=none
                        done
                    done
                    """)
                try await StoreTool.end(first)
                #expect(try await StoreTool.succeed(["fsck", database, "--scrub"]).contains("consistent"))
                let second = try await ServerProcess.start(.store, by: way, scratch: scratch)
                try await second.check(
                    """
                    cmp noise $OUT/noise; cmp text $OUT/text
                    for i in {1..200}; do same "$(cat a/b/$i)" "file $i"; done
                    same "$(cat hard)" 'file 1'; same "$(cat soft)" 'file 2'; same "$(stat -c %h hard)" 2
                    same "$(getfattr --only-values -n user.x a)" y
                    same "$(stat -c %s sparse)" 1099511627776
                    same "$(dd if=sparse bs=1 skip=500000000000 count=1 status=none)" x
                    rm -rf *
                    """)
                try await StoreTool.end(second)
                try await StoreTool.succeed(["gc", database])
                let left = try await Program.run("find", "\(database).objects", "-type", "f")
                #expect(left.text.isEmpty, "\(left.text)")
                #expect(try await StoreTool.succeed(["fsck", database]).contains("consistent: 0 objects"))
            }
        }

        /// A server is killed at work: every file whose `close` or `fsync` had returned is there, whole; the volume is
        /// consistent, and what was under way is garbage.
        @Test(arguments: Way.allCases)
        func losesNothingWhenItIsKilled(_ way: Way) async throws {
            try await withScratch { scratch in
                let database = try await StoreTool.format(scratch)
                for round in 1...3 {
                    let server = try await ServerProcess.start(.store, by: way, scratch: scratch)
                    var writers: [ChildProcess] = []
                    for number in 1...3 {
                        let script = """
                            cd '\(server.path)'
                            mkdir -p \(number)-\(round)
                            for ((i = 0; ; i++)); do
                                size=$((i % 7 == 6 ? 6000000 : i * 1000 % 70000 + 1))
                                head -c $size < <(yes "\(number) \(round) $i") > \(number)-\(round)/$i || exit 0
                                echo "\(number) \(round) $i $size" >> '\(scratch.outside)/closed-\(number)'
                            done
                            """
                        writers.append(try await ChildProcess.start(["bash", "-c", script], limit: .seconds(30)))
                    }
                    try await Task.sleep(for: .milliseconds(1200))
                    server.process.signal(SIGKILL)
                    _ = try await server.process.ended()
                    for writer in writers { _ = try await writer.ended() }
                    try await Program.check(script: "umount -l '\(server.path)'", scratch: scratch)
                    #expect(try await StoreTool.succeed(["fsck", database, "--scrub"]).contains("consistent"))
                }
                let server = try await ServerProcess.start(.store, by: way, scratch: scratch)
                try await server.check(
                    """
                    count=0
                    while read -r number round i size; do
                        head -c $size < <(yes "$number $round $i") | cmp - $number-$round/$i
                        count=$((count + 1))
                    done < <(cat $OUT/closed-*)
                    [ $count -gt 30 ]
                    """)
                try await StoreTool.end(server)
            }
        }

        /// What closes promise where they do not wait for the disk: a server that is killed has lost nothing. And only
        /// `fsync` waits, also that of a file which was closed before.
        @Test func committedIsEnoughForAServerThatIsKilled() async throws {
            try await withScratch { scratch in
                let database = try await StoreTool.format(scratch)
                let first = try await ServerProcess.start(
                    .store, by: .ring, scratch: scratch, options: ["--close", "committed"])
                let pid = first.process.identifier
                try await first.check(
                    """
                    counted() {
                        strace -f -qq -e trace=fdatasync -o $OUT/calls -p \(pid) & tracer=$!
                        until grep -q "TracerPid:.$tracer" /proc/\(pid)/task/*/status; do sleep 0.01; done
                        "$@"
                        kill $tracer; wait $tracer || true
                        grep -c 'fdatasync(' $OUT/calls || true
                    }
                    make() { for i in {1..100}; do echo "file $i" > $i; done; }
                    # One a second comes of itself, which a slow machine may get several of; a hundred would be of the closes.
                    count=$(counted make); (( count < 50 )) || fail "$count"
                    one() { echo last > last; sync last; }; count=$(counted one); (( count == 1 || count == 2 )) || fail "$count"
                    """)
                first.process.signal(SIGKILL)
                _ = try await first.process.ended()
                try await Program.check(script: "umount -l '\(first.path)'", scratch: scratch)
                let second = try await ServerProcess.start(.store, by: .ring, scratch: scratch)
                try await second.check("for i in {1..100}; do same \"$(cat $i)\" \"file $i\"; done")
                try await StoreTool.end(second)
                #expect(try await StoreTool.succeed(["fsck", database]).contains("consistent"))
            }
        }

        /// Dumped while it is mounted and lost, a volume is restored with all that was closed; what is wrong is refused in one
        /// line, and leaves nothing.
        @Test func isRestoredFromADump() async throws {
            try await withScratch { scratch in
                let database = try await StoreTool.format(scratch)
                let dump = scratch.outside.appending("dump").string
                let first = try await ServerProcess.start(.store, by: .device, scratch: scratch)
                try await first.check("head -c 5M /dev/urandom > $OUT/data; cp $OUT/data f; mkdir d; echo small > d/s")
                try await StoreTool.succeed(["dump", database, "--output", dump])
                try await first.check("echo 'after it' > later")
                first.process.signal(SIGKILL)
                _ = try await first.process.ended()
                try await Program.check(
                    script: "umount -l '\(first.path)'; rm '\(database)' '\(database)-wal' '\(database)-shm'",
                    scratch: scratch)
                try await Program.check(script: "head -n 5 '\(dump)' > $OUT/part", scratch: scratch)
                let wrong = [
                    ["load", database, "--input", scratch.outside.appending("part").string],
                    ["load", database, "--input", scratch.outside.appending("nothing").string],
                    ["dump", database, "--output", dump],
                ]
                for words in wrong {
                    let ending = try await StoreTool.run(words)
                    #expect(ending.exitCode > 0 && ending.text.split(separator: "\n").count == 1, "\(ending.text)")
                }
                try await StoreTool.succeed(["load", database, "--input", dump])
                let again = try await StoreTool.run(["load", database, "--input", dump])
                #expect(again.exitCode == 1 && again.text.contains("exists already"), "\(again.text)")
                #expect(try await StoreTool.succeed(["fsck", database, "--scrub"]).contains("consistent"))
                let second = try await ServerProcess.start(.store, by: .device, scratch: scratch)
                try await second.check(
                    "cmp f $OUT/data; same \"$(cat d/s)\" small; echo new > new; same \"$(ls | xargs)\" 'd f new'")
                try await StoreTool.end(second)
            }
        }

        /// A volume is measured on both transports, and is as it was afterwards.
        @Test func isMeasured() async throws {
            try await withScratch { scratch in
                let database = try await StoreTool.format(scratch)
                let text = try await StoreTool.succeed(
                    ["bench", database, "--rounds", "1", "--seconds", "0.1", "--files", "500"]
                        + ["--workload", "store-write-small", "--workload", "store-*-cold"])
                #expect(text.contains("RingFUSE, ring") && text.contains("RingFUSE, device"), "\(text)")
                let server = try await ServerProcess.start(.store, by: .device, scratch: scratch)
                try await server.check("same \"$(ls -A)\" ''")
                try await StoreTool.end(server)
            }
        }

        /// A damaged object gives an error for what is in it and nothing else, and `fsck --scrub` names it; so does `fsck` one
        /// that is missing.
        @Test func noticesDamage() async throws {
            try await withScratch { scratch in
                let database = try await StoreTool.format(scratch)
                let first = try await ServerProcess.start(.store, by: .device, scratch: scratch)
                try await first.check("head -c 12M /dev/urandom > $OUT/data; cp $OUT/data f")
                try await StoreTool.end(first)
                let damage = """
                    mapfile -t objects < <(find '\(database).objects' -type f | sort)
                    [ ${#objects[@]} -eq 3 ]
                    chmod u+w "${objects[@]}"
                    printf '\\x55\\xaa' | dd of="${objects[0]}" bs=1 seek=100000 conv=notrunc status=none
                    """
                try await Program.check(script: damage, scratch: scratch)
                let scrub = try await StoreTool.run(["fsck", database, "--scrub"])
                #expect(scrub.exitCode == 1 && scrub.text.contains("is damaged in the block at 65536"), "\(scrub.text)")
                try await Program.check(
                    script: "rm \"$(find '\(database).objects' -type f | sort | tail -1)\"", scratch: scratch)
                let check = try await StoreTool.run(["fsck", database])
                #expect(check.exitCode == 1 && check.text.contains("is missing from the store"), "\(check.text)")
                let second = try await ServerProcess.start(.store, by: .device, scratch: scratch)
                try await second.check(
                    """
                    count=0
                    for ((i = 0; i < 192; i++)); do
                        if dd if=f of=$OUT/block bs=64K skip=$i count=1 iflag=direct status=none 2>$OUT/error; then
                            cmp $OUT/block <(dd if=$OUT/data bs=64K skip=$i count=1 status=none)
                        else
                            grep -q 'Input/output error' $OUT/error
                            count=$((count + 1))
                        fi
                    done
                    same $count 65
                    """)
                try await StoreTool.end(second)
            }
        }

        /// An encrypted volume: what was written comes back with the right secret; with a wrong one nothing is told and
        /// nothing changed; a block that was exchanged is an error for its bytes, and for no others.
        @Test(arguments: ["--passphrase-file", "--key-file"], ["none", "zstd"])
        func keepsSecrets(_ option: String, _ compression: String) async throws {
            try await withScratch { scratch in
                try await Program.check(
                    script: "head -c 32 /dev/urandom | base64 -w 0 > $OUT/right; head -c 40 /dev/urandom > $OUT/wrong",
                    scratch: scratch)
                let (right, wrong) = (
                    [option, scratch.outside.appending("right").string],
                    [option, scratch.outside.appending("wrong").string]
                )
                let database = try await StoreTool.format(
                    scratch, ["--encryption", "aes-256-gcm", "--compression", compression] + right)
                let first = try await ServerProcess.start(.store, by: .ring, scratch: scratch, options: right)
                try await first.check(
                    """
                    head -c 12M /dev/urandom > $OUT/data; cp $OUT/data f
                    head -n 300000 < <(yes 'more plain words') > $OUT/text; cp $OUT/text text
                    echo 'small plain words' > small; echo 'SMALL' | dd of=small conv=notrunc status=none
                    """)
                try await StoreTool.end(first)
                try await Program.check(
                    script: """
                        ! grep -rl 'plain words' '\(database)' '\(database).objects'
                        cp '\(database)' $OUT/copy
                        """, scratch: scratch)
                for (options, text) in [([], "RINGFUSE_PASSPHRASE"), (wrong, "not that of the volume")] {
                    for words in [["mount", database, scratch.mountPoint.string], ["fsck", database, "--scrub"]] {
                        let ending = try await StoreTool.run(words + options)
                        #expect(ending.exitCode != 0 && ending.text.contains(text), "\(words): \(ending.text)")
                        #expect(ending.text.split(separator: "\n").count == 1, "\(ending.text)")
                    }
                }
                try await Program.check(script: "cmp '\(database)' $OUT/copy", scratch: scratch)
                #expect(try await StoreTool.succeed(["fsck", database, "--scrub"] + right).contains("all read"))
                #expect(try await StoreTool.succeed(["gc", database]).contains("removed 0"))
                try await Program.check(
                    script: """
                        mapfile -t objects < <(find '\(database).objects' -type f | sort)
                        chmod u+w "${objects[0]}"
                        printf '\\x55\\xaa\\x55' | dd of="${objects[0]}" bs=1 seek=100000 conv=notrunc status=none
                        """, scratch: scratch)
                let scrub = try await StoreTool.run(["fsck", database, "--scrub"] + right)
                #expect(scrub.exitCode == 1 && scrub.text.contains("is damaged in the block at 65536"), "\(scrub.text)")
                let second = try await ServerProcess.start(.store, by: .device, scratch: scratch, options: right)
                try await second.check(
                    """
                    cmp text $OUT/text; same "$(cat small)" "$(printf 'SMALL\\nplain words')"
                    count=0
                    for ((i = 0; i < 192; i++)); do
                        if dd if=f of=$OUT/block bs=64K skip=$i count=1 iflag=direct status=none 2>$OUT/error; then
                            cmp $OUT/block <(dd if=$OUT/data bs=64K skip=$i count=1 status=none)
                        else
                            grep -q 'Input/output error' $OUT/error
                            count=$((count + 1))
                        fi
                    done
                    same $count 1
                    """)
                try await StoreTool.end(second)
            }
        }

        /// What was warmed up is read when the store is gone, also by the next mount; holes cost nothing.
        @Test(arguments: Way.allCases)
        func warmsUp(_ way: Way) async throws {
            try await withScratch { scratch in
                let database = try await StoreTool.format(scratch)
                let cache = ["--cache-directory", scratch.outside.appending("cache").string]
                let first = try await ServerProcess.start(.store, by: way, scratch: scratch)
                try await first.check(
                    """
                    mkdir -p a/b; head -c 9000001 /dev/urandom > $OUT/large; cp $OUT/large a/b; ln -s b a/link
                    for i in {1..30}; do head -c 70000 $OUT/large > a/$i; done
                    truncate -s 1T sparse; printf x | dd of=sparse bs=1 seek=500000000000 conv=notrunc status=none
                    """)
                try await StoreTool.end(first)
                let path = scratch.mountPoint
                let second = try await ServerProcess.start(.store, by: way, scratch: scratch, options: cache)
                let text = try await StoreTool.succeed([
                    "warmup", path.appending("a").string, path.appending("sparse").string,
                ])
                #expect(text.contains("read 32 files"), "\(text)")
                let outside = try await StoreTool.run(["warmup", path.appending("a").string, scratch.outside.string])
                #expect(outside.exitCode == 64 && outside.text.contains("is on no mount"), "\(outside.text)")
                try await StoreTool.end(second)
                // What the mount has not in its caches it cannot read.
                try await Program.check(
                    script: "mv '\(database).objects' $OUT/gone; mkdir '\(database).objects'", scratch: scratch)
                let third = try await ServerProcess.start(.store, by: way, scratch: scratch, options: cache)
                #expect(try await StoreTool.succeed(["warmup", path.string]).contains("read 32 files"))
                try await third.check(
                    "cmp a/b/large $OUT/large; for i in {1..30}; do cmp a/$i <(head -c 70000 $OUT/large); done")
                try await StoreTool.end(third)
                let fourth = try await ServerProcess.start(.store, by: way, scratch: scratch)
                let failed = try await StoreTool.run(["warmup", path.appending("a/b").string])
                #expect(failed.exitCode == 1 && failed.text.contains("large: Input/output error"), "\(failed.text)")
                try await StoreTool.end(fourth)
            }
        }

        /// Content takes no more memory than it may, however much is written and read.
        @Test func keepsWithinItsMemory() async throws {
            try await withScratch { scratch in
                _ = try await StoreTool.format(scratch)
                let server = try await ServerProcess.start(
                    .store, by: .device, scratch: scratch, options: ["--content-memory", "32M"])
                try await server.check(
                    """
                    for i in 1 2 3 4; do
                        (head -c 100M /dev/zero | tr '\\0' $i > f$i; head -c 100M /dev/zero | tr '\\0' $i | cmp - f$i) &
                        jobs[$i]=$!
                    done
                    for i in 1 2 3 4; do wait ${jobs[$i]}; done
                    for i in 1 2 3 4; do dd if=f$i bs=1M iflag=direct status=none | cmp - <(head -c 100M /dev/zero | tr '\\0' $i); done
                    """)
                let status = try await Program.run("cat", "/proc/\(server.process.identifier)/status")
                let line = try #require(status.text.split(separator: "\n").first { $0.hasPrefix("RssAnon:") })
                let kilobytes = try #require(Int(line.split { !$0.isNumber }.joined()))
                // Beside the budget: the database's pages, the queues' buffers, the program's own.
                #expect(kilobytes < (32 + 48) << 10)
                try await StoreTool.end(server)
            }
        }

        /// What a user gets wrong is said in one line, and changes nothing.
        @Test func refusesWhatCannotBe() async throws {
            try await withScratch { scratch in
                let database = try await StoreTool.format(scratch)
                try await Program.check(script: "echo something else > $OUT/other", scratch: scratch)
                let other = scratch.outside.appending("other").string
                let wrong: [([String], Int32, String)] = [
                    (["format", database], 1, "exists already"),
                    (["format", "\(database)2", "--block-size", "5000"], 64, "power of two"),
                    (["format", "\(database)2", "--data", "ftp://host/"], 1, "ftp"),
                    (["info", "\(database)2"], 1, "ringfuse store format"),
                    (["info", other], 1, "not a database"),
                    (["mount", other, scratch.mountPoint.string], 1, "not a database"),
                    (["destroy", database], 64, "--yes"),
                ]
                for (words, code, text) in wrong {
                    let ending = try await StoreTool.run(words)
                    #expect(ending.exitCode == code && ending.text.contains(text), "\(words): \(ending.text)")
                    #expect(ending.text.split(separator: "\n").count == 1, "\(ending.text)")
                }
                let server = try await ServerProcess.start(.store, by: .device, scratch: scratch)
                for words in [["gc", database], ["destroy", database, "--yes"]] {
                    let ending = try await StoreTool.run(words)
                    #expect(ending.exitCode == 1 && ending.text.contains("in use by process"), "\(ending.text)")
                }
                #expect(try await StoreTool.succeed(["info", database]).contains("nodes     1\n"))
                try await StoreTool.end(server)
                #expect(try await StoreTool.succeed(["destroy", database, "--yes"]).contains("removed"))
                let left = try await Program.run("ls", "-A", scratch.outside.string)
                #expect(!left.text.contains("volume"), "\(left.text)")
            }
        }
    }
}
