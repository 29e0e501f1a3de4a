import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// What a backend says of a file that it opens, the kernel heeds.
    @Suite
    struct OpenOptions {
        /// Opens files with options, runs a script of bash, and tells what came of it.
        private func seen(
            _ way: Way,
            _ options: OpenReply.Options,
            _ script: String,
            expectedWrites: Int = 1,
            sourceLocation: SourceLocation = #_sourceLocation
        ) async throws -> OpenedFileSystem.Seen {
            let backend = OpenedFileSystem(options, expectedWrites: expectedWrites)
            try await withMount(backend, configuration: try way.configuration()) { session in
                try await session.check(script, sourceLocation: sourceLocation)
            }
            return backend.seen
        }

        /// What was read of a file is dropped when it is opened again, unless it is to be kept.
        @Test(arguments: Way.allCases)
        func keepCache(_ way: Way) async throws {
            let script = "cat file >/dev/null; cat file >/dev/null"
            let dropped = try await seen(way, [], script).reads
            let kept = try await seen(way, .keepCache, script).reads
            #expect(dropped == 2 * kept && kept > 0)
        }

        /// Each read is a request.
        @Test(arguments: Way.allCases)
        func directIO(_ way: Way) async throws {
            let script = "dd if=file of=/dev/null bs=512 count=32 status=none"
            #expect(try await seen(way, .directIO, script).reads == 32)
            #expect(try await seen(way, [], script).reads < 32)
        }

        /// Files that have no position, or are streams, cannot be sought in.
        @Test(arguments: Way.allCases, [OpenReply.Options.notSeekable, .stream])
        func noPosition(_ way: Way, _ options: OpenReply.Options) async throws {
            let script = """
                /usr/bin/python3 -I -c 'if True:
                    import errno, os
                    f = os.open("file", os.O_RDONLY)
                    assert os.read(f, 10) == b"o" * 10
                    try: os.lseek(f, 0, os.SEEK_SET)
                    except OSError as e: assert e.errno == errno.ESPIPE
                    else: raise AssertionError("sought")
                    '
                """
            _ = try await seen(way, options, script)
        }

        /// Closing a file sends no FLUSH.
        @Test(arguments: Way.allCases)
        func noFlush(_ way: Way) async throws {
            #expect(try await seen(way, .noFlush, "cat file file >/dev/null").flushes == 0)
            #expect(try await seen(way, [], "cat file file >/dev/null").flushes == 2)
        }

        /// What was read of a directory is read again from the cache.
        @Test(arguments: Way.allCases)
        func cacheDirectory(_ way: Way) async throws {
            let script = "for i in {1..5}; do same \"$(ls)\" file; done"
            let asked = try await seen(way, [], script).listings
            // Kept too: an open directory whose cache is not to be kept drops it.
            let cached = try await seen(way, [.cacheDirectory, .keepCache], script).listings
            #expect(asked >= 10 && cached < asked / 2, "\(asked), \(cached)")
        }

        /// Direct writes of one file wait for each other, unless they need not.
        @Test(
            .enabled(if: RequireRing.release >= (6, 2), "this kernel writes one after the other"),
            arguments: Way.allCases)
        func parallelDirectWrites(_ way: Way) async throws {
            let script = """
                for i in 0 1 2; do dd if=/dev/zero of=file bs=4k count=1 seek=$i conv=notrunc status=none & done
                wait
                """
            // Closing, which dd does once before it writes, takes the file's lock alone on 6.12 (fuse_flush), and so waits for
            // writes under way, and those that come later wait for it.
            let options: OpenReply.Options = [.directIO, .parallelDirectWrites, .noFlush]
            let parallel = try await seen(way, options, script, expectedWrites: 3)
            #expect(parallel.writes == 3 && parallel.writesAtOnce == 3)
            let single = try await seen(way, .directIO, script)
            #expect(single.writes == 3 && single.writesAtOnce == 1)
        }
    }
}
