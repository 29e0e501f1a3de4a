import Glibc
import NetworkStore
import RingFUSE
import StoreTestSupport
import SystemPackage
import TestSupport
import Testing

extension MountTests {
    /// Mounts with `--writeback`: acknowledged from a journal on a local disk, and replayed after a crash.
    @Suite
    struct StoreJournal {
        /// Where the journal of a volume is.
        private static func options(_ scratch: Scratch) -> [String] { ["--writeback", "\(scratch.outside)/journal"] }

        /// Kills a server, and takes its mount away.
        private static func kill(_ server: ServerProcess) async throws {
            server.process.signal(SIGKILL)
            _ = try await server.process.ended()
            try await Program.check(script: "umount -l '\(server.path)'", scratch: server.scratch)
        }

        /// While the store is away, files are closed and synced, also such as cannot be written twice; all of it is stored when the store
        /// is back.
        @Test(arguments: Way.allCases)
        func acknowledgesWhileTheStoreIsAway(_ way: Way) async throws {
            try await withScratch { scratch in
                let directory = scratch.outside.appending("volume")
                let store = FaultyStore(try StoreVolume.objects(in: directory))
                let said = Promise<String>()
                let first = try await StoreVolume.make(in: directory, store: store, journal: "journal") { line in
                    if line.contains("cannot be stored") { said.keep(line) }
                }
                let script = """
                    cmp f $OUT/f; cmp g $OUT/g; same "$(cat small)" small; same "$(stat -c %a:%Y g)" 600:77
                    same "$(cat log | wc -l)" 40
                    """
                try await withMount(first, scratch: scratch, configuration: try way.configuration()) { session in
                    try await session.check("head -c 3M /dev/urandom > $OUT/f; head -c 5M /dev/urandom > $OUT/g")
                    store.fail(.unavailable("away"))
                    try await session.check(
                        """
                        cp $OUT/f f; cp $OUT/g g; sync f g; echo small > small; sync small
                        touch -d @77 g; chmod 600 g; sync g
                        for i in {1..40}; do echo "line $i" >> log; sync log; done
                        """ + "\n" + script)
                    let line = try await said.value(within: .seconds(60), "a word that the store is away")
                    #expect(line.contains("it stays in \(directory)/journal"))
                    store.fail(nil)
                    // It is tried again after half a minute at the latest.
                    try await session.check(
                        "for i in {1..400}; do [ $(find \(directory)/objects -type f | wc -l) -ge 3 ] && break; sleep 0.1; done\n"
                            + script)
                }
                #expect(try segments(in: directory) == [])
                let next = try await StoreVolume.open(in: directory)
                try await withMount(next, scratch: scratch, configuration: try way.configuration()) { session in
                    try await session.check(script)
                }
            }
        }

        /// What is not stored when a volume is unmounted stays in the journal, and is there with the next mount.
        @Test func whatIsLeftIsBroughtInByTheNextMount() async throws {
            try await withScratch { scratch in
                let directory = scratch.outside.appending("volume")
                let store = FaultyStore(try StoreVolume.objects(in: directory))
                let first = try await StoreVolume.make(in: directory, store: store, journal: "journal") { _ in }
                try await withMount(first, scratch: scratch, configuration: try Way.device.configuration()) { session in
                    store.fail(.unavailable("away"))
                    try await session.check(
                        "head -c 3M /dev/urandom > $OUT/f; cp $OUT/f .; sync f; head -c 1M $OUT/f > closed")
                }
                #expect(try segments(in: directory).count == 1)
                let next = try await StoreVolume.open(in: directory, journal: "journal") { _ in }
                try await withMount(next, scratch: scratch, configuration: try Way.device.configuration()) { session in
                    try await session.check("cmp f $OUT/f; head -c 1M $OUT/f | cmp - closed")
                }
                #expect(try segments(in: directory) == [])
            }
        }

        private func segments(in directory: FilePath) throws -> [String] {
            guard let stream = unsafe opendir(directory.appending("journal").string) else {
                throw Errno(rawValue: errno)
            }
            defer { unsafe _ = closedir(stream) }
            var names: [String] = []
            while let entry = unsafe readdir(stream) {
                let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                    unsafe String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
                }
                if name.hasSuffix(".segment") { names.append(name) }
            }
            return names
        }

        /// A journal that is full, and a store that is full, are told as without a journal.
        @Test func aFullJournalWaitsForTheStore() async throws {
            try await withScratch { scratch in
                let directory = scratch.outside.appending("volume")
                let store = FaultyStore(try StoreVolume.objects(in: directory))
                let backend = try await StoreVolume.make(
                    in: directory, store: store, journal: "journal", journalLimit: 4 << 20
                ) { _ in }
                try await withMount(backend, scratch: scratch, configuration: try Way.device.configuration()) {
                    session in
                    store.fail(.unavailable("away"))
                    try await session.check(
                        """
                        head -c 3M /dev/urandom > $OUT/f; cp $OUT/f f; sync f
                        refuses 'Input/output error' dd if=$OUT/f of=g bs=1M conv=fsync status=none
                        """)
                    store.fail(.full("no room"))
                    try await session.check(
                        """
                        for i in {1..100}; do sync f 2> $OUT/errors || break; sleep 0.3; done
                        grep 'No space left on device' $OUT/errors
                        """)
                    store.fail(nil)
                    try await session.check("sync f g; cmp f $OUT/f; cmp g $OUT/f")
                }
            }
        }

        /// A server is killed at any moment, under load, and the next one as well: every file whose `close` or `fsync` had returned is there,
        /// whole, and as it was last; the volume is consistent.
        @Test(arguments: Way.allCases, [Kind.store, .shared])
        func losesNothingWhenItIsKilled(_ way: Way, _ kind: Kind) async throws {
            try await withScratch { scratch in
                let volume =
                    kind == .store
                    ? scratch.outside.appending("volume.db").string : try await PostgreSQLServer.shared.value.volume()
                try await StoreTool.succeed(["format", volume, "--data", "file://\(scratch.outside)/objects"])
                func mount() async throws -> ServerProcess {
                    try await ServerProcess.start(
                        kind, by: way, scratch: scratch, metadata: volume,
                        options: Self.options(scratch) + ["--lease", "2"])
                }
                for round in 1...4 {
                    let server = try await mount()
                    try await server.check(Self.comparison)
                    var writers: [ChildProcess] = []
                    for number in 1...3 {
                        let script = Self.writer(
                            number, round, server.path, scratch.outside, removes: way == .ring)
                        writers.append(try await ChildProcess.start(["python3", "-c", script], limit: .seconds(60)))
                    }
                    for writer in writers { try await writer.wrote("begun") }
                    try await Task.sleep(for: .milliseconds(Int.random(in: 100...1500)))
                    try await Self.kill(server)
                    for writer in writers { _ = try await writer.ended() }
                    // What the journal has does not belong to what is checked.
                    #expect(try await StoreTool.succeed(["fsck", volume, "--scrub"]).contains("consistent"))
                }
                let server = try await mount()
                try await server.check(Self.comparison + "\n[ $(cat $OUT/acknowledged-* | wc -l) -gt 60 ]")
                try await StoreTool.end(server)
                #expect(try await StoreTool.succeed(["fsck", volume, "--scrub"]).contains("consistent"))
                try await Program.check(script: "[ -z \"$(ls $OUT/journal | grep segment)\" ]", scratch: scratch)
                // That a file was removed may not be known to the journal when the server is killed.
                if way == .device {
                    try await Program.check(script: "[ ! -e $OUT/journal/lost+found ]", scratch: scratch)
                }
            }
        }

        /// Makes files of any size, and writes to one again and again; notes what was acknowledged, a line each when it was.
        private static func writer(
            _ number: Int,
            _ round: Int,
            _ path: FilePath,
            _ outside: FilePath,
            removes: Bool
        ) -> String {
            """
            import os
            notes = os.open('\(outside)/acknowledged-\(number)', os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            os.chdir('\(path)')
            # Who starts after the mount is gone would write to what is below it.
            if os.stat('.').st_dev == os.stat('..').st_dev: raise SystemExit
            again = os.open('again-\(number)', os.O_RDWR | os.O_CREAT, 0o644)
            try:
                for i in range(10 ** 6):
                    size = 5000000 if i % 9 == 8 else i * 1000 % 70000 + 1
                    name = f'\(number)-\(round)-{i}'
                    file = os.open(name, os.O_WRONLY | os.O_CREAT, 0o644)
                    os.write(file, (f'{name};' * (size // len(name) + 1)).encode()[:size])
                    if i % 2: os.fsync(file)
                    os.close(file)
                    os.write(notes, f'{name} {size}\\n'.encode())
                    # In order: each number is larger than the one before, and none that was acknowledged may be gone.
                    if i == 0: print('begun', flush=True)
                    os.pwrite(again, f'{\(round) * 10 ** 6 + i:012}'.encode() * 400, 0)
                    os.fsync(again)
                    os.write(notes, f'again-\(number) {\(round) * 10 ** 6 + i}\\n'.encode())
                    if \(removes ? "i % 5 == 4" : "False"): os.unlink(f'\(number)-\(round)-{i - 1}'); os.write(notes, f'-\(number)-\(round)-{i - 1} 0\\n'.encode())
            except OSError:
                pass
            """
        }

        /// Compares what was acknowledged with what is there.
        private static let comparison = """
            python3 - $OUT <<-'END'
            	import glob, sys
            	for notes in glob.glob(sys.argv[1] + '/acknowledged-*'):
            	    lines = [line.split() for line in open(notes).read().splitlines()]
            	    removed = {name[1:] for name, _ in lines if name[0] == '-'}
            	    last = {}
            	    for name, size in lines:
            	        if name.startswith('again'): last[name] = int(size)
            	        elif name[0] != '-' and name not in removed:
            	            try: content = open(name).read()
            	            except FileNotFoundError:
            	                # It may have been removed before that was noted.
            	                if int(name.split('-')[2]) % 5 == 3: continue
            	                raise
            	            assert content == ((name + ';') * (int(size) // len(name) + 1))[:int(size)], name
            	    for name, number in last.items():
            	        content = open(name).read()
            	        assert len(content) == 4800 and len(set(content[i:i + 12] for i in range(0, 4800, 12))) == 1, name
            	        assert int(content[:12]) >= number, (name, number, content[:12])
            END
            """

        /// A volume that may have something in a journal is not mounted without it, unless that is given up: then it is saved aside.
        @Test func isNotMountedWithoutItsJournal() async throws {
            try await withScratch { scratch in
                let database = try await StoreTool.format(scratch)
                let first = try await ServerProcess.start(
                    .store, by: .device, scratch: scratch, options: Self.options(scratch))
                try await first.check("echo there > f; sync f")
                try await Self.kill(first)
                let refusals = [[], ["--writeback", "\(scratch.outside)/another"]]
                for options in refusals {
                    let ending = try await StoreTool.run(["mount", database, scratch.mountPoint.string] + options)
                    #expect(
                        ending.exitCode > 0 && ending.text.contains("--writeback \(scratch.outside)/journal"),
                        "\(ending.text)")
                    #expect(ending.text.contains("--abandon-journals"))
                }
                #expect(
                    try await StoreTool.succeed(["fsck", database]).contains(
                        "note: the journal in \(scratch.outside)/journal"))
                let second = try await ServerProcess.start(
                    .store, by: .device, scratch: scratch, options: ["--abandon-journals"])
                try await second.check("echo later > g; sync g")
                try await StoreTool.end(second)
                let third = try await ServerProcess.start(.store, by: .device, scratch: scratch)
                try await StoreTool.end(third)
                #expect(try await !StoreTool.succeed(["fsck", database]).contains("note:"))
            }
        }

        /// A mount that has lost the volume while it had something acknowledged: the other's file stays as it is, what was acknowledged
        /// is saved aside where both have written, and brought in where nobody else has.
        @Test func fencedMountsHarmNobodyAndLoseNothing() async throws {
            try await SharedStore.withPair { pair in
                let server = try await PostgreSQLServer.shared.value
                try await pair.check("mount -t tmpfs none objects")
                defer { _ = unsafe umount2("\(pair.first.outside)/objects", Int32(MNT_DETACH)) }
                let options = Self.options(pair.first) + ["--lease", "2"]
                let first = try await pair.mount(pair.first, .device, options: options)
                let second = try await pair.mount(pair.second, .device, options: ["--lease", "2"])
                try await pair.check("echo one > $A/both; echo two > $A/mine; sync $A/both $A/mine")
                try await pair.check("until [ \"$(cat $B/both $B/mine | xargs)\" = 'one two' ]; do sleep 0.1; done")
                // So that nothing of it can be stored before the mount is paused.
                try await pair.check("mount -o remount,ro objects")
                try await pair.check(
                    """
                    for name in both mine; do
                        head -c 100K < <(yes $name) | dd of=$A/$name bs=100K iflag=fullblock conv=notrunc,fsync status=none
                    done
                    """)
                first.process.signal(SIGSTOP)
                try await pair.check("mount -o remount,rw objects")
                while try server.run("SELECT count(*) FROM sessions", schema: pair.schema) != "1\n" {
                    try await Task.sleep(for: .milliseconds(100))
                }
                try await pair.check("echo other > $B/both; same \"$(stat -c %s $B/mine)\" 4")
                first.process.signal(SIGCONT)
                first.process.signal(SIGTERM)
                _ = try await first.process.ended(within: .seconds(60))
                try await pair.check("same \"$(cat $B/both)\" other")
                let again = try await pair.mount(pair.first, .device, options: options)
                try await pair.check(
                    """
                    same "$(cat $A/both)" other
                    for place in $A $B; do head -c 100K < <(yes mine) | cmp - $place/mine; done
                    head -c 100K < <(yes both) | cmp - journal/lost+found/inode-*
                    """)
                #expect(again.process.text.contains("was changed meanwhile"))
                try await StoreTool.end(again, second)
                try await pair.checkVolume()
            }
        }
    }
}
