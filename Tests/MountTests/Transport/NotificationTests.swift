import RingFUSE
import Synchronization
import SystemPackage
import Testing

extension MountTests {
    /// Notifications that carry content, that ask for it, and that make the kernel let go of what it knows.
    @Suite
    struct ContentNotifications {
        private static let page = 4096
        private static let file = ObservedFileSystem.file

        private func bytes(_ letter: Character, _ count: Int) -> [UInt8] {
            [UInt8](repeating: letter.asciiValue ?? 0, count: count)
        }

        /// What is stored is read without asking the backend, and what is beside it is asked for.
        @Test(arguments: Way.allCases)
        func storedContentIsRead(_ way: Way) async throws {
            let backend = ObservedFileSystem(size: 2 * Self.page)
            try await withMount(backend, configuration: try way.configuration()) { session in
                try await session.check("stat file")
                let notifier = try backend.notifier
                try notifier.store(bytes("n", Self.page), in: Self.file, at: 0)
                // Queued behind it, so what it brings tells that the other is done.
                let cached = try await notifier.retrieve(Self.file, at: 0, length: Self.page)
                #expect(cached == bytes("n", Self.page))
                try await session.check("same \"$(head -c 4096 file)\" \"$(printf 'n%.0s' {1..4096})\"")
                #expect(!backend.seen.reads.contains(0))
                try await session.check("same \"$(tail -c 4096 file)\" \"$(printf 'o%.0s' {1..4096})\"")
                #expect(backend.seen.reads == [UInt64(Self.page)])
            }
        }

        /// What cannot be stored.
        @Test
        func storeRefuses() async throws {
            let backend = ObservedFileSystem()
            try await withMount(backend, configuration: try Way.device.configuration()) { _ in
                let notifier = try backend.notifier
                let large = bytes("n", Notifier.largestStore + 1)
                #expect(throws: Errno.invalidArgument) { try notifier.store(large, in: Self.file, at: 0) }
                let small = bytes("n", 16)
                #expect(throws: Errno.invalidArgument) {
                    try notifier.store(small, in: Self.file, at: UInt64(Int64.max) - 15)
                }
                try notifier.store([], in: Self.file, at: 0)
            }
        }

        /// Nothing of a file that was not read; then what was; never more than the largest write; an error for an
        /// unknown node. On the ring the answers come in entries, which must go back: there are more of them here.
        @Test(arguments: Way.allCases)
        func cachedContentIsRetrieved(_ way: Way) async throws {
            let size = 3 << 20
            let backend = ObservedFileSystem(size: size)
            var configuration = try way.configuration()
            configuration.depth = 4
            try await withMount(backend, configuration: configuration) { session in
                try await session.check("stat file")
                let notifier = try backend.notifier
                #expect(try await notifier.retrieve(Self.file, at: 0, length: size) == [])
                let most = try backend.connection.maxWrite
                try await session.pinningPages(of: "file") {
                    for _ in 1...20 {
                        let cached = try await notifier.retrieve(Self.file, at: 1, length: size)
                        #expect(cached.count > most / 2 && cached.count <= most)
                        #expect(cached.allSatisfy { $0 == UInt8(ascii: "o") })
                    }
                    #expect(
                        try await notifier.retrieve(Self.file, at: UInt64(size) - 5, length: 100) == bytes("o", 5))
                }
                #expect(try await notifier.retrieve(Self.file, at: UInt64(size) + 5, length: 100) == [])
                await #expect(throws: Errno.noSuchFileOrDirectory) {
                    try await notifier.retrieve(NodeID(99), at: 0, length: 10)
                }
                await #expect(throws: Errno.invalidArgument) {
                    try await notifier.retrieve(Self.file, at: 0, length: -1)
                }
                try await session.check("cat file >/dev/null")
            }
        }

        /// Many at once, and requests meanwhile.
        @Test(arguments: Way.allCases)
        func retrievalsBesideRequests(_ way: Way) async throws {
            let backend = ObservedFileSystem(size: 64 << 10)
            try await withMount(backend, configuration: try way.configuration()) { session in
                let notifier = try backend.notifier
                try await session.pinningPages(of: "file") {
                    let readers = try await session.start(
                        "for i in {1..50}; do cat file >/dev/null; stat file >/dev/null; done")
                    try await withThrowingTaskGroup(of: Int.self) { group in
                        for _ in 1...200 {
                            group.addTask { try await notifier.retrieve(Self.file, at: 0, length: 64 << 10).count }
                        }
                        for try await count in group { #expect(count == 64 << 10) }
                    }
                    let ending = try await readers.ended()
                    #expect(ending.isSuccess, "\(ending.text)")
                }
            }
        }

        /// A request that would wait for a retrieval waits for itself in the end: it is told so.
        @Test(arguments: Way.allCases)
        func requestsMayNotRetrieve(_ way: Way) async throws {
            let failures = Mutex<[Errno]>([])
            let retrieve: @Sendable (Notifier) async -> Void = { notifier in
                do throws(Errno) {
                    _ = try await notifier.retrieve(Self.file, at: 0, length: 1)
                } catch {
                    failures.withLock { $0.append(error) }
                }
            }
            let backend = ObservedFileSystem { notifier, _ in
                await retrieve(notifier)
                // Nor may what inherits from its task.
                await Task { await retrieve(notifier) }.value
            }
            try await withMount(backend, configuration: try way.configuration()) { session in
                try await session.check("cat file >/dev/null")
                #expect(failures.withLock { $0 } == [.deadlock, .deadlock])
            }
        }

        /// Notifications of all that a request holds locked, sent by that request: none of it waits.
        @Test(arguments: Way.allCases)
        func requestsNotifyOfTheirOwnFile(_ way: Way) async throws {
            let data = bytes("n", 256 << 10)
            let backend = ObservedFileSystem(size: 256 << 10) { notifier, _ in
                try? notifier.store(data, in: Self.file, at: 0)
                try? notifier.invalidate(Self.file)
                try? notifier.invalidate("file", in: .root)
                try? notifier.invalidate(Self.file, from: -1)
            }
            try await withMount(backend, configuration: try way.configuration()) { session in
                try await session.check(
                    "for i in {1..100}; do cat file >/dev/null & cat file >/dev/null; wait $!; done")
                #expect(!backend.seen.reads.isEmpty)
            }
        }

        /// After the end of a session nothing waits for an answer of its kernel.
        @Test(arguments: Way.allCases)
        func theEndFailsRetrievals(_ way: Way) async throws {
            let backend = ObservedFileSystem()
            try await withMount(backend, configuration: try way.configuration()) { session in
                try await session.unmount()
                try await session.ended()
                let notifier = try backend.notifier
                await #expect(throws: Errno.socketNotConnected) {
                    try await notifier.retrieve(Self.file, at: 0, length: 1)
                }
            }
        }
    }

    /// Notifications that make the kernel ask again.
    @Suite
    struct ForgettingNotifications {
        private static let file = ObservedFileSystem.file

        /// All names are asked for again after the epoch has gone on.
        @Test(.enabled(if: RequireRing.release >= (6, 16), "this kernel has no epochs"), arguments: Way.allCases)
        func anEpochEndsNames(_ way: Way) async throws {
            let backend = ObservedFileSystem()
            try await withMount(backend, configuration: try way.configuration()) { session in
                try #require(try backend.connection.protocolMinor >= 44)
                try await session.check("stat file; stat file")
                #expect(backend.seen.lookUps == 1)
                try backend.notifier.increaseEpoch()
                try await eventually("another lookup") {
                    _ = try await onOwnThread { try text(of: session.path.appending("file")) }
                    return backend.seen.lookUps == 2
                }
            }
        }

        /// A name that only expires is asked for again, and what is open stays open.
        @Test(arguments: Way.allCases)
        func anExpiredNameIsAskedForAgain(_ way: Way) async throws {
            let backend = ObservedFileSystem()
            try await withMount(backend, configuration: try way.configuration()) { session in
                try await session.check("stat file")
                try backend.notifier.invalidate("file", in: .root, expiresOnly: true)
                try await eventually("another lookup") {
                    _ = try await onOwnThread { try text(of: session.path.appending("file")) }
                    return backend.seen.lookUps == 2
                }
            }
        }

        /// A node that nobody uses is forgotten, with each of its lookups; one in use is not.
        @Test(.enabled(if: RequireRing.release >= (6, 18), "this kernel prunes no nodes"), arguments: Way.allCases)
        func prunedNodesAreForgotten(_ way: Way) async throws {
            let backend = ObservedFileSystem()
            try await withMount(backend, configuration: try way.configuration()) { session in
                try #require(try backend.connection.protocolMinor >= 45)
                let reader = try await session.start("exec 5<file; echo open; sleep 60")
                try await reader.wrote("open")
                try backend.notifier.prune([Self.file, NodeID(99)])
                // Behind it in the queue.
                _ = try await backend.notifier.retrieve(Self.file, at: 0, length: 1)
                #expect(backend.seen.forgotten[Self.file] == nil)
                reader.signal(9)
                _ = try await reader.ended()
                try await eventually("forgotten") {
                    try backend.notifier.prune([Self.file])
                    return backend.seen.forgotten[Self.file] != nil
                }
                #expect(backend.seen.forgotten[Self.file] == UInt64(backend.seen.lookUps))
                #expect(throws: Errno.invalidArgument) {
                    try backend.notifier.prune([NodeID](repeating: Self.file, count: 65_536))
                }
                try await session.check("cat file >/dev/null")
            }
        }

        /// Who watches a file hears that it has been removed.
        @Test(arguments: Way.allCases)
        func watchersHearOfRemovals(_ way: Way) async throws {
            let backend = ObservedFileSystem()
            try await withMount(backend, configuration: try way.configuration()) { session in
                let script = """
                    import ctypes, os, struct
                    libc = ctypes.CDLL(None); queue = libc.inotify_init()
                    assert libc.inotify_add_watch(queue, b"file", 0x400) > 0
                    print("watches", flush=True)
                    watch, mask, cookie, length = struct.unpack("iIII", os.read(queue, 1000)[:16])
                    assert mask == 0x400
                    """
                let watcher = try await ChildProcess.start(
                    ["/usr/bin/python3", "-I", "-c", script], in: session.path, limit: .seconds(30))
                try await watcher.wrote("watches")
                try backend.notifier.deleted("file", of: Self.file, in: .root)
                let ending = try await watcher.ended()
                #expect(ending.isSuccess, "\(ending.text)")
            }
        }

        /// On the device an unanswered request comes again as another one, and the answer to that one counts.
        @Test(.enabled(if: RequireRing.release >= (6, 9), "this kernel sends nothing again"))
        func unansweredRequestsComeAgain() async throws {
            let gate = Promise<Void>()
            let backend = ObservedFileSystem { _, number in
                if number == 1 { _ = try? await gate.value(within: .seconds(60), "the test") }
            }
            try await withMount(backend, configuration: try Way.device.configuration()) { session in
                let reader = try await session.start("same \"$(cat file | wc -c)\" 4096")
                try await eventually("a read") { backend.seen.reads.count == 1 }
                #expect(backend.seen.answered == 0)
                try backend.notifier.resendUnanswered()
                // The first one still waits.
                let ending = try await reader.ended()
                #expect(ending.isSuccess, "\(ending.text)")
                #expect(backend.seen.reads == [0, 0])
                #expect(backend.seen.answered == 1)
                gate.keep(())
                try await eventually("the end of the first read") { backend.seen.answered == 2 }
                try await session.check("stat file; cat file >/dev/null")
            }
        }

        /// The kernel does not look for requests on a ring.
        @Test
        func theRingDoesNotResend() async throws {
            let backend = ObservedFileSystem()
            try await withMount(backend, configuration: try Way.ring.configuration()) { _ in
                let notifier = try backend.notifier
                #expect(throws: Errno.notSupportedOnSocket) { try notifier.resendUnanswered() }
            }
        }
    }
}
