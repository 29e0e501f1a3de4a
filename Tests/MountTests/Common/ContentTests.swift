import Testing

extension MountTests {
    /// What is written is what is read, whichever way.
    @Suite
    struct Content {
        /// A backend that is not asked to open is told of the cut all the same.
        @Test(arguments: Way.allCases)
        func isCutWithoutOpen(_ way: Way) async throws {
            try await withMount(UnopenedFileSystem(), configuration: try way.configuration()) { session in
                try await session.check(
                    """
                    for text in 'second text' third; do
                        printf '%s' "$text" > file
                        same "$(cat file)" "$text"
                    done
                    """)
            }
        }

        @Test(arguments: Flavor.withShared)
        func survivesDirectReadsAndWrites(_ flavor: Flavor) async throws {
            try await flavor.check(
                """
                # A page and some bytes more than whole requests.
                head -c $((8 * 1024 * 1024 + 4096 + 123)) /dev/urandom > $OUT/data
                for size in 4K 1M; do
                    dd if=$OUT/data of=direct bs=$size oflag=direct status=none
                    cmp direct $OUT/data
                    dd if=direct of=$OUT/copy bs=$size iflag=direct status=none
                    cmp $OUT/copy $OUT/data
                    dd if=$OUT/data of=cached bs=$size conv=fsync status=none
                    dd if=cached of=$OUT/copy bs=$size iflag=direct status=none
                    cmp $OUT/copy $OUT/data
                    rm direct cached
                done
                # A direct write into the middle shows in what the page cache had of it.
                cat $OUT/data > f
                cat f > /dev/null
                dd if=/dev/zero of=f bs=4K seek=100 count=1 oflag=direct conv=notrunc status=none
                dd if=/dev/zero of=$OUT/data bs=4K seek=100 count=1 conv=notrunc status=none
                cmp f $OUT/data
                """)
        }

        @Test(arguments: Flavor.withShared)
        func isVerifiedByFio(_ flavor: Flavor) async throws {
            try await flavor.check(
                """
                cat > $OUT/jobs <<'END'
                [global]
                rw=randwrite
                size=4m
                verify=crc32c
                verify_fatal=1
                verify_state_save=0
                do_verify=1
                end_fsync=1
                thread
                stonewall
                [psync]
                ioengine=psync
                bsrange=4k-128k
                [psync-small]
                ioengine=psync
                bs=512
                size=256k
                [psync-direct]
                ioengine=psync
                direct=1
                bs=4k
                [psync-direct-large]
                ioengine=psync
                direct=1
                bs=1m
                [uring]
                ioengine=io_uring
                iodepth=16
                bs=4k
                [uring-direct]
                ioengine=io_uring
                iodepth=16
                direct=1
                bsrange=4k-64k
                blockalign=4k
                [libaio-direct]
                ioengine=libaio
                iodepth=16
                direct=1
                bs=16k
                END
                fio --output=$OUT/report $OUT/jobs || { cat $OUT/report; fail 'fio'; }
                same "$(grep -c '(groupid=.*): err= 0:' $OUT/report)" 7
                same "$(ls | wc -l)" 7
                """)
        }

        @Test(arguments: Flavor.withShared)
        func isAppended(_ flavor: Flavor) async throws {
            try await flavor.check(
                """
                for number in {1..200}; do echo $number >> log; done
                diff log <(seq 200)
                # Two at a time: each line arrives whole, and none is lost.
                (for number in {1..300}; do echo "left $number" >> both; done) &
                (for number in {1..300}; do echo "right $number" >> both; done) &
                wait
                same "$(wc -l < both)" 600
                diff <(grep left both) <(seq -f 'left %.0f' 300)
                diff <(grep right both) <(seq -f 'right %.0f' 300)
                """)
        }

        @Test(arguments: Flavor.withShared)
        func mayHaveHoles(_ flavor: Flavor) async throws {
            try await flavor.check(
                """
                python3 - <<'END'
                import os
                page, size = 4096, 16 << 20
                file = os.open("sparse", os.O_RDWR | os.O_CREAT)
                os.ftruncate(file, size)
                os.pwrite(file, b"x" * page, size // 2)
                os.fsync(file)
                assert os.lseek(file, 0, os.SEEK_HOLE) == 0
                assert os.lseek(file, 0, os.SEEK_DATA) == size // 2
                assert os.lseek(file, size // 2, os.SEEK_HOLE) == size // 2 + page
                assert os.lseek(file, size // 2 + page, os.SEEK_HOLE) == size // 2 + page
                for offset, what in (size // 2 + page, os.SEEK_DATA), (size, os.SEEK_HOLE):
                    try: os.lseek(file, offset, what)
                    except OSError as error: assert error.errno == 6, error
                    else: raise SystemExit("no ENXIO at %d" % offset)
                assert os.pread(file, 2 * page, size // 2 - page) == bytes(page) + b"x" * page
                END
                cp --sparse=auto --reflink=never sparse copy
                cmp sparse copy
                used="$(du -k copy | cut -f1)"
                (( used < 64 )) || fail "the copy takes $used KiB"
                fallocate -p -o 8M -l 4096 sparse
                same "$(stat -c %s sparse)" 16777216
                refuses 'No such device or address' python3 -c '
                import os; os.lseek(os.open("sparse", os.O_RDONLY), 0, os.SEEK_DATA)'
                cmp sparse <(head -c 16M /dev/zero)
                fallocate -l 1M room
                same "$(stat -c %s room)" 1048576
                (( $(du -k room | cut -f1) >= 1024 )) || fail 'fallocate takes no room'
                fallocate -n -o 1M -l 1M room
                same "$(stat -c %s room)" 1048576
                """)
        }

        @Test(arguments: Flavor.withShared)
        func canBeMapped(_ flavor: Flavor) async throws {
            try await flavor.check(
                """
                head -c 1M /dev/urandom > f
                python3 - <<'END'
                import mmap, os
                file = os.open("f", os.O_RDWR)
                before = os.pread(file, 1 << 20, 0)
                with mmap.mmap(file, 1 << 20, mmap.MAP_SHARED) as shared:
                    assert shared[:] == before
                    private = mmap.mmap(file, 1 << 20, mmap.MAP_PRIVATE)
                    private[0:7] = b"PRIVATE"
                    shared[5000:5006] = b"SHARED"
                    shared[-3:] = b"END"
                    shared.flush()
                    expected = bytearray(before)
                    expected[5000:5006], expected[-3:] = b"SHARED", b"END"
                    # Past the page cache: what the server has after msync.
                    direct = os.open("f", os.O_RDONLY | os.O_DIRECT)
                    buffer = mmap.mmap(-1, 1 << 20)
                    assert os.preadv(direct, [buffer], 0) == 1 << 20
                    assert buffer[:] == expected
                    # A write through the file shows in the mapping.
                    os.pwrite(file, b"WRITTEN", 9000)
                    assert shared[9000:9007] == b"WRITTEN"
                    assert private[0:7] == b"PRIVATE"
                    # Not flushed: the end of the mapping and the mount must bring it out.
                    shared[100000:100004] = b"LATE"
                os.close(direct)
                os.close(file)
                END
                same "$(dd if=f bs=4 skip=25000 count=1 iflag=direct status=none)" LATE
                cp /bin/true prog
                ./prog
                """)
        }

        @Test(arguments: Flavor.withShared)
        func isCopiedWithinTheMount(_ flavor: Flavor) async throws {
            try await flavor.check(
                """
                head -c 3000000 /dev/urandom > a
                python3 - <<'END'
                import os
                a, b = os.open("a", os.O_RDONLY), os.open("b", os.O_WRONLY | os.O_CREAT)
                rest = 3000000 - 1000
                while rest > 0:
                    count = os.copy_file_range(a, b, rest, 1000 + (2999000 - rest), 2999000 - rest)
                    assert count > 0, rest
                    rest -= count
                END
                cmp b <(tail -c +1001 a)
                cp a c
                cmp a c
                """)
        }
    }
}
