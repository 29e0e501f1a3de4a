import Glibc
import SystemPackage
import Testing

extension MountTests {
    /// Attributes that are set of a file which is open and has content that is not committed: they are committed with it.
    @Suite
    struct StoreHeldAttributes {
        /// What the scripts of Python begin with: a file that is written and then given attributes, as `tar` does it.
        private static let prelude = """
            import os, time
            def make(name, mode=0o604, owner=5, group=6, content=b'content'):
                file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
                os.write(file, content)
                os.utime(file, (1000, 2000))
                os.fchown(file, owner, group)
                os.fchmod(file, mode)
                return file
            def same(a, b): assert a == b, (a, b)
            def check(stat, mode=0o100604, owner=5, group=6, size=7, modified=2000):
                same((stat.st_mode, stat.st_uid, stat.st_gid), (mode, owner, group))
                same((stat.st_size, stat.st_mtime), (size, modified))

            """

        /// Runs a script of Python below a mount.
        private static func python(_ script: String, in server: ServerProcess) async throws {
            let ending = try await ChildProcess.start(
                ["/usr/bin/python3", "-I", "-c", prelude + script], in: server.path, limit: .seconds(60)
            ).ended()
            #expect(ending.isSuccess, "\(ending.text)")
        }

        /// They are seen at once, by handle, by path, under each name and in a listing, and what is done after them comes after.
        @Test(arguments: Way.allCases)
        func areSeenAtOnce(_ way: Way) async throws {
            try await withScratch { scratch in
                let database = try await StoreTool.format(scratch)
                let server = try await ServerProcess.start(.store, by: way, scratch: scratch)
                try await Self.python(
                    """
                    file = make('a')
                    check(os.stat('a'))
                    check(os.fstat(file))
                    for entry in os.scandir('.'): check(entry.stat())
                    os.link('a', 'b')
                    for name in ('a', 'b'): check(os.stat(name))
                    # A time that was set is over with the next write; the rest is not.
                    os.write(file, b' more')
                    stat = os.stat('a')
                    same((stat.st_mode, stat.st_uid, stat.st_size), (0o100604, 5, 12))
                    assert stat.st_mtime > 1e9, stat.st_mtime
                    os.utime('b', (1000, 3000))
                    check(os.stat('a'), size=12, modified=3000)
                    # Cut to nothing, it keeps them.
                    os.truncate('a', 0)
                    same((os.stat('a').st_mode, os.stat('a').st_size), (0o100604, 0))
                    os.close(file)
                    same((os.stat('a').st_mode, os.stat('a').st_uid), (0o100604, 5))
                    # A list that is set after a mode, and a mode after the list.
                    file = make('c', mode=0o600)
                    same(os.system('setfacl -m u:9:rwx c'), 0)
                    same(os.stat('c').st_mode, 0o100670)
                    os.fchmod(file, 0o640)
                    os.close(file)
                    same(os.popen('getfacl -cn c | tr "\\\\n" " "').read().split()[1:2], ['user:9:rwx'])
                    same(os.stat('c').st_mode, 0o100640)
                    # What a program has set when it names its file is there with the name.
                    file = os.open('.', os.O_TMPFILE | os.O_RDWR, 0o666)
                    os.write(file, b'content')
                    os.fchmod(file, 0o600)
                    os.link(f'/proc/self/fd/{file}', 'd', src_dir_fd=file, follow_symlinks=True)
                    same(os.stat('d').st_mode, 0o100600)
                    """, in: server)
                try await StoreTool.end(server)
                #expect(try await StoreTool.run(["fsck", database, "--scrub"]).isSuccess)
                let next = try await ServerProcess.start(.store, by: way, scratch: scratch)
                try await Self.python(
                    """
                    same([os.stat(name).st_mode for name in 'abcd'], [0o100604, 0o100604, 0o100640, 0o100600])
                    same([os.stat(name).st_size for name in 'abcd'], [0, 0, 7, 7])
                    """, in: next)
                try await StoreTool.end(next)
            }
        }

        /// A server is killed: what was closed or synced has them; what was neither has them with its content, or is as it was made.
        @Test(arguments: Way.allCases)
        func areAsSafeAsTheContent(_ way: Way) async throws {
            try await withScratch { scratch in
                let database = try await StoreTool.format(scratch)
                let first = try await ServerProcess.start(.store, by: way, scratch: scratch)
                let script = """
                    for i in range(50):
                        os.close(make(f'closed{i}'))
                        os.fsync(make(f'synced{i}'))
                        make(f'open{i}')
                        make(f'large{i}', content=bytes(100000))
                    print('made', flush=True)
                    time.sleep(60)
                    """
                let program = try await ChildProcess.start(
                    ["/usr/bin/python3", "-I", "-c", Self.prelude + script], in: first.path, limit: .seconds(60))
                try await program.wrote("made")
                first.process.signal(SIGKILL)
                _ = try await first.process.ended()
                program.signal(SIGKILL)
                _ = try await program.ended()
                try await Program.check(script: "umount -l '\(first.path)'", scratch: scratch)
                #expect(try await StoreTool.run(["fsck", database, "--scrub"]).isSuccess)
                let second = try await ServerProcess.start(.store, by: way, scratch: scratch)
                try await Self.python(
                    """
                    for i in range(50):
                        for name in ('closed', 'synced'): check(os.stat(f'{name}{i}'))
                        for name, size in (('open', 7), ('large', 100000)):
                            stat = os.stat(f'{name}{i}')
                            if stat.st_size: check(stat, size=size)
                            else: same((stat.st_mode, stat.st_uid), (0o100600, 0))
                    """, in: second)
                try await StoreTool.end(second)
            }
        }
    }
}
