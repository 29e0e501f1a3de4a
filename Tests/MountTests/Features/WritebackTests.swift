import FileSystems
import RingFUSE
import Testing

extension MountTests {
    /// The kernel's writeback cache.
    @Suite
    struct Writeback {
        /// Mounts a mirror of the test's source or a tree in memory with the writeback cache.
        private func mounted(
            _ flavor: Flavor,
            isOn: Bool = true,
            prepare: (Scratch) async throws -> Void = { _ in },
            _ body: (MountedSession, () -> WitnessRecord) async throws -> Void
        ) async throws {
            var configuration = try flavor.way.configuration()
            configuration.usesWritebackCache = isOn
            try await withScratch { scratch in
                try await prepare(scratch)
                switch flavor.kind {
                case .memory:
                    let witness = WitnessFileSystem(MemoryFileSystem(byteLimit: 64 << 20))
                    try await withMount(witness, scratch: scratch, configuration: configuration) { session in
                        #expect(session.status.connection.usesWritebackCache == isOn)
                        #expect(session.status.notices == [])
                        try await body(session) { WitnessRecord(witness.record) }
                    }
                case .mirror:
                    let witness = WitnessFileSystem(try MirrorFileSystem(source: scratch.source))
                    try await withMount(witness, scratch: scratch, configuration: configuration) { session in
                        #expect(session.status.connection.usesWritebackCache == isOn)
                        #expect(session.status.notices == [])
                        try await body(session) { WitnessRecord(witness.record) }
                    }
                case .store, .shared:
                    Issue.record("volumes of the network store have the kernel write through")
                }
            }
        }

        /// What these tests look at, of whichever file system.
        struct WitnessRecord {
            let reads: Int
            let writes: [WriteOptions]

            init<Base>(_ record: WitnessFileSystem<Base>.Record) {
                reads = record.count("read")
                writes = record.writes
            }
        }

        @Test(arguments: Flavor.plain)
        func gathersSmallWrites(_ flavor: Flavor) async throws {
            let script = """
                head -c 200000 /dev/urandom > $OUT/data
                dd if=$OUT/data of=file bs=100 status=none
                same "$(stat -c %s file)" 200000
                sync -f file
                cmp file $OUT/data
                """
            try await mounted(flavor) { session, record in
                try await session.check(script)
                let writes = record().writes
                #expect(!writes.isEmpty && writes.count < 100, "\(writes.count) requests")
                #expect(writes.allSatisfy { $0.contains(.fromCache) })
            }
            // Without it, each is a request.
            try await mounted(flavor, isOn: false) { session, record in
                try await session.check(script)
                #expect(record().writes.count >= 2000)
                #expect(record().writes.allSatisfy { !$0.contains(.fromCache) })
            }
        }

        /// The rest of a page that is written in part is read first, by a handle that was opened for writing only.
        @Test(arguments: Flavor.plain)
        func readsWhatItOverwritesInPart(_ flavor: Flavor) async throws {
            try await mounted(flavor) { session, record in
                try await session.check(
                    """
                    head -c 50000 /dev/urandom > $OUT/data
                    cat $OUT/data > file
                    sync -f file
                    """)
                let before = record().reads
                try await session.check(
                    """
                    dd if=file iflag=nocache count=0 status=none
                    for place in 5000 20479 49999; do
                        printf XY | dd of=file bs=1 seek=$place conv=notrunc status=none
                        printf XY | dd of=$OUT/data bs=1 seek=$place conv=notrunc status=none
                    done
                    sync -f file
                    dd if=file iflag=nocache count=0 status=none
                    cmp file $OUT/data
                    """)
                #expect(record().reads > before)
            }
        }

        /// The kernel knows where a file ends; what is appended, by several at once, comes to stand there once.
        @Test(arguments: Flavor.plain)
        func appends(_ flavor: Flavor) async throws {
            try await mounted(flavor) { session, _ in
                try await session.check(
                    """
                    printf 'first\n' > file
                    for writer in a b c d; do
                        (for line in {1..200}; do echo "$writer $line" >> file; done) &
                    done
                    wait
                    sync -f file
                    dd if=file iflag=nocache count=0 status=none
                    same "$(wc -l < file)" 801
                    same "$(sort file | uniq | wc -l)" 801
                    same "$(head -n 1 file)" first
                    # Direct writes, too, go where the kernel says.
                    head -c 4096 /dev/zero > direct
                    head -c 4096 /dev/urandom > $OUT/block
                    dd if=$OUT/block of=direct bs=4096 oflag=append,direct conv=notrunc status=none
                    same "$(stat -c %s direct)" 8192
                    tail -c 4096 direct | cmp - $OUT/block
                    """)
            }
        }

        /// Times are the kernel's, and reach the file system when they are written back.
        @Test(arguments: Way.allCases)
        func tellsTimesAndSizes(_ way: Way) async throws {
            try await mounted(Flavor(way: way, kind: .mirror)) { session, _ in
                try await session.check(
                    """
                    source=../source
                    echo some text > file
                    touch -d '2001-02-03 04:05:06.789' old
                    echo more >> file
                    truncate -s 100 file
                    sync -f file
                    same "$(stat -c '%s %.9Y' file)" "$(stat -c '%s %.9Y' $source/file)"
                    same "$(stat -c %.3Y $source/old)" "$(date -d '2001-02-03 04:05:06.789' +%s.%3N)"
                    cmp file $source/file
                    """)
            }
        }

        /// A file system that cannot do with it does without, and the user is told.
        @Test(arguments: Way.allCases)
        func isRefusedAloud(_ way: Way) async throws {
            var configuration = try way.configuration()
            configuration.usesWritebackCache = true
            try await withMount(CountingFileSystem(), configuration: configuration) { session in
                #expect(!session.status.connection.usesWritebackCache)
                #expect(session.status.notices == ["no writeback cache: this file system cannot do with it"])
            }
        }
    }
}
