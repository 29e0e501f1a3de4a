import Glibc
import RingFUSE
import StoreTestSupport
import SystemPackage
import Testing

@testable import NetworkStore

extension MountTests {
    /// A bucket as it is, of a real server.
    @Suite(.enabled(if: ServerLimit.mounts.isAsked, "\(ServerLimit.mounts.comment)"))
    struct Buckets {
        /// Keys are names: directories are what stands before a slash, and go before files of the same name.
        @Test(arguments: Way.allCases)
        func showKeysAsNames(_ way: Way) async throws {
            try await BucketFixture.with { fixture in
                try await fixture.put([
                    ("f", "ff"), ("a/x", "ax"), ("a/y/z", "ayz"), ("a-", "-"), ("a.b", "."), ("e/1", "e1"),
                    ("marker/", ""), ("ü b+%41&?", "odd"), ("empty", ""),
                ])
                // SeaweedFS loses one of the two where they are put at the same time.
                try await fixture.put([("e", "hidden")])
                try await fixture.mounted(way) { session in
                    try await session.check(
                        """
                        same "$(ls -A)" "$(printf '%s\\n' a a- a.b e empty f marker 'ü b+%41&?' | sort)"
                        same "$(find . | LC_ALL=C sort | tr '\\n' ' ')" \\
                            '. ./a ./a- ./a.b ./a/x ./a/y ./a/y/z ./e ./e/1 ./empty ./f ./marker ./ü b+%41&? '
                        same "$(cat f a/x a/y/z a- a.b e/1 'ü b+%41&?' empty)" 'ffaxayz-.e1odd'
                        same "$(stat -c '%F %s' e a/y marker f)" "$(printf 'directory 0\\n%.0s' 1 2 3; echo 'regular file 2')"
                        same "$(ls -A marker)" ''
                        same "$(stat -c %i a/x)" "$(ls -i a/x | cut -d' ' -f1)"
                        ! cat e 2> /dev/null; ! stat none 2> /dev/null; ! stat f/x 2> /dev/null; ! ls a/none 2> /dev/null
                        """)
                }
            }
        }

        /// A directory of more names than a listing has: each once, also for who reads it again and from the middle.
        @Test(arguments: Way.allCases)
        func listMany(_ way: Way) async throws {
            try await BucketFixture.with { fixture in
                let names = (0..<1010).map { "many/file \($0 + 10_000)" } + (0..<30).map { "many/directory \($0)/x" }
                try await fixture.put(names.map { ($0, "x") })
                try await fixture.mounted(way) { session in
                    try await session.check(
                        """
                        mkdir many/local; cp /dev/null many/nothing; mkdir many/local/below
                        for i in 1 2; do
                            ls -f many | grep -v '^\\.' | LC_ALL=C sort > $OUT/names
                            same "$(wc -l < $OUT/names)" 1042
                            same "$(sort -u $OUT/names | wc -l)" 1042
                        done
                        same "$(find many -type f | wc -l)" 1041
                        same "$(find many -mindepth 1 -type d | wc -l)" 32
                        """)
                    for turn in [1, 3, 1000, 1044] {
                        let (all, again) = try Self.walk(session.path.appending("many"), from: turn)
                        #expect(all.count == 1044 && again == Array(all[turn...]), "from \(turn)")
                    }
                }
            }
        }

        /// Reads a directory to its end, goes back, and reads on from there.
        private static func walk(_ path: FilePath, from turn: Int) throws -> (all: [String], again: [String]) {
            guard let directory = unsafe opendir(path.string) else { throw Errno(rawValue: errno) }
            defer { unsafe _ = closedir(directory) }
            var (all, places) = ([String](), [unsafe telldir(directory)])
            func read() -> String? {
                guard let entry = unsafe readdir(directory) else { return nil }
                return unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                    unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
            }
            while let name = read() {
                all.append(name)
                places.append(unsafe telldir(directory))
            }
            unsafe seekdir(directory, places[turn])
            var again: [String] = []
            while let name = read() { again.append(name) }
            return (all, again)
        }

        /// Any part of an object, in any order.
        @Test(arguments: Way.allCases)
        func readAnywhere(_ way: Way) async throws {
            try await BucketFixture.with { fixture in
                try await fixture.mounted(way) { session in
                    try await session.check("head -c 12000001 /dev/urandom > $OUT/data; mkdir d; cp $OUT/data d")
                }
                for disk in [nil, fixture.scratch.outside.appending("cache")] {
                    for _ in 0..<2 {
                        try await fixture.mounted(way, disk: disk) { session in
                            try await session.check(
                                """
                                size=$(stat -c %s $OUT/data); same "$(stat -c %s d/data)" $size
                                for i in {1..20}; do
                                    at=$((RANDOM * 32768 % size + RANDOM)); count=$((RANDOM * 20 + 1))
                                    cmp <(tail -c +$at d/data | head -c $count) <(tail -c +$at $OUT/data | head -c $count)
                                done
                                for i in {1..20}; do
                                    flags="bs=4096 count=3 skip=$((RANDOM * 32768 / 4096 % (size / 4096))) status=none"
                                    cmp <(dd if=d/data iflag=direct $flags) <(dd if=$OUT/data $flags)
                                done
                                cmp d/data $OUT/data
                                cmp <(tail -c 5 d/data) <(tail -c 5 $OUT/data)
                                """)
                        }
                        // What the disk has is not trusted.
                        if disk != nil {
                            try await Program.check(
                                script: """
                                    mapfile -t files < <(find $OUT/cache -type f -size +1M)
                                    [ ${#files[@]} -eq 1 ]
                                    printf 'other bytes' | dd of="${files[0]}" bs=1 seek=200000 conv=notrunc status=none
                                    """, scratch: fixture.scratch)
                        }
                    }
                }
            }
        }

        /// What was written is in the bucket when `close` returns: with one request, and in parts.
        @Test(arguments: Way.allCases)
        func writeSequentially(_ way: Way) async throws {
            try await BucketFixture.with { fixture in
                try await fixture.mounted(way) { session in
                    try await session.check(
                        """
                        head -c 41943041 /dev/urandom > $OUT/large
                        mkdir -p new/directory
                        cp $OUT/large new/directory/large
                        echo small > small; touch empty
                        dd if=$OUT/large of=synced bs=1M conv=fsync status=none
                        cat $OUT/large >> appended
                        cmp new/directory/large $OUT/large
                        """)
                }
                #expect(try await fixture.object("new/directory/large")?.tag.hasSuffix("-6") == true)
                #expect(try await fixture.object("small")?.tag.contains("-") == false)
                try await fixture.mounted(way) { session in
                    try await session.check(
                        """
                        same "$(find . -type f | sort | tr '\\n' ' ')" \\
                            './appended ./empty ./new/directory/large ./small ./synced '
                        cmp new/directory/large $OUT/large; cmp synced $OUT/large; cmp appended $OUT/large
                        same "$(cat small)" small; same "$(stat -c %s empty)" 0
                        """)
                }
            }
        }

        /// Many who write large files at a time get on, with less memory than a part for each.
        @Test(arguments: Way.allCases)
        func shareMemory(_ way: Way) async throws {
            try await BucketFixture.with { fixture in
                try await fixture.mounted(way) { session in
                    try await session.check(
                        """
                        for i in {1..6}; do (head -c 20M /dev/zero | tr '\\0' $i > f$i) & jobs[$i]=$!; done
                        for i in {1..6}; do wait ${jobs[$i]}; done
                        for i in {1..6}; do cmp f$i <(head -c 20M /dev/zero | tr '\\0' $i); done
                        """)
                }
            }
        }

        /// What cannot be stored gives an error to who closes it, and is not there afterwards.
        @Test(
            .enabled(if: ServerLimit.readers.isAsked, "\(ServerLimit.readers.comment)"), arguments: Way.allCases)
        func tellWhoCloses(_ way: Way) async throws {
            try await BucketFixture.with { fixture in
                try await fixture.put([("f", "old")])
                var options = BucketFixture.options
                options.allowsOverwriting = true
                options.allowsRemoving = true
                try await fixture.mounted(way, options, environment: SeaweedServer.readerEnvironment) { session in
                    try await session.check(
                        """
                        head -c 20M /dev/zero > $OUT/large; echo x > $OUT/small
                        for name in large small; do
                            if cp $OUT/$name . 2> $OUT/error; then echo 'close said nothing' >&2; false; fi
                            grep -q 'Permission denied' $OUT/error
                            for i in {1..100}; do [ -e $name ] || break; sleep 0.1; done
                            [ ! -e $name ]
                        done
                        ! cp $OUT/small f 2> $OUT/error; grep -q 'Permission denied' $OUT/error
                        ! rm f 2> $OUT/error; grep -q 'Permission denied' $OUT/error
                        same "$(cat f)" old
                        """)
                }
            }
        }

        /// What was not written to its end when a mount ends leaves nothing behind.
        @Test(arguments: Way.allCases)
        func leaveNothingBehind(_ way: Way) async throws {
            try await BucketFixture.with { fixture in
                try await fixture.mounted(way) { session in
                    let writer = try await session.start(
                        """
                        # One program, which closes nothing.
                        perl -e '
                            open(my $file, ">", "f"); syswrite($file, "x" x 1048576) for 1..30;
                            open(my $mark, ">", "$ARGV[0]/written");
                            for (1..300) { last if -e "$ARGV[0]/go"; select(undef, undef, undef, 0.1) }
                        ' $OUT
                        """)
                    try await session.check("for i in {1..300}; do [ -e $OUT/written ] && break; sleep 0.1; done")
                    #expect(try await fixture.uploads() == 1)
                    try session.abort()
                    try await Program.check(script: "touch $OUT/go", scratch: fixture.scratch)
                    _ = try await writer.ended()
                    try await session.endedByAbort()
                }
                #expect(try await fixture.uploads() == 0)
                #expect(try await fixture.object("f") == nil)
            }
        }

        /// What a user gets wrong is said in one line, before anything is mounted; and what is right is served.
        @Test func areMountedByTheTool() async throws {
            try await BucketFixture.with { fixture in
                try await fixture.put([("a b/c", "content")])
                let server = try await ObjectServer.shared.value
                let mountPoint = fixture.scratch.mountPoint.string
                func start(_ url: String, secret: String? = nil, _ options: [String] = []) async throws -> ChildProcess
                {
                    let other = secret.map { ["AWS_SECRET_ACCESS_KEY=\($0)"] } ?? []
                    return try await ChildProcess.start(
                        server.words + other + [ServerProcess.tool.string, "bucket", "mount", url, mountPoint]
                            + options,
                        limit: .seconds(60))
                }
                let url = server.url(prefix: fixture.prefix)
                let wrong: [(ChildProcess, String)] = [
                    (try await start(server.url(bucket: "no-such-bucket")), "no bucket no-such-bucket"),
                    (try await start(url, secret: "not-the-secret"), "AWS_SECRET_ACCESS_KEY"),
                    (try await start("file:///tmp"), "s3://"),
                    (try await start(url, ["--part-size", "1M"]), "5M"),
                    (try await start(url, ["--content-memory", "1M"]), "64M"),
                    (try await start(url, ["--writeback-cache"]), "in order"),
                ]
                for (process, text) in wrong {
                    let ending = try await process.ended()
                    #expect(ending.exitCode != 0 && ending.text.contains(text), "\(ending.text)")
                    #expect(ending.text.split(separator: "\n").count == 1, "\(ending.text)")
                }
                #expect(try !fixture.scratch.isMounted)
                let process = try await start(server.url(prefix: "\(fixture.prefix)/a%20b"), ["--read-only"])
                try await process.wrote("unmount:")
                try await Program.check(
                    script: "same \"$(cat c)\" content; ! touch new 2> $OUT/error; grep -q 'Read-only' $OUT/error",
                    scratch: fixture.scratch, in: fixture.scratch.mountPoint)
                process.signal(SIGTERM)
                let ending = try await process.ended()
                #expect(ending.exitCode == 0, "\(ending.text)")
            }
        }

        /// An object that somebody else has made meanwhile is not replaced.
        @Test(.enabled(if: ServerLimit.conditions.isAsked, "\(ServerLimit.conditions.comment)"))
        func doNotReplaceWhatOthersMade() async throws {
            try await BucketFixture.with { fixture in
                try await fixture.mounted(.device) { session in
                    let writer = try await session.start(
                        """
                        exec 3> f; touch $OUT/open
                        for i in {1..300}; do [ -e $OUT/made ] && break; sleep 0.1; done
                        if head -c 3 /dev/zero | dd conv=fsync status=none >&3 2> $OUT/error; then exit 1; fi
                        grep -q 'File exists' $OUT/error
                        """)
                    try await session.check("for i in {1..300}; do [ -e $OUT/open ] && break; sleep 0.1; done")
                    try await fixture.put([("f", "theirs")])
                    try await session.check("touch $OUT/made")
                    let ending = try await writer.ended()
                    #expect(ending.exitCode == 0, "\(ending.text)")
                }
                try await fixture.mounted(.device) { session in try await session.check("same $(cat f) theirs") }
            }
        }

        /// Who has an object open that is replaced gets its own bytes, or an error, and never others; who opens it then
        /// gets the new ones.
        @Test(arguments: Way.allCases)
        func neverMixContents(_ way: Way) async throws {
            try await BucketFixture.with { fixture in
                let (old, new) = (String(repeating: "old.", count: 6 << 20), String(repeating: "new.", count: 6 << 20))
                try await fixture.put([("f", old), ("gone", old)])
                try await fixture.mounted(way) { session in
                    let reader = try await session.start(
                        """
                        exec 3< f 4< gone
                        same "$(head -c 4 <&3)$(head -c 4 <&4)" old.old.; touch $OUT/open
                        for i in {1..300}; do [ -e $OUT/replaced ] && break; sleep 0.1; done
                        same "$(stat -L -c %s /proc/self/fd/3)" 25165824
                        for file in 3 4; do
                            head -c 25165824 <&$file > $OUT/rest-$file 2> $OUT/error || grep -q 'Stale file handle' $OUT/error
                            [ "$(stat -c %s $OUT/rest-$file)" -lt 25165820 ]
                            ! grep -q new $OUT/rest-$file
                        done
                        same "$(head -c 4 f)" new.
                        same "$(tr -d 'new.' < f | wc -c)" 0
                        """)
                    try await session.check("for i in {1..300}; do [ -e $OUT/open ] && break; sleep 0.1; done")
                    try await fixture.put([("f", new)])
                    try await fixture.remove("gone")
                    try await session.check("touch $OUT/replaced")
                    let ending = try await reader.ended()
                    #expect(ending.exitCode == 0, "\(ending.text)")
                }
            }
        }

        /// What a bucket cannot do, and what it is not allowed to do, gives the error that is written down.
        @Test(arguments: Way.allCases)
        func refuseWhatIsNotAllowed(_ way: Way) async throws {
            try await BucketFixture.with { fixture in
                try await fixture.put([("f", "old"), ("d/x", "x"), ("marker/", "")])
                try await fixture.mounted(way) { session in
                    try await session.check(
                        """
                        refused() {
                            local text=$1; shift
                            if "$@" 2> $OUT/error; then echo "$* worked" >&2; false; fi
                            grep -q "$text" $OUT/error || { cat $OUT/error >&2; false; }
                        }
                        denied='Operation not permitted'
                        refused "$denied" rm f; refused "$denied" mv f g; refused "$denied" cp /dev/null f
                        refused "$denied" dd if=/dev/zero of=f count=1 conv=notrunc
                        refused "$denied" ln f g; refused "$denied" ln -s f g; refused "$denied" mkfifo g
                        refused "$denied" chmod 600 f; refused "$denied" touch -c -d 2000-01-01 f
                        refused 'not supported' perl -e 'truncate("f", 1) or die "$!\\n"'
                        refused 'not supported' setfattr -n user.x -v y f
                        refused 'not empty' rmdir d; refused "$denied" rmdir marker; refused "$denied" mv d e
                        refused 'File exists' mkdir d; refused 'File exists' mkdir f
                        refused 'too long' touch $(head -c 256 /dev/zero | tr '\\0' n)
                        refused 'Invalid or incomplete multibyte' touch $'\\xff'
                        refused 'Invalid argument' dd if=/dev/zero of=new bs=1 seek=5 count=1 conv=notrunc
                        exec 3> busy; echo x >&3
                        refused 'Device or resource busy' dd of=busy if=/dev/null conv=notrunc
                        refused 'Device or resource busy' rm busy
                        exec 3>&-
                        same "$(cat f d/x busy)" 'oldxx'
                        """)
                }
            }
        }

        /// Removing, replacing and renaming, where they are allowed; directories that are nowhere but here.
        @Test(arguments: Way.allCases)
        func doWhatIsAllowed(_ way: Way) async throws {
            try await BucketFixture.with { fixture in
                try await fixture.put([("f", "old"), ("d/x", "x"), ("d/y/z", "z"), ("marker/", ""), ("g", "g")])
                var options = BucketFixture.options
                options.allowsRemoving = true
                options.allowsOverwriting = true
                options.allowsRenaming = true
                try await fixture.mounted(way, options) { session in
                    try await session.check(
                        """
                        echo new > f; same "$(cat f)" new
                        # Without a pause, as programs do: close() comes before the kernel tells of it.
                        for i in {1..20}; do echo $i > t; touch u; mv t v; mv u w; same "$(cat v w)" $i; done; rm v w
                        head -c 20M /dev/urandom > $OUT/large; cp $OUT/large f; cmp f $OUT/large
                        mkdir made; rmdir made; [ ! -e made ]
                        head -c 3M $OUT/large > $OUT/less; cp $OUT/less f
                        mkdir made; mv f 'made/ü b'; cmp 'made/ü b' $OUT/less; [ ! -e f ]
                        mv g d/x; same "$(cat d/x)" g; [ ! -e g ]
                        rm d/x d/y/z; same "$(find d)" "$(printf 'd\\nd/y')"; rmdir d/y d marker
                        mv made other; cmp 'other/ü b' $OUT/less; [ ! -e made ]
                        cp -p $OUT/large kept
                        same "$(ls)" "$(printf 'kept\\nother')"
                        """)
                }
                try await fixture.mounted(way, options) { session in
                    try await session.check(
                        """
                        same "$(find . -type f | sort)" "$(printf './kept\\n./other/ü b')"; cmp kept $OUT/large
                        rm -r other kept; same "$(ls -A)" ''
                        """)
                }
            }
        }
    }
}
