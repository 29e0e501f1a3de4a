import Glibc
import RingFUSE
import SystemPackage
import TestSupport
import Testing

@testable import NetworkStore

extension MountTests {
    /// Bytes of volumes in PostgreSQL are moved while several mounts read and write.
    @Suite
    struct SharedStoreCompaction {
        /// For scripts: what a mount tells of its volume; and a file of which an object is mostly dead.
        private static let words = """
            volume() { \(ServerProcess.tool) store stats "$1" --json | python3 -c "import json, sys; print(json.load(sys.stdin)['volume']['$2'])"; }
            leave() {
                head -c 4M /dev/urandom > $1; sync $1; cp $1 $2
                head -c 2560K /dev/zero | tee $2.zeros | dd of=$1 bs=64K conv=notrunc,fsync iflag=fullblock status=none
                dd if=$2.zeros of=$2 bs=64K conv=notrunc status=none
            }

            """

        /// Of two mounts one moves, without being asked, what lies badly, and the other reads on what it has open; when that one is
        /// killed, the other does it.
        @Test func oneOfTwoMountsMoves() async throws {
            try await SharedStore.withPair { pair in
                /// Mounts the volume at one of the places.
                func mount(_ scratch: Scratch, _ way: Way) async throws -> ServerProcess {
                    try await ServerProcess.start(
                        .shared, by: way, scratch: scratch, metadata: pair.url, options: ["--lease", "2"],
                        limit: .seconds(240))
                }
                let places = "A='\(pair.first.mountPoint)'; B='\(pair.second.mountPoint)'\n" + Self.words
                let first = try await mount(pair.first, .device)
                try await pair.check(Self.words + "leave $A/f expected")
                let second = try await mount(pair.second, .ring)
                try await Program.check(
                    script: places + """
                        exec 3< $B/f; cmp <(head -c 64K <&3) <(head -c 64K expected)
                        until [ $(($(volume $A collected.objects) + $(volume $B collected.objects))) -gt 0 ]; do sleep 0.2; done
                        a=$(volume $A moved.bytes) b=$(volume $B moved.bytes)
                        same "$((a > b ? a : b)) $((a > b ? b : a))" "$((1536 << 10)) 0"
                        cmp <(cat <&3) <(tail -c +65537 expected)
                        cmp $A/f expected; cmp $B/f expected
                        if ((a > b)); then echo first; else echo second; fi > mover
                        # What is there before the mover goes, it would have moved at its next turn.
                        if ((a > b)); then leave $B/g expected-g; else leave $A/g expected-g; fi
                        """, scratch: pair.first, in: pair.first.outside, limit: .seconds(120))
                let mover = try await Program.run("cat", pair.first.outside.appending("mover").string).text
                let (killed, other) = mover.hasPrefix("first") ? (first, second) : (second, first)
                killed.process.signal(SIGKILL)
                _ = try await killed.process.ended()
                try await Program.check(script: "umount -l '\(killed.path)'", scratch: killed.scratch)
                try await Program.check(
                    script: Self.words + """
                        before=$(volume . moved.bytes)
                        until [ "$(volume . moved.bytes)" -gt $before ]; do sleep 0.2; done
                        same "$(volume . moved.bytes)" $((before + (1536 << 10)))
                        cmp f '\(pair.first.outside)/expected'; cmp g '\(pair.first.outside)/expected-g'
                        """, scratch: other.scratch, in: other.path, limit: .seconds(120))
                try await StoreTool.end(other)
                try await pair.checkVolume()
            }
        }

        /// Two mounts move bytes all the time, as if neither knew of the other, while a program writes, cuts and reads at random on
        /// both: it reads what it has closed, and what it has open and nobody changes stays so; and so does the next session.
        @Test(arguments: Way.allCases)
        func isNotNoticed(_ way: Way) async throws {
            let location = try PostgreSQLLocation(await PostgreSQLServer.shared.value.volume())
            try await withScratch { first in
                try await withScratch { second in
                    let directory = first.outside.appending("volume")
                    let mounts = [
                        try await StoreVolume.makeShared(in: directory, at: location),
                        try await StoreVolume.openShared(in: directory, at: location),
                    ]
                    let configuration = try way.configuration()
                    try await withMount(mounts[0], scratch: first, configuration: configuration) { session in
                        try await withMount(mounts[1], scratch: second, configuration: configuration) { other in
                            let moving = mounts.map { mount in Task { await Self.move(in: mount) } }
                            try await session.check(
                                "python3 - '\(session.path)' '\(other.path)' <<'END'\n\(Self.model)\nEND\n"
                                    + "md5sum * > $OUT/sums", limit: .seconds(180))
                            for task in moving {
                                task.cancel()
                                #expect(await task.value > 50)
                            }
                        }
                    }
                    let next = try await StoreVolume.openShared(in: directory, at: location)
                    #expect(try await next.volume.engine.check().isEmpty)
                    try await withMount(next, scratch: first, configuration: configuration) { session in
                        try await session.check("md5sum -c $OUT/sums > $OUT/found || { cat $OUT/found >&2; false; }")
                    }
                }
            }
        }

        /// Moves all that may be moved until the task is cancelled, and tells of how many files.
        private static func move(in mount: NetworkStoreFileSystem) async -> Int {
            var policy = Compactor.Policy()
            (policy.patience, policy.leastObject) = (-1, 1)
            var moved = 0
            while !Task.isCancelled {
                moved += await mount.compactAll(policy)
                try? await Task.sleep(for: .milliseconds(5))
            }
            return moved
        }

        /// Files that change are closed before they are read by the other mount; names are not used again, which are believed for a
        /// second.
        private static let model = """
            import os, random, sys
            random.seed(7)
            roots = sys.argv[1:]
            files, still, made = {}, [], 0
            def drop(file): os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            def read(name):
                file = os.open(os.path.join(random.choice(roots), name), os.O_RDONLY)
                drop(file)
                found = os.pread(file, 1 << 20, 0)
                os.close(file)
                assert found == bytes(files[name]), name
            for number in range(12):
                name, data = f'still{number}', random.randbytes(random.choice([300, 5000, 70000]))
                with open(os.path.join(random.choice(roots), name), 'wb') as file: file.write(data)
                still.append((data, [os.open(os.path.join(root, name), os.O_RDONLY) for root in roots]))
            for step in range(1000):
                if len(files) < 20:
                    name = f'f{made}'
                    made += 1
                    files[name] = bytearray()
                else:
                    name = random.choice(list(files))
                content = files[name]
                file = os.open(os.path.join(random.choice(roots), name), os.O_RDWR | os.O_CREAT, 0o644)
                for _ in range(random.randrange(4)):
                    at = random.randrange(100000)
                    data = random.randbytes(random.choice([10, 4096, 40000]))
                    os.pwrite(file, data, at)
                    if at > len(content): content.extend(bytes(at - len(content)))
                    content[at:at + len(data)] = data
                if random.randrange(5) == 0: os.fsync(file)
                if random.randrange(9) == 0:
                    size = random.randrange(100000)
                    os.ftruncate(file, size)
                    del content[size:]
                    content.extend(bytes(size - len(content)))
                os.close(file)
                read(random.choice(list(files)))
                data, handles = random.choice(still)
                file = random.choice(handles)
                drop(file)
                assert os.pread(file, 1 << 20, 0) == data, 'still'
                if random.randrange(40) == 0:
                    os.unlink(os.path.join(random.choice(roots), name))
                    del files[name]
            for name in files: read(name)
            """

        /// Two runs of `gc --compact` at a time, beside a mount that is used: all succeed, and nothing is harmed.
        @Test func mayBeStartedTwice() async throws {
            try await SharedStore.withPair { pair in
                let mount = try await pair.mount(pair.first, .device)
                try await pair.check(
                    """
                    mkdir $A/d; for i in {1..200}; do head -c $((i * 150)) < <(yes "file $i") > $A/d/$i; done
                    python3 - $A/f <<-'END'
                    	import os, sys
                    	file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
                    	os.write(file, os.urandom(8 << 20))
                    	os.fsync(file)
                    	for i in range(0, 8 << 20, 1 << 20):
                    	    for j in range(64): os.pwrite(file, os.urandom(4096), i + j * 12288)
                    	    os.fsync(file)
                    END
                    cd $A; md5sum d/1?? f > $OUT/sums; cd $OUT
                    compact() { \(ServerProcess.tool) store gc '\(pair.url)' --compact; }
                    for round in {1..4}; do
                        compact > one & one=$!
                        compact > two & two=$!
                        for i in {1..99}; do head -c $((i * 90 + round)) < <(yes "again $i") > $A/d/$i; done
                        (cd $A; md5sum --quiet -c $OUT/sums)
                        wait $one; wait $two
                        for i in {1..99}; do cmp $A/d/$i <(head -c $((i * 90 + round)) < <(yes "again $i")); done
                    done
                    compact > last; compact > again; grep -q 'of 0 files' again
                    (cd $A; md5sum --quiet -c $OUT/sums)
                    """)
                try await StoreTool.end(mount)
                try await pair.checkVolume()
            }
        }
    }
}
