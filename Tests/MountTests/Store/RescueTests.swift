import Glibc
import RingFUSE
import SystemPackage
import TestSupport
import Testing

extension MountTests {
    /// What cannot be committed any more is saved aside, and told.
    @Suite
    struct StoreRescue {
        /// Checks what is saved: `saved FILE SIZE [OFFSET COUNT BYTE]…` expects exactly these bytes of the file of an inode.
        static let saved = """
            saved() {
                python3 - "$OUT/rescue" "$@" <<-'END'
            	import glob, os, sys
            	directory, inode, *parts = sys.argv[1:]
            	paths = glob.glob(f'{directory}/inode-{inode}-*')
            	assert len(paths) == 1, paths
            	found = open(paths[0], 'rb').read()
            	expected = bytearray(len(found))
            	for offset, count, byte in zip(parts[0::3], parts[1::3], parts[2::3]):
            	    assert len(found) >= int(offset) + int(count), (len(found), offset, count)
            	    expected[int(offset):int(offset) + int(count)] = byte.encode() * int(count)
            	assert found == bytes(expected), next(i for i in range(len(found)) if found[i] != expected[i])
            	assert os.stat(paths[0]).st_mode & 0o777 == 0o600
            END
            }

            """

        /// Writes to files of a mount, and then, when it is told to, tries to store it. `patched` is there before.
        private static func writer(_ pair: SharedStore.Pair) async throws -> ChildProcess {
            let script = """
                import errno, os, time
                os.chdir('\(pair.first.mountPoint)')
                def open_file(name): return os.open(name, os.O_RDWR | os.O_CREAT, 0o644)
                small, large, patched = open_file('small'), open_file('large'), open_file('patched')
                os.write(small, b's' * 100)
                for i in range(9): os.pwrite(large, b'l' * 1000000, i * 1000000)
                os.pwrite(large, b'm' * 5000, 4194300)
                os.pwrite(patched, b'b' * 1000, 500)
                os.pwrite(patched, b'c' * 70000, 300000)
                os.pwrite(patched, b'd' * 10, 600)
                for file in small, large, patched: print('inode', os.fstat(file).st_ino)
                print('written', flush=True)
                while not os.path.exists('\(pair.first.outside)/continued'): time.sleep(0.02)
                for file in small, large, patched:
                    try:
                        os.fsync(file)
                        print('stored')
                    except OSError as error:
                        print('refused', errno.errorcode[error.errno])
                try:
                    os.write(small, b'late')
                    os.fsync(small)
                    print('stored')
                except OSError as error:
                    print('refused', errno.errorcode[error.errno])
                """
            let process = try await ChildProcess.start(["python3", "-c", script], limit: .seconds(90))
            try await process.wrote("written")
            return process
        }

        /// The numbers of the files that a writer has told.
        private static func inodes(_ writer: ChildProcess) -> [String] {
            writer.text.split(separator: "\n").compactMap { line in
                line.hasPrefix("inode ") ? String(line.dropFirst(6)) : nil
            }
        }

        /// Stops a server until its session with the volume has been ended, lets something be done, and has it go on.
        static func fence(
            _ mount: ServerProcess,
            of pair: SharedStore.Pair,
            _ meanwhile: () async throws -> Void
        ) async throws {
            let server = try await PostgreSQLServer.shared.value
            mount.process.signal(SIGSTOP)
            while try server.run("SELECT count(*) FROM sessions", schema: pair.schema) != "1\n" {
                try await Task.sleep(for: .milliseconds(100))
            }
            try await meanwhile()
            mount.process.signal(SIGCONT)
        }

        /// A mount that has lost the volume saves exactly what it had not committed, tells where, and refuses all that comes; the
        /// volume is what the other mount has made of it.
        @Test(arguments: Way.allCases)
        func fencedMountsSaveWhatWasUnwritten(_ way: Way) async throws {
            try await SharedStore.withPair { pair in
                let lease = ["--lease", "2"]
                try await pair.check("mount -t tmpfs none objects")
                defer { _ = unsafe umount2("\(pair.first.outside)/objects", Int32(MNT_DETACH)) }
                let first = try await pair.mount(
                    pair.first, way, options: lease + ["--rescue", "\(pair.first.outside)/rescue"])
                let second = try await pair.mount(pair.second, way, options: lease)
                try await pair.check("head -c 1000000 < <(yes old) > $A/patched; echo there > $A/closed")
                // What is more than small cannot be stored before the mount is paused.
                try await pair.check("mount -o remount,ro objects")
                let writer = try await Self.writer(pair)
                try await Self.fence(first, of: pair) {
                    try await pair.check("mount -o remount,rw objects; echo other > $B/patched; echo more > $B/more")
                }
                try await first.process.wrote("what was not committed of 3 files is saved in")
                try await pair.check("touch continued")
                let text = try await writer.ended().text
                #expect(
                    text.split(separator: "\n").suffix(4) == Array(repeating: "refused ESTALE", count: 4)[...],
                    "\(text)")
                let inodes = Self.inodes(writer)
                let (small, large, patched) = (inodes[0], inodes[1], inodes[2])
                try await pair.check(
                    Self.saved + """
                        saved \(small) 0 100 s
                        saved \(large) 0 9000000 l 4194300 5000 m
                        saved \(patched) 500 1000 b 300000 70000 c 600 10 d
                        same "$(ls rescue | wc -l) $(stat -c %a rescue)" "3 700"
                        refuses 'Stale file handle' touch $A/late
                        refuses 'Stale file handle' cat $A/closed
                        """)
                first.process.signal(SIGTERM)
                let ending = try await first.process.ended()
                #expect(ending.exitCode == 1)
                for line in [
                    "inode \(patched) could not be committed before the volume ended this session; what was written to it, bytes "
                        + "500-1499, 300000-369999, is saved in \(pair.first.outside)/rescue/inode-\(patched)-",
                    "what programs had written could not be committed: of 3 files it is saved in \(pair.first.outside)/rescue",
                ] {
                    #expect(ending.text.contains(line), "\(ending.text)")
                }
                try await pair.check(
                    """
                    same "$(cat $B/patched)" other; same "$(cat $B/more)" more; same "$(cat $B/closed)" there
                    same "$(stat -c %s $B/small $B/large | xargs)" '0 0'
                    """)
                try await StoreTool.end(second)
                try await pair.checkVolume()
            }
        }

        /// What the kernel writes back after the volume is lost is saved, too: stores to a mapping, and what `write` has left in
        /// its cache.
        @Test(arguments: Way.allCases)
        func savesWhatIsWrittenBackLater(_ way: Way) async throws {
            try await SharedStore.withPair { pair in
                let lease = ["--lease", "2"]
                let first = try await pair.mount(
                    pair.first, way,
                    options: lease + ["--rescue", "\(pair.first.outside)/rescue", "--writeback-cache"])
                let second = try await pair.mount(pair.second, way, options: lease)
                try await pair.check("head -c 20000 < <(yes old) > $A/mapped; sync $A/mapped")
                let script = """
                    import errno, mmap, os, time
                    os.chdir('\(pair.first.mountPoint)')
                    file, cached = os.open('mapped', os.O_RDWR), os.open('cached', os.O_RDWR | os.O_CREAT, 0o644)
                    memory = mmap.mmap(file, 20000)
                    print('inode', os.fstat(file).st_ino)
                    print('inode', os.fstat(cached).st_ino)
                    memory[:8192] = b'm' * 8192
                    os.write(cached, b'k' * 3000)
                    print('written', flush=True)
                    while not os.path.exists('\(pair.first.outside)/continued'): time.sleep(0.02)
                    for store in memory.flush, lambda: os.fsync(cached):
                        try:
                            store()
                            print('stored')
                        except OSError as error:
                            print('refused')
                    """
                let writer = try await ChildProcess.start(["python3", "-c", script], limit: .seconds(90))
                try await writer.wrote("written")
                try await Self.fence(first, of: pair) {}
                try await first.process.wrote("has ended this session")
                // Longer than it takes to notice.
                try await Task.sleep(for: .seconds(2))
                try await pair.check("touch continued")
                let text = try await writer.ended().text
                #expect(!text.contains("stored"), "\(text)")
                let inodes = Self.inodes(writer)
                try await pair.check(
                    Self.saved + "saved \(inodes[0]) 0 8192 m\nsaved \(inodes[1]) 0 3000 k")
                first.process.signal(SIGTERM)
                let ending = try await first.process.ended()
                #expect(ending.exitCode == 1 && ending.text.contains("of 2 files it is saved in"), "\(ending.text)")
                try await StoreTool.end(second)
                try await pair.checkVolume()
            }
        }

        /// The store is away when a mount ends: what it has not is saved, the rest is committed, and the exit code tells.
        @Test(arguments: Way.allCases)
        func savesWhenTheStoreIsAwayAtTheEnd(_ way: Way) async throws {
            try await withScratch { scratch in
                try await Program.check(
                    script: "mkdir $OUT/objects; mount -t tmpfs none $OUT/objects", scratch: scratch)
                defer { _ = unsafe umount2("\(scratch.outside)/objects", Int32(MNT_DETACH)) }
                let database = try await StoreTool.format(scratch, ["--data", "file://\(scratch.outside)/objects"])
                let first = try await ServerProcess.start(
                    .store, by: way, scratch: scratch, options: ["--rescue", "\(scratch.outside)/rescue"])
                try await first.check(
                    """
                    head -c 100000 < <(yes old) > f; mount -o remount,ro $OUT/objects; echo there > small
                    refuses 'Input/output error' dd if=/dev/zero of=zeros bs=1M count=1 status=none
                    head -c 50000 /dev/zero | tr '\\0' n > $OUT/n
                    refuses 'Input/output error' dd if=$OUT/n of=f bs=50000 seek=1 conv=notrunc status=none
                    stat -c %i f > $OUT/inode
                    """)
                first.process.signal(SIGTERM)
                let ending = try await first.process.ended(within: .seconds(60))
                #expect(ending.exitCode == 1, "\(ending.text)")
                #expect(ending.text.contains("of 2 files it is saved in \(scratch.outside)/rescue"), "\(ending.text)")
                #expect(ending.text.contains("could not be committed: "), "\(ending.text)")
                try await Program.check(
                    script: Self.saved + "saved $(cat $OUT/inode) 50000 50000 n; mount -o remount,rw $OUT/objects",
                    scratch: scratch)
                let second = try await ServerProcess.start(.store, by: way, scratch: scratch)
                try await second.check("same \"$(cat small)\" there; head -c 100000 < <(yes old) | cmp - f")
                try await StoreTool.end(second)
                #expect(try await StoreTool.succeed(["fsck", database, "--scrub"]).contains("consistent"))
            }
        }

        /// A server in the background tells its log.
        @Test func tellsTheLogOfADaemon() async throws {
            try await withScratch { scratch in
                try await Program.check(
                    script: "mkdir $OUT/objects; mount -t tmpfs none $OUT/objects", scratch: scratch)
                defer { _ = unsafe umount2("\(scratch.outside)/objects", Int32(MNT_DETACH)) }
                let database = try await StoreTool.format(scratch, ["--data", "file://\(scratch.outside)/objects"])
                let log = "\(scratch.outside)/log"
                try await StoreTool.succeed([
                    "mount", database, scratch.mountPoint.string, "--daemon", "--log-file", log, "--rescue", "none",
                ])
                try await Program.check(
                    script: """
                        mount -o remount,ro $OUT/objects
                        refuses 'Input/output error' dd if=/dev/zero of=\(scratch.mountPoint)/f bs=1M count=1 status=none
                        umount \(scratch.mountPoint)
                        for i in {1..200}; do grep -q 'of 1 file it is lost' \(log) && break; sleep 0.1; done
                        grep -q '^ringfuse: .*: what programs had written could not be committed: ' \(log)
                        grep -q 'bytes 0-1048575, is lost' \(log)
                        """, scratch: scratch)
            }
        }

        /// The database is away when a mount ends, which waits for it; whoever has no patience loses nothing.
        @Test(arguments: Way.allCases)
        func savesBeforeItIsAborted(_ way: Way) async throws {
            let server = try PostgreSQLServer()
            defer {
                server.stop()
                server.remove()
            }
            try await SharedStore.withPair(on: server) { pair in
                let first = try await pair.mount(
                    pair.first, way, options: ["--rescue", "\(pair.first.outside)/rescue"])
                try await pair.check("echo there > $A/there")
                // Pages of a mapping that outlives its descriptor are written back by nobody but the end of the mount.
                let script = """
                    import ctypes, os, time
                    file = os.open('\(first.path)/f', os.O_RDWR | os.O_CREAT, 0o644)
                    os.write(file, b'o' * 5000000)
                    # Python's own would keep a descriptor.
                    library = ctypes.CDLL(None)
                    library.mmap.restype = ctypes.c_void_p
                    library.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
                    memory = library.mmap(None, 5000000, 3, 1, file, 0)
                    print('inode', os.fstat(file).st_ino)
                    os.close(file)
                    print('closed', flush=True)
                    while not os.path.exists('\(pair.first.outside)/continued'): time.sleep(0.02)
                    ctypes.memset(memory, ord('w'), 5000000)
                    os._exit(0)
                    """
                let writer = try await ChildProcess.start(["python3", "-c", script])
                try await writer.wrote("closed")
                server.stop()
                try await pair.check("touch continued")
                #expect(try await writer.ended().isSuccess)
                first.process.signal(SIGTERM)
                try await first.process.wrote("unmounting")
                try await Task.sleep(for: .seconds(2))
                #expect(!first.process.hasEnded)
                first.process.signal(SIGTERM)
                let ending = try await first.process.ended()
                #expect(ending.exitCode == 1, "\(ending.text)")
                #expect(ending.text.contains("aborted by a second signal; what programs had written"), "\(ending.text)")
                try await pair.check(Self.saved + "saved \(Self.inodes(writer)[0]) 0 5000000 w")
                try server.start()
                let second = try await pair.mount(pair.second, way)
                try await pair.check("same \"$(cat $B/there)\" there")
                try await StoreTool.end(second)
                try await pair.checkVolume()
            }
        }

        /// Where there is no room it is said for each file, and tried again at the end.
        @Test func isToldWhereItCannotBeSaved() async throws {
            try await SharedStore.withPair { pair in
                let lease = ["--lease", "2"]
                try await pair.check(
                    "mkdir rescue; mount -t tmpfs -o size=64k none rescue; mount -t tmpfs none objects")
                defer {
                    for name in ["rescue", "objects"] {
                        _ = unsafe umount2("\(pair.first.outside)/\(name)", Int32(MNT_DETACH))
                    }
                }
                let first = try await pair.mount(
                    pair.first, .device, options: lease + ["--rescue", "\(pair.first.outside)/rescue"])
                let second = try await pair.mount(pair.second, .device, options: lease)
                try await pair.check("head -c 1000000 < <(yes old) > $A/patched; mount -o remount,ro objects")
                let writer = try await Self.writer(pair)
                // They wait for a commit when it is noticed that there will be none.
                try await Self.fence(first, of: pair) { try await pair.check("touch continued") }
                let inodes = Self.inodes(writer)
                try await first.process.wrote("it is tried again at the end of the mount")
                let told =
                    "inode \(inodes[1]) could not be committed before the volume ended this session; what was written to it "
                try await first.process.wrote(
                    told + "could not be saved in \(pair.first.outside)/rescue, either: No space left")
                try await pair.check("mount -o remount,size=64M rescue")
                let text = try await writer.ended().text
                #expect(text.split(separator: "\n").suffix(4).allSatisfy { $0.hasPrefix("refused") }, "\(text)")
                first.process.signal(SIGTERM)
                let ending = try await first.process.ended()
                #expect(ending.exitCode == 1 && ending.text.contains("of 3 files it is saved in"), "\(ending.text)")
                try await pair.check(Self.saved + "saved \(inodes[1]) 0 9000000 l 4194300 5000 m")
                try await StoreTool.end(second)
            }
        }

        /// A directory that is of no use is told before anything is mounted; an encrypted volume has none unless it is named.
        @Test func namesWhatIsWrongWithADirectory() async throws {
            try await withScratch { scratch in
                let database = try await StoreTool.format(scratch)
                for (directory, reason) in [
                    ("/proc/none/x", "No such file or directory"), ("\(database)/x", "Not a directory"),
                    ("\(scratch.mountPoint)/x", "in the volume itself"),
                ] {
                    let ending = try await StoreTool.run(
                        ["mount", database, scratch.mountPoint.string, "--rescue", directory])
                    #expect(ending.exitCode == 64, "\(ending.text)")
                    #expect(
                        ending.text.contains("--rescue \(directory): ") && ending.text.contains(reason),
                        "\(ending.text)")
                    #expect(try !scratch.isMounted)
                }
                let key = "\(scratch.outside)/key"
                try await Program.check(
                    script: "head -c 32 /dev/urandom > $OUT/key; chmod 400 $OUT/key", scratch: scratch)
                let secret = "\(scratch.outside)/secret.db"
                try await StoreTool.succeed(["format", secret, "--encryption", "aes-256-gcm", "--key-file", key])
                for (options, isTold) in [
                    ([], true), (["--rescue", "none"], false), (["--rescue", "\(scratch.outside)/r"], false),
                ] {
                    let server = try await ServerProcess.start(
                        .store, by: .device, scratch: scratch, metadata: secret, options: ["--key-file", key] + options)
                    #expect(
                        server.process.text.contains("the volume is encrypted, and what is saved would not be")
                            == isTold)
                    try await StoreTool.end(server)
                }
            }
        }
    }
}
