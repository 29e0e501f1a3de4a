import FileSystems
import Glibc
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// Each entry that the kernel is given counts as a lookup of its node; it takes every one of them back, and no
    /// more.
    @Suite
    struct LookupCounts {
        /// Makes, lists, renames and removes at random; errors are part of it. Argument: a seed.
        ///
        /// Directories of hundreds of names take more than one request to list, and most listings are given up
        /// half-way.
        private static let workload = """
            import os, random, sys, ctypes
            r = random.Random(int(sys.argv[1])); libc = ctypes.CDLL(None)
            def path(): return "/".join(["d%d" % r.randrange(3)] * r.randrange(3) + ["n%d" % r.randrange(40)])
            def scan(place):
                with os.scandir(place) as names:
                    for n, entry in enumerate(names):
                        try: entry.stat()
                        except OSError: pass
                        if n > r.choice([1, 5, 1000]): break
            def make(p):
                with open(p, "w") as f: f.write(p)
            def many(p):
                os.makedirs(p, exist_ok=True)
                for n in range(300): make(p + "/some%d" % n)
                scan(p)
            def unnamed(p): os.close(os.open(os.path.dirname(p) or ".", os.O_TMPFILE | os.O_RDWR))
            def exchange(p): libc.renameat2(-100, p.encode(), -100, path().encode(), 2)
            actions = [make, make, lambda p: os.makedirs(p, exist_ok=True), lambda p: os.symlink("x", p),
                lambda p: os.mknod(p, 0o140600), lambda p: os.link(p, path()), lambda p: os.rename(p, path()),
                os.remove, os.rmdir, os.stat, os.stat,
                lambda p: open(p).read(), lambda p: scan(os.path.dirname(p) or "."), unnamed, exchange,
                lambda p: os.mknod(p, 0o600), lambda p: os.stat("no" + p)]
            many("many%s" % sys.argv[1])
            for n in range(1500):
                try: r.choice(actions)(path())
                except OSError: pass
            print("done")
            """

        /// Runs the workload in several processes, one of which is killed on its way.
        private func work(_ session: MountedSession) async throws {
            var children: [ChildProcess] = []
            for seed in 1...3 {
                children.append(
                    try await ChildProcess.start(
                        ["/usr/bin/python3", "-I", "-c", Self.workload, "\(seed)"], in: session.path,
                        limit: .seconds(120)))
            }
            let victim = try await ChildProcess.start(
                ["/usr/bin/python3", "-I", "-c", Self.workload, "4"], in: session.path)
            try await Task.sleep(for: .milliseconds(300))
            victim.signal(9)
            _ = try await victim.ended()
            for child in children {
                let ending = try await child.ended(within: .seconds(140))
                #expect(ending.isSuccess && ending.text == "done\n", "\(ending.text)")
            }
        }

        /// Runs the workload, has the kernel forget everything, and looks at what is left.
        private func check<Base: FileSystem>(
            _ base: Base,
            _ way: Way,
            scratch: Scratch,
            atTheEnd: (MountedSession) async throws -> Void
        ) async throws {
            let backend = LookupCountingFileSystem(base)
            try await withMount(backend, scratch: scratch, configuration: try way.configuration()) { session in
                try await work(session)
                let worked = backend.current
                #expect(worked.total > 1000 && worked.listed > 100)
                try await eventually("all lookups to be taken back") {
                    try await session.dropCaches()
                    return backend.current.open.isEmpty
                }
                try await atTheEnd(session)
                try await session.check("find . >/dev/null; rm -rf ./*")
            }
            #expect(backend.current.overdrawn == [])
        }

        /// With names that the kernel believes for ever, and not at all.
        @Test(arguments: Way.allCases, [Lifetime.forever, .zero])
        func memory(_ way: Way, _ lifetime: Lifetime) async throws {
            try await withScratch { scratch in
                let memory = MemoryFileSystem(byteLimit: 1 << 26, lifetime: lifetime)
                try await check(memory, way, scratch: scratch) { session in
                    try await session.check("rm -rf ./*")
                    try await eventually("all nodes but the root to be gone") {
                        try await session.dropCaches()
                        return try await onOwnThread {
                            var status = statvfs()
                            _ = unsafe statvfs(session.path.string, &status)
                            return status.f_files - status.f_ffree == 1
                        }
                    }
                }
            }
        }

        /// A mirror holds a descriptor for each node that the kernel knows: in the end, of its root alone.
        @Test(arguments: Way.allCases)
        func mirror(_ way: Way) async throws {
            try await withScratch { scratch in
                let mirror = try MirrorFileSystem(source: scratch.source)
                try await check(mirror, way, scratch: scratch) { _ in
                    let source = scratch.source.string
                    let held = try directoryEntries("/proc/self/fd").filter { number in
                        var bytes = [CChar](repeating: 0, count: 4096)
                        let count = unsafe readlink("/proc/self/fd/\(number)", &bytes, bytes.count)
                        let target = String(decoding: bytes[..<max(0, count)].map(UInt8.init), as: UTF8.self)
                        return target.hasPrefix(source)
                    }
                    #expect(held.count == 1, "\(held)")
                }
            }
        }

        /// After an abort nothing more is taken back, and nothing too much was.
        @Test(arguments: Way.allCases)
        func abort(_ way: Way) async throws {
            let backend = LookupCountingFileSystem(MemoryFileSystem(byteLimit: 1 << 26))
            try await withMount(backend, configuration: try way.configuration()) { session in
                let child = try await ChildProcess.start(
                    ["/usr/bin/python3", "-I", "-c", Self.workload, "1"], in: session.path)
                try await eventually("a good deal of work") { backend.current.total > 300 }
                try session.abort()
                _ = try await child.ended()
                try await session.endedByAbort()
            }
            #expect(backend.current.overdrawn == [])
            #expect(!backend.current.open.isEmpty)
        }
    }
}
