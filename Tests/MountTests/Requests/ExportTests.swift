import FileSystems
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// Files found by handle instead of by name, as an NFS server finds them.
    @Suite
    struct Export {
        /// What scripts of Python have: `handle(path)` and `opened(mount, handle)`, each of which may raise OSError.
        private static let prelude = """
            import ctypes, errno, os, pickle, sys
            libc = ctypes.CDLL(None, use_errno=True)
            class Handle(ctypes.Structure):
                _fields_ = [("size", ctypes.c_uint), ("type", ctypes.c_int), ("data", ctypes.c_ubyte * 128)]
            def check(result):
                if result < 0: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
                return result
            def handle(path):
                made = Handle(size=128); mount = ctypes.c_int()
                check(libc.name_to_handle_at(-100, path.encode(), ctypes.byref(made), ctypes.byref(mount), 0))
                return bytes(made)
            def opened(mount, handle):
                made = Handle.from_buffer_copy(handle)
                return check(libc.open_by_handle_at(mount, ctypes.byref(made), os.O_RDONLY))
            def refuses(error, body):
                try: body()
                except OSError as e: assert e.errno == error, e
                else: raise AssertionError("succeeded")
            def keep(name, value): pickle.dump(value, open(sys.argv[1] + "/" + name, "wb"))
            def kept(name): return pickle.load(open(sys.argv[1] + "/" + name, "rb"))
            root = os.open(".", os.O_RDONLY)

            """

        private func run(
            _ script: String,
            on session: MountedSession,
            sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            let child = try await ChildProcess.start(
                ["/usr/bin/python3", "-I", "-c", Self.prelude + script, session.scratch.outside.string],
                in: session.path)
            let ending = try await child.ended()
            #expect(ending.isSuccess, "\(ending.text)", sourceLocation: sourceLocation)
        }

        /// A handle finds its file while the kernel knows it, after it has forgotten it, and after it was renamed; a
        /// directory is found with its path, for which the kernel asks for its parents.
        @Test(arguments: Way.allCases)
        func handlesOutliveCaches(_ way: Way) async throws {
            let memory = MemoryFileSystem(byteLimit: 1 << 24)
            try await withMount(memory, configuration: try way.configuration()) { session in
                try await run(
                    """
                    os.makedirs("a/b/c"); open("a/b/file", "w").write("content"); os.symlink("x", "a/link")
                    keep("handles", [handle(p) for p in ("a/b/file", "a/b/c", ".", "a")])
                    find = lambda: [opened(root, h) for h in kept("handles")]
                    file, directory, top, a = find()
                    assert os.read(file, 100) == b"content"
                    assert os.readlink("/proc/self/fd/%d" % directory) == os.getcwd() + "/a/b/c"
                    """, on: session)
                try await session.dropCaches()
                try await run(
                    """
                    file, directory, top, a = [opened(root, h) for h in kept("handles")]
                    assert os.readlink("/proc/self/fd/%d" % directory) == os.getcwd() + "/a/b/c"
                    assert os.read(file, 100) == b"content"
                    assert os.fstat(file).st_ino == os.stat("a/b/file").st_ino
                    assert os.fstat(top).st_ino == os.stat(".").st_ino
                    assert sorted(os.listdir(a)) == ["b", "link"]
                    os.rename("a/b", "moved"); os.rename("moved/file", "renamed")
                    """, on: session)
                try await session.dropCaches()
                try await run(
                    """
                    file, directory = [opened(root, h) for h in kept("handles")[:2]]
                    assert os.readlink("/proc/self/fd/%d" % directory) == os.getcwd() + "/moved/c"
                    assert os.fstat(file).st_ino == os.stat("renamed").st_ino
                    """, on: session)
            }
        }

        /// A handle of a file that is gone is stale, unless somebody has the file open.
        @Test(arguments: Way.allCases)
        func removedFilesAreStale(_ way: Way) async throws {
            let memory = MemoryFileSystem(byteLimit: 1 << 24)
            try await withMount(memory, configuration: try way.configuration()) { session in
                try await run(
                    """
                    for name in ("gone", "open"): open(name, "w").write(name)
                    os.mkdir("directory")
                    gone, kept_open, directory = [handle(n) for n in ("gone", "open", "directory")]
                    file = os.open("open", os.O_RDONLY)
                    for name in ("gone", "open"): os.remove(name)
                    os.rmdir("directory")
                    for n in range(10): open("new%d" % n, "w")
                    again = opened(root, kept_open)
                    assert os.read(again, 100) == b"open"
                    os.close(file); os.close(again)
                    keep("handles", [gone, kept_open, directory])
                    """, on: session)
                try await session.dropCaches()
                try await run(
                    "for h in kept('handles'): refuses(errno.ESTALE, lambda: opened(root, h))", on: session)
            }
        }

        /// The same number in another file system is another file, however soon that is made.
        @Test(arguments: Way.allCases)
        func handlesOfOtherFileSystemsAreStale(_ way: Way) async throws {
            try await withScratch { scratch in
                for round in 1...2 {
                    let memory = MemoryFileSystem(byteLimit: 1 << 24)
                    try await withMount(memory, scratch: scratch, configuration: try way.configuration()) { session in
                        let first = """
                            open('file', 'w').write('x')
                            keep('handle', (handle('file'), os.stat('file').st_ino))
                            """
                        let second = """
                            open('file', 'w').write('y')
                            old, number = kept('handle')
                            assert os.stat('file').st_ino == number
                            refuses(errno.ESTALE, lambda: opened(root, old))
                            opened(root, handle('file'))
                            """
                        try await run(round == 1 ? first : second, on: session)
                    }
                }
            }
        }

        /// A node's number that means another file now, which its generation tells.
        @Test(arguments: Way.allCases)
        func reusedNumbersAreStale(_ way: Way) async throws {
            let backend = ReusingFileSystem()
            try await withMount(backend, configuration: try way.configuration()) { session in
                try await run("keep('handle', handle('file')); opened(root, kept('handle'))", on: session)
                try await session.dropCaches()
                try await eventually("forgotten") { backend.forgotten > 0 }
                try await run("opened(root, kept('handle'))", on: session)
                try await session.dropCaches()
                backend.replace()
                try await run(
                    """
                    refuses(errno.ESTALE, lambda: opened(root, kept('handle')))
                    opened(root, handle('file'))
                    assert os.stat('.').st_ino
                    """, on: session)
            }
        }

        /// A mirror's nodes cannot be found by number once they are forgotten, so that there are no handles at all.
        @Test(
            .enabled(if: RequireRing.release >= (6, 9), "this kernel makes handles, whatever a server says of them"),
            arguments: Way.allCases)
        func mirrorsHaveNoHandles(_ way: Way) async throws {
            try await Flavor(way: way, kind: .mirror).mounted { session in
                try await run("open('file', 'w'); refuses(errno.EOPNOTSUPP, lambda: handle('file'))", on: session)
            }
        }
    }
}
