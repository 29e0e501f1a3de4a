import NetworkStore
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// A store that goes away and comes back.
    @Suite
    struct StoreFaults {
        private func mounted(
            _ way: Way,
            _ body: (MountedSession, FaultyStore) async throws -> Void
        ) async throws {
            try await withScratch { scratch in
                let directory = scratch.outside.appending("volume")
                var limits = Volume.Limits()
                limits.memory = 32 << 20
                let store = FaultyStore(try StoreVolume.objects(in: directory))
                let backend = try await StoreVolume.make(in: directory, store: store, limits: limits)
                try await withMount(backend, scratch: scratch, configuration: try way.configuration()) { session in
                    try await body(session, store)
                }
                // What the next session has.
                let next = try await StoreVolume.open(in: directory, limits: limits)
                try await withMount(next, scratch: scratch, configuration: try way.configuration()) { session in
                    try await session.check("cmp f $OUT/f; cmp g $OUT/g")
                }
            }
        }

        /// What cannot be stored gives an error to who closes it, can be read, and is stored when the store is back.
        @Test(arguments: Way.allCases)
        func loseNothing(_ way: Way) async throws {
            try await mounted(way) { session, store in
                try await session.check(
                    "head -c 3M /dev/urandom > $OUT/f; head -c 5M /dev/urandom > $OUT/g; cp $OUT/f .")
                store.fail(.unavailable("away"))
                try await session.check(
                    """
                    ! cat $OUT/g > g 2> $OUT/errors || { echo 'close said nothing' >&2; false; }
                    cmp g $OUT/g
                    cmp f $OUT/f
                    ! sync g 2>> $OUT/errors
                    """)
                store.fail(nil)
                try await session.check("sync g; cmp g $OUT/g")
            }
        }

        /// Who waits for memory that only the store could free can be killed.
        @Test(arguments: Way.allCases)
        func leaveWritersKillable(_ way: Way) async throws {
            try await mounted(way) { session, store in
                try await session.check("echo f > $OUT/f; cp $OUT/f .; echo g > $OUT/g; cp $OUT/g .")
                store.fail(.unavailable("away"))
                try await session.check(
                    """
                    dd if=/dev/zero of=large bs=1M count=64 status=none 2> $OUT/errors & writer=$!
                    sleep 1
                    kill -0 $writer
                    kill -KILL $writer
                    for i in {1..100}; do kill -0 $writer 2> /dev/null || break; sleep 0.1; done
                    ! kill -0 $writer 2> /dev/null
                    cmp f $OUT/f
                    """)
                store.fail(nil)
            }
        }

        /// Who needs memory that only room in the store could free is told that there is none, as on a disk; and all goes on when
        /// there is.
        @Test(arguments: Way.allCases)
        func tellWritersThatTheStoreIsFull(_ way: Way) async throws {
            try await mounted(way) { session, store in
                try await session.check("echo f > $OUT/f; cp $OUT/f .; head -c 40M /dev/urandom > $OUT/g")
                store.fail(.full("no room"))
                try await session.check(
                    """
                    refuses 'No space left on device' cp $OUT/g g
                    refuses 'No space left on device' dd if=/dev/zero of=more bs=1M count=64
                    cmp f $OUT/f
                    """)
                store.fail(nil)
                // It is tried again after half a minute at the latest.
                try await session.check(
                    "for i in {1..600}; do cp $OUT/g g 2> /dev/null && break; sleep 0.1; done; cmp g $OUT/g",
                    limit: .seconds(180))
            }
        }
    }
}
