import FileSystems
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// Writeback that takes its time, and what programs do to the file meanwhile.
    @Suite
    struct SlowWriteback {
        /// A way and a cache.
        static let setups = Way.allCases.flatMap { way in WriteCache.allCases.map { (way, $0) } }

        /// Mounts a file system in memory whose writes take a while, and runs a script of Python there.
        ///
        /// `f` is a file of 64 pages, `m` its shared mapping, `fill(pages, byte)` stores through it, `server(offset,
        /// size)` is what the server holds.
        private func check(_ way: Way, _ cache: WriteCache, _ script: String) async throws {
            var configuration = try way.configuration()
            cache.apply(to: &configuration)
            let backend = DelayFileSystem(MemoryFileSystem(byteLimit: 64 << 20), delay: .milliseconds(100))
            try await withQuietKernel {
                try await withMount(backend, configuration: configuration) { session in
                    try await session.check(
                        """
                        cat > $OUT/script <<'END'
                        import mmap, os, subprocess, sys, threading, time
                        page = 4096
                        def same(found, wanted, what):
                            if found != wanted: sys.exit(f"{what}: {found[:16]!r}... instead of {wanted[:16]!r}...")
                        f = os.open("f", os.O_RDWR | os.O_CREAT)
                        os.ftruncate(f, 64 * page)
                        m = mmap.mmap(f, 64 * page)
                        def fill(pages, byte):
                            for number in pages: m[number * page:(number + 1) * page] = bytes([byte]) * page
                        def server(offset, size):
                            direct = os.open("f", os.O_RDONLY | os.O_DIRECT)
                            with mmap.mmap(-1, size) as buffer:
                                count = os.preadv(direct, [buffer], offset)
                                os.close(direct)
                                return buffer[:count]
                        def started(work):
                            thread = threading.Thread(target=work)
                            thread.start()
                            # Its writes are with the server, which takes 100 ms for each.
                            time.sleep(0.05)
                            return thread
                        \(script)
                        END
                        python3 $OUT/script
                        """)
                }
            }
        }

        @Test(arguments: setups)
        func ofAFileThatIsCut(_ way: Way, _ cache: WriteCache) async throws {
            try await check(
                way, cache,
                """
                for turn in range(1, 6):
                    fill(range(64), turn)
                    flush = started(m.flush)
                    # In the middle of a page, while that page is being written.
                    os.truncate("f", 20 * page + 100)
                    flush.join()
                    same(os.fstat(f).st_size.to_bytes(4), (20 * page + 100).to_bytes(4), "size")
                    os.truncate("f", 64 * page)
                    wanted = bytes([turn]) * (20 * page + 100) + bytes(43 * page + page - 100)
                    same(os.pread(f, 64 * page, 0), wanted, "read")
                    same(m[:], wanted, "mapping")
                    os.fsync(f)
                    same(server(0, 64 * page), wanted, "server")
                """)
        }

        @Test(arguments: setups)
        func thatAnFsyncMeets(_ way: Way, _ cache: WriteCache) async throws {
            try await check(
                way, cache,
                """
                for turn in range(1, 6):
                    fill(range(64), turn)
                    flush = started(m.flush)
                    # Again while it is being written: an fsync must not take the first for the second.
                    fill(range(8, 24), 100 + turn)
                    os.pwrite(f, bytes([200 + turn]) * page, 30 * page)
                    os.fsync(f)
                    wanted = bytes([turn]) * (8 * page) + bytes([100 + turn]) * (16 * page) + bytes([turn]) * (6 * page)
                    wanted += bytes([200 + turn]) * page + bytes([turn]) * (33 * page)
                    same(server(0, 64 * page), wanted, "server")
                    flush.join()
                    same(m[:], wanted, "mapping")
                """)
        }

        @Test(arguments: setups)
        func thatMsyncWaitsFor(_ way: Way, _ cache: WriteCache) async throws {
            try await check(
                way, cache,
                """
                fill(range(64), 1)
                start = time.monotonic()
                m.flush()
                if time.monotonic() - start < 0.1: sys.exit("msync came back before its write was done")
                same(server(0, 64 * page), bytes([1]) * (64 * page), "server")
                # A part of it only.
                fill(range(64), 2)
                m.flush(16 * page, 16 * page)
                same(server(16 * page, 16 * page), bytes([2]) * (16 * page), "server")
                """)
        }

        /// A page that is stored to while it is punched out is the new content or nothing, and its neighbours stay.
        @Test(arguments: setups)
        func ofAFileThatIsPunched(_ way: Way, _ cache: WriteCache) async throws {
            try await check(
                way, cache,
                """
                for turn in range(1, 6):
                    fill(range(64), turn)
                    flush = started(m.flush)
                    subprocess.run(["fallocate", "-p", "-o", str(10 * page), "-l", str(4 * page), "f"], check=True)
                    flush.join()
                    wanted = bytes([turn]) * (10 * page) + bytes(4 * page) + bytes([turn]) * (50 * page)
                    same(m[:], wanted, "mapping")
                    os.fsync(f)
                    same(server(0, 64 * page), wanted, "server")
                """)
        }
    }
}
