import FileSystems
import Glibc
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// A backend that waits for its store, without the worker's waiting.
    @Suite
    struct SlowStore {
        /// Each request under way has an entry of its own, and none waits for another's answer.
        @Test(arguments: Way.allCases)
        func keepsManyRequestsWaiting(_ way: Way) async throws {
            let backend = DelayFileSystem(NullFileSystem(capacity: 64), delay: .seconds(30))
            try await withMount(backend, configuration: try way.configuration()) { session in
                var children: [ChildProcess] = []
                for number in 0..<24 {
                    children.append(try await ChildProcess.start(["cat", session.path.appending("\(number)").string]))
                }
                try await eventually("24 look-ups") {
                    session.statistics.map { $0.workers.reduce(0) { $0 + $1.busy } } == 24
                }
                for child in children { child.signal(SIGKILL) }
                for child in children { #expect(try await child.ended().signal == SIGKILL) }
            }
        }

        /// No answer comes before its time.
        @Test(arguments: Way.allCases)
        func waitsAsLongAsItIsTold(_ way: Way) async throws {
            let backend = DelayFileSystem(NullFileSystem(capacity: 8), delay: .milliseconds(40))
            var configuration = try way.configuration()
            configuration.fileCaching = .bypass
            try await withMount(backend, configuration: configuration) { session in
                try await session.check(
                    """
                    cat > $OUT/script <<'END'
                    import os, time
                    f = os.open("f", os.O_RDWR | os.O_CREAT)
                    os.ftruncate(f, 1 << 20)
                    for call in [lambda: os.pwrite(f, b"x", 0), lambda: os.pread(f, 10, 0), lambda: os.pread(f, 1, 4096)]:
                        start = time.monotonic()
                        call()
                        passed = time.monotonic() - start
                        assert passed >= 0.04, passed
                    END
                    python3 $OUT/script
                    """)
            }
        }
    }
}
