import Glibc
import RingFUSE
import SystemPackage
import TestSupport
import Testing

extension MountTests {
    /// Locks of programs on volumes in PostgreSQL, which hold for all mounts of them.
    @Suite
    struct SharedLocks {
        /// A program that holds a lock: `flock` or `fcntl`, until it is killed.
        private static func holder(of path: FilePath, _ call: String) async throws -> ChildProcess {
            let script = """
                import fcntl, os, signal
                file = os.open('\(path)', os.O_RDWR | os.O_CREAT, 0o644)
                fcntl.\(call)(file, fcntl.LOCK_EX)
                print('held', flush=True)
                signal.pause()
                """
            return try await ChildProcess.start(["python3", "-c", script], limit: .seconds(60))
        }

        /// On one mount they are as the kernel's own.
        @Test(arguments: Way.allCases)
        func areAsTheKernels(_ way: Way) async throws {
            try await Flavor(way: way, kind: .shared).mounted { session in
                let refused = 40 - (SessionConfiguration.standardDepth - 1)
                try await session.check("python3 - \(refused) <<'END'\n" + Locks.script + "\nEND\n")
            }
        }

        /// Processes on two mounts count in one file, each under a lock: nothing is counted twice, or lost. With `records` they
        /// count in parts of one page, each under a lock of its own; with `append` they write lines at its end, of which the kernel
        /// keeps whole pages.
        @Test(arguments: Way.allCases, ["flock", "fcntl", "ofd", "records", "append"])
        func whatIsWrittenUnderThemIsSeen(_ way: Way, _ kind: String) async throws {
            try await SharedStore.withPair { pair in
                let (first, second) = (try await pair.mount(pair.first, way), try await pair.mount(pair.second, way))
                let script = """
                    cat > count.py <<'END'
                    import fcntl, os, struct, sys
                    path, kind, who = sys.argv[1], sys.argv[2], int(sys.argv[3])
                    file = os.open(path, os.O_RDWR | os.O_CREAT | (os.O_APPEND if kind == 'append' else 0), 0o644)
                    def lock(on, start, length):
                        if kind == 'flock':
                            fcntl.flock(file, fcntl.LOCK_EX if on else fcntl.LOCK_UN)
                        elif kind == 'ofd':
                            what = fcntl.F_WRLCK if on else fcntl.F_UNLCK
                            fcntl.fcntl(file, 38, struct.pack('hhqqi4x', what, 0, start, length, 0))
                        else:
                            fcntl.lockf(file, fcntl.LOCK_EX if on else fcntl.LOCK_UN, length, start)
                    for i in range(12):
                        start = 8 * ((who + i) % 5) if kind == 'records' else 0
                        lock(True, start, 8 if kind == 'records' else 0)
                        if kind == 'append':
                            line = b'%d-%d ' % (os.getpid(), i) * 1000 + b'\\n'
                            os.write(file, line)
                            found = os.pread(file, len(line), os.fstat(file).st_size - len(line))
                            assert found == line, (len(line), found[:20], found[-20:])
                        else:
                            count = int(os.pread(file, 8, start).strip(b'\\0') or b'0') + 1
                            os.pwrite(file, b'%08d' % count, start)
                        lock(False, start, 8 if kind == 'records' else 0)
                    END
                    : > $A/f
                    for who in 0 1 2; do
                        for place in $A $B; do python3 count.py $place/f \(kind) $who & pids+=($!); done
                    done
                    for pid in "${pids[@]}"; do wait $pid; done
                    python3 - $A/f $B/f \(kind) <<'END'
                    import sys
                    for path in sys.argv[1:3]:
                        data = open(path, 'rb').read()
                        if sys.argv[3] == 'append':
                            lines = data.splitlines()
                            assert len(lines) == len(set(lines)) == 72
                            assert all(line == (line.split()[0] + b' ') * 1000 for line in lines)
                        else:
                            found = sum(int(data[i:i + 8]) for i in range(0, len(data), 8))
                            assert found == 72, data
                    END
                    """
                try await pair.check(script)
                try await StoreTool.end(first, second)
                try await pair.checkVolume()
            }
        }

        /// It is seen where nobody tells, too: the processes of the server that would are stopped.
        @Test(arguments: Way.allCases)
        func whatIsWrittenIsSeenWithoutBeingTold(_ way: Way) async throws {
            try await SharedStore.withPair { pair in
                let (first, second) = (try await pair.mount(pair.first, way), try await pair.mount(pair.second, way))
                let server = try await PostgreSQLServer.shared.value
                var listeners: [pid_t] = []
                while listeners.count < 2 {
                    let query = "'LISTEN ringfuse_' || 'volume'::regclass::oid"
                    let found = try server.run(
                        "SELECT pid FROM pg_stat_activity WHERE query = \(query)", schema: pair.schema)
                    listeners = found.split(separator: "\n").compactMap { pid_t($0) }
                    try await Task.sleep(for: .milliseconds(20))
                }
                for listener in listeners { kill(listener, SIGSTOP) }
                defer { for listener in listeners { kill(listener, SIGCONT) } }
                try await pair.check(
                    """
                    python3 - $A/f $B/f <<'END'
                    import fcntl, os, sys
                    files = [os.open(path, os.O_RDWR | os.O_CREAT, 0o644) for path in sys.argv[1:]]
                    for i in range(12):
                        file = files[i % 2]
                        fcntl.flock(file, fcntl.LOCK_EX)
                        count = int(os.pread(file, 8, 0) or b'0')
                        assert count == i, (count, i)
                        os.pwrite(file, b'%08d' % (count + 1), 0)
                        fcntl.flock(file, fcntl.LOCK_UN)
                    END
                    """)
                for listener in listeners { kill(listener, SIGCONT) }
                try await StoreTool.end(first, second)
                try await pair.checkVolume()
            }
        }

        /// One SQLite database, used by two mounts at a time, with a rollback journal.
        @Test(arguments: Way.allCases)
        func databasesCanBeShared(_ way: Way) async throws {
            try await SharedStore.withPair { pair in
                // The journal's name tells whether a transaction has to be taken back.
                let strict = ["--consistency", "strict"]
                let first = try await pair.mount(pair.first, way, options: strict)
                let second = try await pair.mount(pair.second, way, options: strict)
                try await pair.check(
                    """
                    cat > add.py <<'END'
                    import sqlite3, sys
                    base = sqlite3.connect(sys.argv[1], timeout=50, isolation_level=None)
                    for i in range(8):
                        base.execute('BEGIN IMMEDIATE')
                        base.execute('UPDATE sum SET n = n + 1')
                        base.execute('INSERT INTO log VALUES (?, ?)', (sys.argv[2], 'x' * 3000))
                        base.execute('COMMIT')
                    END
                    python3 - $A/base <<'END'
                    import sqlite3, sys
                    base = sqlite3.connect(sys.argv[1])
                    base.executescript('CREATE TABLE sum (n); INSERT INTO sum VALUES (0); CREATE TABLE log (who, text)')
                    END
                    for who in 1 2; do
                        for place in $A $B; do python3 add.py $place/base $who & pids+=($!); done
                    done
                    for pid in "${pids[@]}"; do wait $pid; done
                    python3 - $A/base $B/base <<'END'
                    import sqlite3, sys
                    for path in sys.argv[1:]:
                        base = sqlite3.connect(path)
                        assert base.execute('PRAGMA integrity_check').fetchall() == [('ok',)]
                        assert base.execute('SELECT n FROM sum').fetchall() == [(32,)]
                        assert base.execute('SELECT count(*) FROM log').fetchall() == [(32,)]
                    END
                    """)
                try await StoreTool.end(first, second)
                try await pair.checkVolume()
            }
        }

        /// A mount is killed: its locks are free when its lease has run out.
        @Test func areFreeWhenTheLeaseOfAKilledMountHasRunOut() async throws {
            try await SharedStore.withPair { pair in
                let lease = ["--lease", "2"]
                let first = try await pair.mount(pair.first, .device, options: lease)
                let second = try await pair.mount(pair.second, .device, options: lease)
                var holders: [ChildProcess] = []
                for call in ["flock", "lockf"] {
                    holders.append(try await Self.holder(of: pair.first.mountPoint.appending(call), call))
                    try await holders.last?.wrote("held")
                }
                try await pair.check(
                    """
                    refuses '' flock -n $B/flock true
                    refuses 'Resource temporarily unavailable' python3 -c "import fcntl
                    fcntl.lockf(open('$B/lockf', 'r+'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
                    # Interrupted by its own alarm.
                    refuses '' flock -w 1 $B/flock true
                    """)
                first.process.signal(SIGKILL)
                _ = try await first.process.ended()
                for holder in holders { holder.signal(SIGKILL) }
                try await pair.check(
                    """
                    flock $B/flock true
                    python3 -c "import fcntl
                    fcntl.lockf(open('$B/lockf', 'r+'), fcntl.LOCK_EX)"
                    """)
                try await Program.check(script: "umount -l '\(first.path)'", scratch: pair.first)
                try await StoreTool.end(second)
                try await pair.checkVolume()
            }
        }

        /// A mount that was paused for longer than its lease has lost its locks, and nothing that it does counts.
        @Test func areLostByPausedMounts() async throws {
            try await SharedStore.withPair { pair in
                let lease = ["--lease", "2"]
                let first = try await pair.mount(pair.first, .device, options: lease)
                let second = try await pair.mount(pair.second, .device, options: lease)
                let holder = try await Self.holder(of: pair.first.mountPoint.appending("f"), "flock")
                try await holder.wrote("held")
                first.process.signal(SIGSTOP)
                try await pair.check("flock $B/f sh -c \"echo mine > $B/f\"")
                first.process.signal(SIGCONT)
                try await pair.check(
                    """
                    refuses 'Stale file handle' python3 -c "import fcntl
                    fcntl.flock(open('$A/f'), fcntl.LOCK_EX)"
                    same "$(cat $B/f)" mine
                    """)
                holder.signal(SIGKILL)
                first.process.signal(SIGTERM)
                _ = try await first.process.ended()
                try await StoreTool.end(second)
                try await pair.checkVolume()
            }
        }

        /// A mount is ended while a program on it waits for a lock that a program on another holds: once that is killed it is gone,
        /// and what is held stays held.
        @Test(arguments: Way.allCases)
        func mountsEndWithThoseWhoWait(_ way: Way) async throws {
            try await SharedStore.withPair { pair in
                let (first, second) = (try await pair.mount(pair.first, way), try await pair.mount(pair.second, way))
                let server = try await PostgreSQLServer.shared.value
                let holder = try await Self.holder(of: pair.first.mountPoint.appending("f"), "lockf")
                try await holder.wrote("held")
                let waiter = try await Self.holder(of: pair.second.mountPoint.appending("f"), "lockf")
                while try server.run("SELECT count(*) FROM lock_waits", schema: pair.schema) != "1\n" {
                    try await Task.sleep(for: .milliseconds(50))
                }
                second.process.signal(SIGTERM)
                waiter.signal(SIGKILL)
                let ending = try await second.process.ended()
                #expect(ending.exitCode == 0, "\(ending.text)")
                let left = try server.run(
                    "SELECT (SELECT count(*) FROM lock_waits), (SELECT count(*) FROM locks)", schema: pair.schema)
                #expect(left == "0|1\n")
                holder.signal(SIGKILL)
                _ = try await holder.ended()
                try await StoreTool.end(first)
                try await pair.checkVolume()
            }
        }

        /// With `--locks local` each mount has its own, and nothing is asked.
        @Test func canBeLocal() async throws {
            try await SharedStore.withPair { pair in
                let local = ["--locks", "local"]
                let first = try await pair.mount(pair.first, .device, options: local)
                let second = try await pair.mount(pair.second, .device, options: local)
                let holder = try await Self.holder(of: pair.first.mountPoint.appending("f"), "flock")
                try await holder.wrote("held")
                try await pair.check("refuses '' flock -n $A/f true; flock -n $B/f true")
                holder.signal(SIGKILL)
                _ = try await holder.ended()
                try await StoreTool.end(first, second)
            }
        }
    }
}
