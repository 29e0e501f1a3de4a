import FileSystems
import Glibc
import RingFUSE
import SystemPackage
import Testing

extension MountTests {
    /// How mounts end, by whomever and whatever goes on meanwhile.
    @Suite
    struct Ending {
        @Test(arguments: Way.allCases)
        func servesADetachedMountUntilItIsClosed(_ way: Way) async throws {
            let backend = MemoryFileSystem(byteLimit: 1 << 20)
            try await withMount(backend, configuration: try way.configuration()) { session in
                let child = try await session.start(
                    """
                    exec 3<> f
                    cd /
                    echo opened
                    until [[ -e $OUT/go ]]; do sleep 0.01; done
                    echo late >&3
                    same "$(cat /proc/self/fd/3)" late
                    exec 3>&-
                    """)
                try await child.wrote("opened")
                #expect(try await session.unmount(), "in use")
                #expect(try !session.isMounted)
                try await Task.sleep(for: .milliseconds(100))
                #expect(!session.hasEnded, "a file is open yet")
                #expect(!child.hasEnded)
                try await Program.run("touch", session.scratch.outside.appending("go").string)
                let ending = try await child.ended()
                #expect(ending.isSuccess, "\(ending.text)")
                try await session.ended()
            }
        }

        @Test(arguments: Way.allCases)
        func comesWithUmountByOthers(_ way: Way) async throws {
            let backend = MemoryFileSystem(byteLimit: 1 << 20)
            try await withMount(backend, configuration: try way.configuration()) { session in
                try await session.check("echo hello > f")
                let umount = try await Program.run("umount", session.path.string)
                #expect(umount.isSuccess, "\(umount.text)")
                try await session.ended()
                #expect(try !session.isMounted)
            }
        }

        @Test(arguments: Way.allCases)
        func comesWithUmountByOthersWhileIdle(_ way: Way) async throws {
            try await withMount(NullFileSystem(), configuration: try way.configuration()) { session in
                let umount = try await Program.run("umount", session.path.string)
                #expect(umount.isSuccess, "\(umount.text)")
                try await session.ended()
            }
        }

        @Test(arguments: Way.allCases)
        func waitsForRequestsUnderWay(_ way: Way) async throws {
            let backend = StallingFileSystem()
            try await withMount(backend, configuration: try way.configuration()) { session in
                let child = try await ChildProcess.start(["cat", session.path.appending("slow").string])
                try await eventually("a read") { backend.counts.waiting == 1 }
                #expect(try await session.unmount(), "in use")
                #expect(try !session.isMounted)
                #expect(!session.hasEnded)
                backend.release()
                let ending = try await child.ended()
                #expect(ending.isSuccess && ending.text == String(repeating: "x", count: 4096))
                try await session.ended()
                #expect(backend.counts.cancelled == 0)
            }
        }

        @Test(arguments: Way.allCases)
        func byAbortFailsWhatIsUnderWay(_ way: Way) async throws {
            let backend = StallingFileSystem()
            try await withMount(backend, configuration: try way.configuration()) { session in
                let children = try await readers(8, of: session, backend)
                try session.abort()
                for child in children {
                    let ending = try await child.ended()
                    #expect(ending.exitCode == 1 && ending.elapsed < .seconds(10))
                    #expect(isDisconnection(ending.text), "\(ending.text)")
                }
                try await session.endedByAbort()
                try await eventually("the reads to be cancelled") {
                    backend.counts == StallingFileSystem.Counts(cancelled: 8)
                }
            }
        }

        @Test(arguments: Way.allCases)
        func byFuseControlIsAnAbort(_ way: Way) async throws {
            let backend = StallingFileSystem()
            try await withMount(backend, configuration: try way.configuration()) { session in
                let children = try await readers(1, of: session, backend)
                try FuseControl.abort(mountPoint: session.path)
                for child in children {
                    let ending = try await child.ended()
                    #expect(isDisconnection(ending.text), "\(ending.text)")
                }
                let later = try await Program.run("stat", session.path.appending("quick").string)
                #expect(later.exitCode == 1)
                try await session.endedByAbort()
            }
        }

        @Test(arguments: Way.allCases)
        func comesWithCancellation(_ way: Way) async throws {
            try await withMount(NullFileSystem(), configuration: try way.configuration()) { session in
                session.cancel()
                try await session.ended()
                #expect(try !session.isMounted)
            }
        }

        @Test(arguments: Way.allCases)
        func comesWithCancellationFromTheStart(_ way: Way) async throws {
            let configuration = try way.configuration()
            try await withScratch { scratch in
                for microseconds in [0, 100, 500, 1000, 2000, 5000, 10_000, 20_000] {
                    let session = Session(NullFileSystem(), at: scratch.mountPoint, configuration: configuration)
                    let ending = Promise<Void>()
                    let task = Task {
                        defer { ending.keep(()) }
                        // Whether it was mounted already or not: neither is an error worth telling.
                        try? await session.run()
                    }
                    try await Task.sleep(for: .microseconds(microseconds))
                    task.cancel()
                    try await ending.value(within: .seconds(60), "the end after \(microseconds) µs")
                    #expect(try !scratch.isMounted)
                }
            }
        }

        @Test func isForGood() async throws {
            try await withScratch { scratch in
                let session = Session(NullFileSystem(), at: scratch.mountPoint)
                let ready = Promise<Void>()
                let task = Task { try await session.run { _ in ready.keep(()) } }
                try await ready.value(within: .seconds(60), "the mount")
                let error = await #expect(throws: SessionError.self) { try await session.run() }
                #expect("\(error as Any)".contains("only once"))
                #expect(try await !session.unmount())
                try await task.value
                #expect(try await !session.unmount(), "a session that has ended has nothing to unmount")
                try session.abort()
            }
        }

        /// Programs that wait in a read of the slow file.
        private func readers(
            _ count: Int,
            of session: MountedSession,
            _ backend: StallingFileSystem
        ) async throws -> [ChildProcess] {
            var children: [ChildProcess] = []
            for _ in 0..<count {
                children.append(try await ChildProcess.start(["cat", session.path.appending("slow").string]))
            }
            try await eventually("\(count) reads") { backend.counts.waiting == count }
            return children
        }
    }
}
