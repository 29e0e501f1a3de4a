import Glibc
import StoreTestSupport
import SystemPackage
import TestSupport
import Testing

/// One life of a volume with a journal in which a server is killed, and what comes of it. All that the server has on this machine is on a
/// ``VolatileDisk``.
struct JournalTrial {
    private let kind: Kind
    private let victim: MountTests.StoreJournalKills.Victim
    private let ending: MountTests.StoreJournalKills.Ending
    private let gap: KillSwitch.Gap?
    private let way: Way
    /// After which acknowledgement the program that gets it kills the server, the first being 1; `nil` for none.
    private let killed: Int?

    /// How many there are in the life of a server.
    static let acknowledgements = 4

    /// What came of it.
    struct Outcome {
        /// Where the victim could have been killed.
        let gaps: [KillSwitch.Gap]
        /// Whether it was.
        let hasKilled: Bool
    }

    /// Where something is.
    private struct Places {
        /// The disk.
        let disk: Scratch
        /// The volume.
        let mount: Scratch
        let metadata: String
        let data: String
        /// Words before those of the tool.
        let launcher: [String]

        var journal: FilePath { disk.mountPoint.appending("journal") }
    }

    /// A trial.
    ///
    /// - Parameters:
    ///   - kind: where its metadata and objects are.
    ///   - victim: the server that is killed.
    ///   - ending: what is left of what it did.
    ///   - gap: when; `nil` for never.
    ///   - way: the transport of all servers.
    ///   - number: after which acknowledgement the first server is killed by the program that gets it.
    init(
        _ kind: Kind,
        _ victim: MountTests.StoreJournalKills.Victim,
        _ ending: MountTests.StoreJournalKills.Ending,
        _ gap: KillSwitch.Gap?,
        _ way: Way = .device,
        killsAfter number: Int? = nil
    ) {
        (self.kind, self.victim, self.ending, self.gap) = (kind, victim, ending, gap)
        (self.way, killed) = (way, number)
    }

    /// For people.
    private var name: String {
        "\(kind.rawValue), \(victim.rawValue), \(ending.rawValue) \(gap?.description ?? "never") \(killed ?? 0)"
    }

    /// Does it.
    func run() async throws -> Outcome {
        try await withScratch { disk in
            try await withScratch { mount in
                let isShared = kind == .shared
                let places = Places(
                    disk: disk, mount: mount,
                    metadata: isShared
                        ? try await PostgreSQLServer.shared.value.volume() : "\(disk.mountPoint)/volume.db",
                    data: isShared ? try await S3Volume.place() : "file://\(disk.mountPoint)/objects",
                    launcher: isShared ? try await ObjectServer.shared.value.words : [])
                return try await run(places)
            }
        }
    }

    private func run(_ places: Places) async throws -> Outcome {
        let disk = VolatileDisk()
        // The same each time that this is tried.
        let seed = (gap?.description ?? "").utf8.reduce(7 as UInt64) { $0 &* 31 &+ UInt64($1) }
        let lever = KillSwitch { if ending == .powerCut { disk.cutPower(seed: seed) } }
        var outcome: Outcome?
        try await withMount(disk, scratch: places.disk, configuration: try Way.device.configuration()) { _ in
            try await tool(places, "format", places.metadata, "--data", places.data)
            disk.beforeEachStep { lever.allows($0) }
            if victim == .first {
                lever.set(gap)
                try await live(places, lever)
            } else {
                lever.set(nil)
                try await leaveChanges(places, lever)
                lever.set(gap)
                if let server = try await start(places, lever) { try await end(server) }
            }
            outcome = Outcome(gaps: lever.gaps, hasKilled: lever.hasKilled)
            if lever.hasKilled, ending == .powerCut { return }
            lever.set(nil)
            try await check(places, lever)
        }
        let result = try #require(outcome)
        if result.hasKilled, ending == .powerCut {
            try disk.writeWhatIsLeft(to: places.disk.mountPoint)
            try await check(places, lever)
        }
        return result
    }

    // MARK: Servers

    /// Starts a server.
    ///
    /// - Returns: `nil` where it was killed before it was ready.
    private func start(_ places: Places, _ lever: KillSwitch) async throws -> ServerProcess? {
        let words =
            places.launcher + [
                ServerProcess.tool.string, "store", "mount", places.metadata, places.mount.mountPoint.string,
                "--transport", way.rawValue, "--writeback", places.journal.string, "--lease", "2",
            ]
        // What is promised for a machine that stops is promised by nothing but the journal then.
        let closing = ending == .powerCut ? ["--close", "durable"] : []
        let process = try await ChildProcess.start(words + closing, limit: .seconds(60))
        lever.arm(process.identifier)
        try await eventually("the server, which wrote '\(process.text)'") {
            process.text.contains("unmount:") || process.hasEnded
        }
        guard process.text.contains("unmount:") else {
            #expect(lever.hasKilled, "\(name): \(process.text)")
            _ = unsafe umount2(places.mount.mountPoint.string, Int32(MNT_DETACH))
            return nil
        }
        return ServerProcess(scratch: places.mount, process: process)
    }

    /// Ends a server, which may have been killed.
    private func end(_ server: ServerProcess, _ signal: Int32 = SIGTERM) async throws {
        server.process.signal(signal)
        let ending = try await server.process.ended()
        #expect(ending.exitCode == 0 || ending.signal == SIGKILL, "\(name): \(ending.text)")
        // What a killed one leaves; of one that has ended there is nothing.
        _ = unsafe umount2(server.path.string, Int32(MNT_DETACH))
    }

    @discardableResult
    private func tool(_ places: Places, _ words: String...) async throws -> String {
        let command = places.launcher + [ServerProcess.tool.string, "store"] + words
        let ending = try await ChildProcess.start(command, limit: .seconds(60)).ended()
        try #require(ending.isSuccess, "\(name): \(words): \(ending.text)")
        return ending.text
    }

    // MARK: What happens

    /// Has a server acknowledge this and that, and unmounts it.
    private func live(_ places: Places, _ lever: KillSwitch) async throws {
        guard let server = try await start(places, lever) else { return }
        let writer = try await python(
            places,
            """
            put('a', 0, a1); cut('a', 60000); put('a', 10000, a2)
            put('b', 0, b1, isSynced=False)
            settle()
            put('a', 0, a3)
            cut('b', 10); put('b', 5, b2)
            settle()
            """, lever)
        let ending = try await writer.ended()
        #expect(ending.isSuccess, "\(name): \(ending.text)")
        if ending.text.contains("killed") { lever.noteKill() }
        try await end(server)
    }

    /// Has a server acknowledge what is stored and what is not, and kills it.
    private func leaveChanges(_ places: Places, _ lever: KillSwitch) async throws {
        let server = try #require(try await start(places, lever))
        let writer = try await python(
            places,
            """
            put('a', 0, a1); cut('a', 60000); put('a', 10000, a2)
            print('stored', flush=True)
            while not os.path.exists(out + '/away'): time.sleep(0.01)
            put('a', 0, a3); put('b', 0, b1, isSynced=False); put('b', 5, b2)
            """)
        try await writer.wrote("stored")
        lever.takeStoreAway()
        try await Program.check(script: "touch $OUT/away", scratch: places.mount)
        let ending = try await writer.ended()
        #expect(ending.isSuccess, "\(ending.text)")
        try await end(server, SIGKILL)
    }

    /// Expects all to be there, with the next server; and the journal to be empty after that.
    private func check(_ places: Places, _ lever: KillSwitch) async throws {
        let server = try #require(try await start(places, lever))
        let reading = try await python(places, "check()").ended()
        #expect(reading.isSuccess, "\(name): \(reading.text)\n\(server.process.text)")
        try await end(server)
        #expect(try await tool(places, "fsck", places.metadata, "--scrub").contains("consistent"))
        let list = try await Program.run("ls", places.journal.string).text.split(separator: "\n")
        // What was not promised yet when the power went may be behind something that is lost.
        let expected = ending == .kill ? ["journal", "lock"] : ["journal", "lock", "lost+found"]
        #expect(expected.starts(with: list.map(String.init)) && list.count > 1, "\(name): \(server.process.text)")
    }

    /// Runs a script on the mount, which may lose its server.
    ///
    /// - Parameter lever: of the server that the script may kill.
    private func python(_ places: Places, _ script: String, _ lever: KillSwitch? = nil) async throws -> ChildProcess {
        try await ChildProcess.start(
            [
                "/usr/bin/python3", "-c", Self.prelude + script, places.mount.outside.string,
                places.mount.mountPoint.string, ServerProcess.tool.string, ending.rawValue, kind.rawValue,
                "\(lever?.process ?? 0)", "\(lever == nil ? 0 : killed ?? 0)",
            ], limit: .seconds(60))
    }

    /// What files are to have, one state after another, is known from what is done to them, which goes into notes before and after.
    private static let prelude = """
        import json, os, subprocess, sys, time
        out, root, tool, ending, kind, server, left = sys.argv[1:]
        left = int(left)
        a1, a2, a3, b1, b2 = [text * count for text, count in
            [(b'a1;', 33000), (b'a2;', 27000), (b'a3;', 40000), (b'b1;', 400000), (b'b2;', 30000)]]
        notes = os.open(out + '/notes', os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.chdir(root)
        # Who starts after the mount is gone would write to what is below it.
        if os.stat('.').st_dev == os.stat('..').st_dev: raise SystemExit
        states = {'a': [None], 'b': [None]}
        def note(*words): os.write(notes, (' '.join(map(str, words)) + '\\n').encode())
        def change(name, content, act, isSynced):
            states[name].append(content)
            open(f'{out}/{name}{len(states[name]) - 1}.{os.getpid()}', 'wb').write(content)
            note('begun', name, os.getpid(), len(states[name]) - 1, 0)
            try: act()
            except OSError: raise SystemExit
            note('done', name, os.getpid(), len(states[name]) - 1, int(isSynced))
        def put(name, at, bytes, isSynced=True):
            old = (states[name][-1] or b'').ljust(at, b'\\0')
            def act():
                file = os.open(name, os.O_RDWR | os.O_CREAT, 0o644)
                try:
                    assert os.pwrite(file, bytes, at) == len(bytes)
                    if isSynced:
                        os.fsync(file)
                        acknowledged(name)
                finally: os.close(file)
            change(name, old[:at] + bytes + old[at + len(bytes):], act, isSynced)
        # What was acknowledged is to be there, whatever becomes of the server right after that.
        def acknowledged(name):
            global left
            left -= 1
            if left == 0:
                os.kill(int(server), 9)
                note('done', name, os.getpid(), len(states[name]) - 1, 1)
                print('killed', flush=True)
        def cut(name, size): change(name, states[name][-1][:size], lambda: os.truncate(name, size), False)
        # Waits until the journal has nothing that is not in the volume.
        def settle():
            while True:
                told = subprocess.run([tool, 'store', 'stats', '.', '--json'], capture_output=True, text=True)
                if told.returncode: raise SystemExit
                if json.loads(told.stdout)['volume']['journal.changes'] == 0: return
                time.sleep(0.3)
        def check():
            for name in states:
                lines = [line.split() for line in open(out + '/notes') if line.split()[1] == name]
                wanted = [(None, 0)] + [
                    (open(f'{out}/{name}{line[3]}.{line[2]}', 'rb').read(), line[3]) for line in lines if line[0] == 'begun']
                # Of a machine that has lost its power what was synced is there for sure.
                sure = [int(line[3]) for line in lines if line[0] == 'done' and (ending == 'kill' or line[4] == '1')]
                oldest = max(sure, default=0)
                try: content = open(name, 'rb').read()
                except FileNotFoundError: content = None
                allowed = [content for content, _ in wanted[oldest:]] + ([b''] if oldest == 0 else [])
                what = content and (len(content), content[:3], content[20000:20003], content[-3:])
                assert content in allowed, f'{name} is {what}, of {len(wanted) - 1} states, {oldest} acknowledged'

        """
}
