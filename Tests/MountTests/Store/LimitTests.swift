import NetworkStore
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// Volumes with limits: what is told when they are full, when, and when no longer.
    @Suite
    struct StoreLimits {
        /// Mounts a volume of 8 MiB and 20 nodes.
        private func mounted(_ way: Way, isShared: Bool, _ body: (MountedSession) async throws -> Void) async throws {
            try await withScratch { scratch in
                let directory = scratch.outside.appending("volume")
                let backend =
                    isShared
                    ? try await StoreVolume.makeShared(in: directory, byteLimit: 8 << 20, nodeLimit: 20)
                    : try await StoreVolume.make(in: directory, byteLimit: 8 << 20, nodeLimit: 20)
                try await withMount(backend, scratch: scratch, configuration: try way.configuration()) { session in
                    try await session.check(
                        """
                        cat > $OUT/functions << 'END'
                        available() { df --output=avail -B1 . | tail -n1 | tr -d ' '; }
                        # For a moment what is being committed is told twice, which is better than not at all.
                        settles() {
                            for _ in {1..100}; do [[ "$(available)" != "$1" ]] || return 0; sleep 0.02; done
                            same "$(available)" "$1"
                        }
                        END
                        . $OUT/functions
                        same "$(df --output=size -B1 . | tail -n1 | tr -d ' ')" 8388608
                        same "$(available)" 8388608
                        """)
                    try await body(session)
                }
            }
        }

        /// Whoever writes is told, at the byte where it is full, and not whoever closes; what is there may be written over; and what
        /// is removed or cut is free at once.
        @Test(arguments: Way.allCases, [false, true])
        func areToldToWhoeverWrites(_ way: Way, isShared: Bool) async throws {
            try await mounted(way, isShared: isShared) { session in
                try await session.check(
                    """
                    . $OUT/functions
                    for round in 1 2; do
                        refuses "error writing 'f': No space left on device" dd if=/dev/zero of=f bs=1000000 count=16
                        same "$(stat -c %s f)" 8388608
                        same "$(available)" 0
                        refuses "error writing 'g': No space left on device" dd if=/dev/zero of=g bs=4096 count=1
                        same "$(stat -c %s g)" 0
                        rm f
                    done
                    dd if=/dev/zero of=f bs=1M count=8 status=none
                    head -c 2M /dev/urandom > $OUT/over
                    dd if=$OUT/over of=f bs=1M seek=3 conv=notrunc status=none
                    cmp $OUT/over <(tail -c +3145729 f | head -c 2M)
                    refuses 'No space left on device' dd if=$OUT/over of=f bs=1M seek=7 conv=notrunc
                    truncate -s 1T f
                    truncate -s 3M f
                    same "$(available)" 5242880
                    dd if=/dev/zero of=g bs=1M count=5 status=none
                    # From one name to another.
                    mv f g
                    same "$(available)" 5242880
                    dd if=/dev/zero of=f bs=1M count=5 status=none
                    """)
            }
        }

        /// What is written and not committed counts, for others and for `df`, and is committed without an error.
        @Test(arguments: Way.allCases, [false, true])
        func holdForWhatIsUnwritten(_ way: Way, isShared: Bool) async throws {
            try await mounted(way, isShared: isShared) { session in
                try await session.check(
                    """
                    . $OUT/functions
                    # Files that are written to and stay open.
                    mkfifo $OUT/{a,b}
                    dd if=$OUT/a of=a bs=64K status=none 2> $OUT/errors & writers=$!
                    dd if=$OUT/b of=b bs=64K status=none 2>> $OUT/errors & writers+=" $!"
                    exec 3> $OUT/a 4> $OUT/b
                    head -c 3000001 /dev/zero >&3
                    head -c 5000001 /dev/zero >&4
                    until [[ "$(stat -c %s a b 2> /dev/null | xargs)" == '3000001 5000001' ]]; do sleep 0.02; done
                    # Room for 388,606 more, in blocks of 4 KiB.
                    settles 385024
                    refuses 'No space left on device' dd if=/dev/zero of=c bs=388607 count=1
                    same "$(stat -c %s c)" 388606
                    settles 0
                    # What is cut off before it is written out.
                    truncate -s 0 c
                    truncate -s 5000000 b
                    settles 385024
                    dd if=/dev/zero of=c bs=388607 count=1 status=none
                    exec 3>&- 4>&-
                    for writer in $writers; do wait $writer || fail "$(cat $OUT/errors)"; done
                    sync a b c
                    settles 0
                    """)
            }
        }

        /// So does what is allocated or shared.
        @Test(arguments: Way.allCases)
        func holdForRanges(_ way: Way) async throws {
            try await mounted(way, isShared: false) { session in
                try await session.check(
                    """
                    . $OUT/functions
                    refuses 'No space left on device' fallocate -l 9M f
                    same "$(available)" 8388608
                    head -c 5M /dev/urandom > f
                    refuses 'No space left on device' fallocate -l 4M g
                    refuses 'No space left on device' cp f g
                    fallocate -l 7M f
                    same "$(available)" 1048576
                    fallocate -p -o 0 -l 4M f
                    same "$(available)" 5242880
                    # A MiB of data; of zeros that were allocated `cp` makes holes.
                    rm -f g; cp f g
                    same "$(available)" 4194304
                    cmp f g
                    mkfifo $OUT/h
                    dd if=$OUT/h of=h bs=64K status=none & writer=$!
                    exec 3> $OUT/h
                    head -c 3500000 /dev/zero >&3
                    until [[ "$(stat -c %s h 2> /dev/null)" == 3500000 ]]; do sleep 0.02; done
                    refuses 'No space left on device' fallocate -l 1M i
                    exec 3>&-
                    wait $writer
                    """)
            }
        }

        /// Of nodes, too: one that is removed is free at once.
        @Test(arguments: Way.allCases)
        func areThoseOfNodes(_ way: Way) async throws {
            try await mounted(way, isShared: false) { session in
                try await session.check(
                    """
                    touch {1..19}
                    refuses 'No space left on device' touch more
                    for name in {1..19}; do
                        rm $name
                        mkdir directory-$name
                        refuses 'No space left on device' ln -s x more
                    done
                    """)
            }
        }
    }
}
