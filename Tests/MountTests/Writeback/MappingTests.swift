import FileSystems
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// Shared writable mappings, beside all other ways to change a file.
    @Suite
    struct Mappings {
        /// Several processes change one file in every way at once: at any time, and in the end, it holds what it must.
        @Test(arguments: Flavor.withCaches)
        func agreeWithEveryOtherWay(_ flavor: Flavor, _ cache: WriteCache) async throws {
            try await withQuietKernel {
                try await flavor.mounted(cache: cache) { session in
                    #expect(session.status.connection.usesWritebackCache == (cache == .back))
                    _ = try await TestProgram.mapping.compile(in: session.scratch)
                    try await session.check(
                        """
                        $OUT/mapping race f 1024 3 2 $RANDOM $OUT/model
                        # By a process that never had it open, and what the server itself holds.
                        $OUT/mapping check f $OUT/model
                        dd if=f of=$OUT/copy bs=1M iflag=direct status=none
                        $OUT/mapping check $OUT/copy $OUT/model
                        \(flavor.kind == .mirror ? "$OUT/mapping check $OUT/../source/f $OUT/model" : "")
                        """, limit: .seconds(90))
                }
            }
        }

        /// Blocks are written through a mapping, with checksums in them, and read back.
        @Test(arguments: Flavor.withCaches)
        func passTheVerificationOfFio(_ flavor: Flavor, _ cache: WriteCache) async throws {
            try await withQuietKernel {
                try await flavor.mounted(cache: cache) { session in
                    try await session.check(
                        """
                        job() {
                            fio --name=$1 --filename=$1 --size=8M --bs=4k --verify=crc32c --verify_fatal=1 --do_verify=1 \\
                                --randseed=$RANDOM --minimal "${@:2}" > $OUT/fio 2>&1 || { cat $OUT/fio >&2; false; }
                        }
                        job random --ioengine=mmap --rw=randwrite
                        job synced --ioengine=mmap --rw=randwrite --fsync=64
                        job whole --ioengine=mmap --rw=write --bs=64k --end_fsync=1
                        # Written through a mapping, verified past the cache.
                        fio --name=random --filename=random --size=8M --bs=4k --rw=randwrite --verify=crc32c \\
                            --verify_only=0 --ioengine=mmap --end_fsync=1 --do_verify=0 --randseed=7 --minimal > $OUT/fio
                        fio --name=random --filename=random --size=8M --bs=4k --rw=randread --verify=crc32c \\
                            --verify_fatal=1 --direct=1 --ioengine=psync --randseed=7 --minimal > $OUT/fio
                        """, limit: .seconds(90))
                }
            }
        }
    }
}
