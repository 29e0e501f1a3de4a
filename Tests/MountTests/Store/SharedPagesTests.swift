import FileSystems
import NetworkStore
import RingFUSE
import SystemPackage
import TestSupport
import Testing

extension MountTests {
    /// Pages that the kernel keeps of files which two mounts change.
    @Suite
    struct SharedPages {
        typealias Delayed = DelayFileSystem<NetworkStoreFileSystem>

        /// Mounts a volume twice: at `$A`, where some operations take a second until they begin, and at `$B`.
        private static func check(
            _ way: Way,
            delaying operations: Delayed.Operations = .writes,
            _ script: String
        ) async throws {
            let location = try PostgreSQLLocation(await PostgreSQLServer.shared.value.volume())
            try await withScratch { place in
                let first = DelayFileSystem(
                    try await StoreVolume.makeShared(in: place.outside, at: location), delay: .seconds(1),
                    of: operations)
                let second = try await StoreVolume.openShared(in: place.outside, at: location)
                let configuration = try way.configuration()
                try await withMount(first, configuration: configuration) { one in
                    try await withMount(second, configuration: configuration) { other in
                        try await other.check("A='\(one.path)'; B='\(other.path)'\n" + script)
                    }
                }
            }
        }

        /// While what a program writes is on its way, the page that it has put it into is dropped, since another mount has written, and read
        /// again by somebody else. What was written is there afterwards, for whoever looks.
        ///
        /// - Parameter size: of what is written: in a page that is there, or instead of some.
        @Test(arguments: Way.allCases, [8, 4096, 3 * 4096 + 100])
        func whatIsOnItsWayIsNotMissed(_ way: Way, _ size: Int) async throws {
            try await Self.check(
                way,
                """
                head -c 30000 /dev/zero > $B/f
                python3 - $A/f $B/f \(size) <<'END'
                import os, sys, threading, time
                one, two = (os.open(path, os.O_RDWR) for path in sys.argv[1:3])
                text = b'x' * int(sys.argv[3])
                assert os.pread(one, 30000, 0) == bytes(30000)
                writer = threading.Thread(target=os.pwrite, args=(one, text, 4096))
                writer.start()
                time.sleep(0.2)
                os.pwrite(two, b'two', 20000)
                os.fsync(two)
                while os.pread(one, 3, 20000) != b'two': time.sleep(0.001)
                os.pread(one, 30000, 0)
                assert writer.is_alive(), 'the write was too early'
                writer.join()
                found = os.pread(one, len(text), 4096)
                assert found == text, (len(text), found.count(b'x'))
                END
                """)
        }

        /// Who locks a file reads what another mount has appended, also while a program on his own mount writes to the file all the time:
        /// which makes its kernel disbelieve what it is told of the size.
        @Test(arguments: Way.allCases)
        func whatIsAppendedElsewhereIsRead(_ way: Way) async throws {
            try await Self.check(
                way, delaying: .attributes,
                """
                printf 00000000 > $B/f
                python3 - $A/f $B/f <<'END'
                import fcntl, os, sys, threading
                one, writing, two = (os.open(path, os.O_RDWR) for path in (sys.argv[1], sys.argv[1], sys.argv[2]))
                isOver = False
                def write():
                    while not isOver: os.pwrite(writing, b'w', 0)
                writer = threading.Thread(target=write)
                writer.start()
                for i in range(1, 5):
                    fcntl.lockf(two, fcntl.LOCK_EX, 8, 8 * i)
                    os.pwrite(two, b'%08d' % i, 8 * i)
                    fcntl.lockf(two, fcntl.LOCK_UN, 8, 8 * i)
                    fcntl.lockf(one, fcntl.LOCK_EX, 8, 8 * i)
                    found = os.pread(one, 8, 8 * i)
                    fcntl.lockf(one, fcntl.LOCK_UN, 8, 8 * i)
                    if found != b'%08d' % i: break
                isOver = True
                writer.join()
                assert found == b'%08d' % i, (i, found)
                END
                """)
        }

        /// What a program appends is where the end is, also where its kernel takes the end to be elsewhere.
        @Test(arguments: Way.allCases)
        func whatIsAppendedIsAtTheEnd(_ way: Way) async throws {
            try await Self.check(
                way,
                """
                : > $B/f
                python3 - $A/f $B/f <<'END'
                import fcntl, os, sys
                one, two = (os.open(path, os.O_RDWR | os.O_APPEND) for path in sys.argv[1:3])
                expected = b''
                for i in range(4):
                    for file in two, one:
                        line = b'%d-%d ' % (i, file) * 2000 + b'\\n'
                        expected += line
                        fcntl.flock(file, fcntl.LOCK_EX)
                        os.write(file, line)
                        # What the other has appended before, where this kernel took the end to be.
                        former = max(0, len(expected) - 2 * len(line))
                        found = os.pread(file, len(line), former)
                        assert found == expected[former:former + len(line)], (i, found[:20], found[-20:])
                        found = os.pread(file, len(expected) + 1, 0)
                        wrong = [at for at in range(0, len(expected), 4096) if found[at:at + 4096] != expected[at:at + 4096]]
                        assert found == expected, (i, file, len(found), len(expected), wrong)
                        fcntl.flock(file, fcntl.LOCK_UN)
                END
                """)
        }
    }
}
