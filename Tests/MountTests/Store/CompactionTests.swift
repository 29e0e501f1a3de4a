import Glibc
import RingFUSE
import SystemPackage
import TestSupport
import Testing

@testable import NetworkStore

extension MountTests {
    /// Bytes of volumes are moved while programs read and write.
    @Suite
    struct StoreCompaction {
        /// Small files become objects, dead objects go, pieces become one, and all of it reads as before.
        @Test func harmsNothing() async throws {
            try await withScratch { scratch in
                let database = try await StoreTool.format(scratch)
                let first = try await ServerProcess.start(.store, by: .device, scratch: scratch)
                try await first.check(
                    """
                    mkdir d; for i in {1..400}; do head -c $((i * 10)) < <(yes "file $i") > d/$i; done
                    head -c 4M /dev/urandom > $OUT/f; cp $OUT/f f
                    python3 - $OUT/f f <<-'END'
                    	import os, sys
                    	files = [os.open(name, os.O_WRONLY) for name in sys.argv[1:]]
                    	for i in range(0, 1 << 20, 3 * 4096):
                    	    for file in files: os.pwrite(file, bytes([i // 4096 % 251]) * 4096, i)
                    	os.close(files[1])
                    END
                    """)
                try await StoreTool.end(first)
                let text = try await StoreTool.succeed(["gc", database, "--compact"])
                #expect(text.contains("of 401 files"), "\(text)")
                #expect(try await StoreTool.succeed(["gc", database, "--compact"]).contains("of 0 files"))
                #expect(try await StoreTool.succeed(["fsck", database, "--scrub"]).contains("consistent"))
                // Most of what is packed goes, and with it the object.
                let second = try await ServerProcess.start(.store, by: .device, scratch: scratch)
                let read = """
                    cmp f $OUT/f
                    for i in {300..400}; do head -c $((i * 10)) < <(yes "file $i") | cmp - d/$i; done
                    """
                try await second.check(read + "\nrm d/? d/?? d/1?? d/2??")
                try await StoreTool.end(second)
                try await StoreTool.succeed(["gc", database, "--compact"])
                #expect(try await StoreTool.succeed(["fsck", database, "--scrub"]).contains("consistent"))
                let third = try await ServerProcess.start(.store, by: .device, scratch: scratch)
                try await third.check(read)
                try await StoreTool.end(third)
            }
        }

        /// What a damaged row says of a file is not believed: it stays where it is, and no other gets its bytes.
        @Test func leavesDamagedRowsAlone() async throws {
            try await withScratch { scratch in
                let database = try await StoreTool.format(scratch)
                let first = try await ServerProcess.start(.store, by: .device, scratch: scratch)
                try await first.check(
                    "for i in {1..40}; do head -c 3000 < <(yes $i) > $i; done; md5sum {1..19} {21..40} > $OUT/sums")
                try await StoreTool.end(first)
                let damage = """
                    UPDATE extents SET length = 5
                    WHERE node = (SELECT node FROM names WHERE name = CAST(20 AS BLOB))
                    """
                try await Program.check(
                    script: "sqlite3 volume.db '\(damage)'", scratch: scratch, in: scratch.outside)
                #expect(try await StoreTool.succeed(["gc", database, "--compact"]).contains("of 39 files"))
                let second = try await ServerProcess.start(.store, by: .device, scratch: scratch)
                try await second.check("md5sum --quiet -c $OUT/sums; refuses 'Input/output error' cat 20")
                try await StoreTool.end(second)
            }
        }

        /// A mount moves what is left of an object of which less than half is in use, and the object goes, without being asked.
        @Test func mountsMoveByThemselves() async throws {
            try await withScratch { scratch in
                _ = try await StoreTool.format(scratch)
                let server = try await ServerProcess.start(.store, by: .device, scratch: scratch, limit: .seconds(150))
                let script =
                    StoreTool.volume + """
                        head -c 4M /dev/urandom > f; sync f; cp f $OUT/f
                        head -c 2560K /dev/zero | tee $OUT/zeros | dd of=f bs=64K conv=notrunc,fsync iflag=fullblock status=none
                        dd if=$OUT/zeros of=$OUT/f bs=64K conv=notrunc status=none
                        until [ $(volume collected.objects) -gt 0 ]; do sleep 0.2; done
                        same "$(volume moved.bytes)" $((1536 << 10))
                        cmp f $OUT/f
                        """
                try await Program.check(script: script, scratch: scratch, in: server.path, limit: .seconds(120))
                try await StoreTool.end(server)
                let database = scratch.outside.appending("volume.db").string
                #expect(try await StoreTool.succeed(["fsck", database, "--scrub"]).contains("consistent"))
            }
        }

        /// Moving is killed again and again, at any point: nothing is lost, and in the end all of it is moved.
        @Test(arguments: [Kind.store, .shared])
        func survivesBeingKilled(_ kind: Kind) async throws {
            try await withScratch { scratch in
                let objects = ["--data", "file://\(scratch.outside)/objects"]
                let volume =
                    kind == .store
                    ? scratch.outside.appending("volume.db").string : try await PostgreSQLServer.shared.value.volume()
                try await StoreTool.succeed(["format", volume] + objects)
                let first = try await ServerProcess.start(kind, by: .device, scratch: scratch, metadata: volume)
                try await first.check(
                    """
                    mkdir d; for i in {1..300}; do head -c $((i * 100)) < <(yes "file $i") > d/$i; done
                    python3 - <<-'END'
                    	import os
                    	file = os.open('f', os.O_RDWR | os.O_CREAT)
                    	os.write(file, os.urandom(16 << 20))
                    	os.fsync(file)
                    	for i in range(0, 16 << 20, 1 << 20):
                    	    for j in range(64): os.pwrite(file, os.urandom(4096), i + j * 12288)
                    	    os.fsync(file)
                    END
                    md5sum d/* f > $OUT/sums
                    """)
                try await StoreTool.end(first)
                try await Program.check(
                    script: """
                        for i in {1..12}; do
                            \(ServerProcess.tool) store gc '\(volume)' --compact & pid=$!
                            sleep $((i * i * 5)).0e-3; kill -KILL $pid || true
                            if wait $pid; then break; fi
                            \(ServerProcess.tool) store fsck '\(volume)' --scrub | grep -q consistent
                        done
                        \(ServerProcess.tool) store gc '\(volume)' --compact
                        \(ServerProcess.tool) store gc '\(volume)' --compact > again; grep -q 'of 0 files' again
                        \(ServerProcess.tool) store fsck '\(volume)' --scrub | grep -q consistent
                        """, scratch: scratch, in: scratch.outside)
                let second = try await ServerProcess.start(kind, by: .device, scratch: scratch, metadata: volume)
                try await second.check("md5sum --quiet -c $OUT/sums")
                try await StoreTool.end(second)
            }
        }

        /// Bytes are moved all the time while a program writes, cuts and reads at random: it reads what it has written, and so
        /// does the next session.
        @Test(arguments: Way.allCases)
        func isNotNoticed(_ way: Way) async throws {
            try await withScratch { scratch in
                let directory = scratch.outside.appending("volume")
                let backend = try await StoreVolume.make(in: directory)
                let model = """
                    import os, pickle, random
                    random.seed(5)
                    files = {}
                    def read(name):
                        file = os.open(name, os.O_RDONLY)
                        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
                        found = os.pread(file, 1 << 20, 0)
                        os.close(file)
                        assert found == bytes(files[name]), name
                    for step in range(1500):
                        name = f'f{random.randrange(25)}'
                        content = files.setdefault(name, bytearray())
                        file = os.open(name, os.O_RDWR | os.O_CREAT, 0o644)
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
                        if random.randrange(3): os.close(file)
                        read(f'f{random.randrange(25)}') if len(files) == 25 else read(name)
                        if random.randrange(40) == 0:
                            os.unlink(name)
                            del files[name]
                            files[name] = bytearray()
                            open(name, 'w').close()
                    for name in files: read(name)
                    """
                try await withMount(backend, scratch: scratch, configuration: try way.configuration()) { session in
                    let moving = Task {
                        var policy = Compactor.Policy()
                        (policy.patience, policy.leastObject) = (-1, 1)
                        var moved = 0
                        while !Task.isCancelled {
                            moved += await backend.compactAll(policy)
                            try? await Task.sleep(for: .milliseconds(5))
                        }
                        return moved
                    }
                    try await session.check(
                        "python3 - <<'END'\n\(model)\nEND\nmd5sum * > $OUT/sums", limit: .seconds(180))
                    moving.cancel()
                    #expect(await moving.value > 100)
                }
                let next = try await StoreVolume.open(in: directory)
                #expect(try await next.volume.engine.check().isEmpty)
                try await withMount(next, scratch: scratch, configuration: try way.configuration()) { session in
                    try await session.check("md5sum -c $OUT/sums > $OUT/found || { cat $OUT/found >&2; false; }")
                }
            }
        }
    }
}

extension NetworkStoreFileSystem {
    /// Looks through the whole volume once, on its background worker.
    ///
    /// - Returns: how many files were moved.
    func compactAll(_ policy: Compactor.Policy) async -> Int {
        await volume.background.run { io in
            var compactor = Compactor(self.volume, policy)
            var files = 0
            do throws(VolumeFailure) {
                files = try await compactor.run(io) { self.noteMove(of: $0) }.files
                _ = try await GarbageCollector(engine: self.volume.engine, store: self.volume.store).collect(io)
            } catch {
                // The last round ends where it is.
                if !Task.isCancelled { Issue.record("\(error)") }
            }
            return files
        }
    }
}
