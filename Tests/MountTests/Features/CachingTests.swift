import FileSystems
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// What the kernel keeps and what it asks for again.
    @Suite
    struct Caching {
        private func mounted<Base: FileSystem>(
            _ way: Way,
            _ witness: WitnessFileSystem<Base>,
            scratch: Scratch? = nil,
            caching: SessionConfiguration.FileCaching = .backend,
            _ body: (MountedSession) async throws -> Void
        ) async throws {
            var configuration = try way.configuration()
            configuration.fileCaching = caching
            try await withMount(witness, scratch: scratch, configuration: configuration) { session in
                try await body(session)
            }
        }

        // MARK: Content

        /// A mirror lets the kernel drop what it has when a file is opened again; a user may have it kept, or bypassed.
        @Test(arguments: Way.allCases)
        func content(_ way: Way) async throws {
            func reads(_ caching: SessionConfiguration.FileCaching) async throws -> [Int] {
                try await withScratch { scratch in
                    let witness = WitnessFileSystem(try MirrorFileSystem(source: scratch.source))
                    var counts: [Int] = []
                    try await mounted(way, witness, scratch: scratch, caching: caching) { session in
                        try await session.check("head -c 20000 /dev/urandom > ../source/file")
                        for _ in 1...3 {
                            try await session.check("cmp file ../source/file")
                            counts.append(witness.record.count("read"))
                        }
                    }
                    return counts
                }
            }
            let backend = try await reads(.backend)
            #expect(backend[0] > 0 && backend[1] > backend[0] && backend[2] > backend[1], "\(backend)")
            let kept = try await reads(.keep)
            #expect(kept[0] > 0 && kept[2] == kept[0], "\(kept)")
            let bypassed = try await reads(.bypass)
            #expect(bypassed[0] > 0 && bypassed[1] > bypassed[0] && bypassed[2] > bypassed[1], "\(bypassed)")
        }

        /// Past the cache, every write is a request of its size and every read a request.
        @Test(arguments: Way.allCases)
        func bypass(_ way: Way) async throws {
            let witness = WitnessFileSystem(MemoryFileSystem(byteLimit: 64 << 20))
            try await mounted(way, witness, caching: .bypass) { session in
                try await session.check(
                    """
                    head -c 100000 /dev/urandom > $OUT/data
                    dd if=$OUT/data of=file bs=10000 status=none
                    """)
                #expect(witness.record.count("write") == 10)
                try await session.check("cmp file $OUT/data; dd if=file of=/dev/null bs=10000 status=none")
                let reads = witness.record.count("read")
                try await session.check("dd if=file of=/dev/null bs=10000 status=none")
                #expect(witness.record.count("read") >= reads + 10)
            }
        }

        /// Files that bypass the cache can be mapped shared where the file system says so (Linux 6.6).
        @Test(
            .enabled(if: RequireRing.release >= (6, 6), "this kernel maps no files that bypass its cache"),
            arguments: Way.allCases)
        func mapsDirectFiles(_ way: Way) async throws {
            let script = """
                python3 - <<'END'
                import mmap, os
                fd = os.open('file', os.O_RDWR | os.O_CREAT)
                os.write(fd, b'a' * 10000)
                map = mmap.mmap(fd, 10000)
                map[5000:5004] = b'here'
                map.flush()
                assert os.pread(fd, 6, 4999) == b'aherea'
                END
                """
            let mapping = WitnessFileSystem(MemoryFileSystem(byteLimit: 1 << 20))
            try await mounted(way, mapping, caching: .bypass) { session in
                #expect(session.status.connection.features.contains(.mapsDirectIO))
                try await session.check(script)
            }
            let plain = WitnessFileSystem(MemoryFileSystem(byteLimit: 1 << 20), removing: .mapsDirectIO)
            try await mounted(way, plain, caching: .bypass) { session in
                let ending = try await session.start(script).ended(within: .seconds(60))
                #expect(!ending.isSuccess)
                #expect(ending.text.contains("No such device"), "\(ending.text)")
            }
        }

        /// Direct writes of one file come one after another, unless the backend allows them to overlap (Linux 6.2).
        @Test(arguments: Way.allCases, [true, false])
        func parallelDirectWrites(_ way: Way, _ areParallel: Bool) async throws {
            let witness = WitnessFileSystem(
                MemoryFileSystem(byteLimit: 64 << 20),
                fileOptions: areParallel ? [.directIO, .parallelDirectWrites] : .directIO,
                writeTime: .milliseconds(300))
            try await mounted(way, witness) { session in
                try await session.check(
                    """
                    truncate -s 1M file
                    for writer in 0 1 2 3; do
                        dd if=/dev/zero of=file bs=4K seek=$writer count=2 conv=notrunc status=none &
                    done
                    wait
                    """)
            }
            let most = witness.record.mostWrites
            #expect(areParallel ? most > 1 : most == 1, "\(most) at a time")
        }

        /// Only notifications drop what is cached of a file that has kept its size (Linux 5.2).
        @Test(arguments: Way.allCases, [true, false])
        func explicitInvalidation(_ way: Way, _ isExplicit: Bool) async throws {
            try await withScratch { scratch in
                let options = MirrorFileSystem.Options(attributesLifetime: .zero, nameLifetime: .zero)
                let witness = WitnessFileSystem(
                    try MirrorFileSystem(source: scratch.source, options: options),
                    adding: isExplicit ? .invalidatesExplicitly : [],
                    removing: isExplicit ? [] : .invalidatesBySize, fileOptions: .keepCache)
                try await mounted(way, witness, scratch: scratch) { session in
                    let connection = session.status.connection
                    #expect(connection.features.contains(.invalidatesExplicitly) == isExplicit)
                    try await session.check(
                        """
                        printf first > ../source/file
                        same "$(cat file)" first
                        sleep 0.02
                        printf other > ../source/file
                        stat file > /dev/null
                        same "$(cat file)" \(isExplicit ? "first" : "other")
                        """)
                    guard isExplicit else { return }
                    // The first node after the root.
                    try connection.notifier.invalidate(NodeID(2))
                    try await session.check(
                        "for try in {1..200}; do [[ $(cat file) == other ]] && exit; sleep 0.02; done; exit 1")
                }
            }
        }

        // MARK: Names

        @Test(arguments: Way.allCases)
        func directories(_ way: Way) async throws {
            func reads(_ options: OpenReply.Options) async throws -> [Int] {
                let witness = WitnessFileSystem(
                    MemoryFileSystem(byteLimit: 1 << 20), directoryOptions: options)
                var counts: [Int] = []
                try await mounted(way, witness) { session in
                    try await session.check("touch {1..100}")
                    for _ in 1...3 {
                        try await session.check("same $(ls | wc -l) 100")
                        counts.append(witness.record.count("entries"))
                    }
                    try await session.check("touch new; same $(ls | wc -l) 101")
                    counts.append(witness.record.count("entries"))
                }
                return counts
            }
            let cached = try await reads([.cacheDirectory, .keepCache])
            #expect(cached[0] > 0 && cached[2] == cached[0] && cached[3] > cached[2], "\(cached)")
            let plain = try await reads(.noFlush)
            #expect(plain[1] > plain[0] && plain[2] > plain[1], "\(plain)")
        }

        @Test(arguments: Way.allCases, [true, false])
        func symbolicLinks(_ way: Way, _ areCached: Bool) async throws {
            let witness = WitnessFileSystem(
                MemoryFileSystem(byteLimit: 1 << 20), removing: areCached ? [] : .cachesSymbolicLinks)
            try await mounted(way, witness) { session in
                try await session.check("ln -s target link; for i in 1 2 3; do same $(readlink link) target; done")
            }
            #expect(witness.record.count("readLink") == (areCached ? 1 : 3))
        }

        // MARK: What is asked once

        /// A backend without handles is asked for one once, and then no more.
        @Test(arguments: Way.allCases)
        func withoutHandles(_ way: Way) async throws {
            let witness = WitnessFileSystem(UnopenedFileSystem())
            try await mounted(way, witness) { session in
                try await session.check("for i in 1 2 3; do same \"$(cat file)\" 'what was there at first'; done")
                try await session.check("for i in 1 2 3; do ls > /dev/null || true; done")
            }
            #expect(witness.record.count("open") == 1)
            #expect(witness.record.count("openDirectory") == 1)
            #expect(witness.record.count("release") == 0)
        }

        // MARK: Others

        /// Submounts are for virtiofs: no kernel offers them to a mount like ours, and a backend learns that.
        @Test(arguments: Way.allCases)
        func submounts(_ way: Way) async throws {
            let witness = WitnessFileSystem(MemoryFileSystem(byteLimit: 1 << 20), adding: .submounts)
            try await mounted(way, witness) { session in
                #expect(!session.status.connection.features.contains(.submounts))
                try await session.check("mkdir dir; same $(stat -c %d dir) $(stat -c %d .)")
            }
        }

        /// An ioctl of a directory gets to the backend.
        @Test(arguments: Way.allCases)
        func controlsDirectories(_ way: Way) async throws {
            let witness = WitnessFileSystem(MemoryFileSystem(byteLimit: 1 << 20))
            try await mounted(way, witness) { session in
                try await session.check("mkdir dir; lsattr -d dir")
            }
            #expect(witness.record.count("control") > 0)
        }
    }
}
